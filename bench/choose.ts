// Measures what choosing among candidates costs, by strategy: node bench/choose.ts [--calls 200000]
// Each call finds out its conversation, has the candidates of one of 1,000 routes put in order, and is answered.
import { parseArgs } from 'node:util';
import { CandidateHealth } from '../src/balancing/candidate-health.ts';
import { Chooser } from '../src/balancing/chooser.ts';
import { conversationKey } from '../src/balancing/conversation-key.ts';
import { candidateOf, dice, tierOf } from '../src/balancing/test-candidates.ts';
import { type Strategy, strategies } from '../src/config/route-config.ts';
import { breakerDefaults } from '../src/config/unpooled.ts';
import { chatCompletions } from '../src/protocols/chat-completions.ts';
import { parseCall } from '../src/protocols/parse-call.ts';
import type { Call } from '../src/types/call.ts';
import type { Candidate, Tier } from '../src/types/route.ts';

const routes = 1000;
const perRoute = 20;
const backends = 200;
const bodyBytes = 2048;
const rounds = 5;
const goalMicroseconds = 20;

const random = dice(7);

/** A model that has been used for a while: one of twenty is broken, one of twenty new. */
function createCandidate(route: number, index: number): Candidate {
  const health = new CandidateHealth(breakerDefaults);
  const fate = random();
  health.inFlight = Math.floor(random() * 10);
  if (fate > 0.05) for (let i = 0; i < 30; i++) health.streams.add(200 + random() * 800);
  if (fate > 0.95) for (let i = 0; i < breakerDefaults.failures; i++) health.breaker.failed();
  return candidateOf(`backend-${(route * 7 + index) % backends}`, {
    model: `model-${route}-${index}`,
    weight: 1 + Math.floor(random() * 5),
    prices: { input: random() * 1000, cachedInput: undefined, output: random() * 5000 },
    health,
  });
}

/** One turn of one of many conversations. */
function createCall(conversation: number): Call {
  const messages = [
    { role: 'system', content: 'You are a helpful assistant. '.repeat(20) },
    { role: 'user', content: `Question ${conversation}: ${'what is a headrace? '.repeat(30)}` },
    { role: 'assistant', content: '' },
    { role: 'user', content: 'Why?' },
  ];
  const rest = bodyBytes - JSON.stringify({ model: 'bench', stream: true, messages }).length;
  (messages[2] as { content: string }).content = 'x'.repeat(rest);
  const body = Buffer.from(JSON.stringify({ model: 'bench', stream: true, messages }));
  const { signal } = new AbortController();
  return parseCall(chatCompletions, { id: '', body, forwardHeaders: [], signal, receivedAt: 0 });
}

interface Times {
  readonly key: number;
  readonly affine: number;
  readonly free: number;
}

/** Microseconds of processor time per call: of the conversation's key alone, of a choice with it, and of a choice without. */
function measure(tiers: readonly Tier[], calls: readonly Call[], count: number): Times {
  const chooser = new Chooser();
  const choose = (call: Call, tier: Tier, affinity: number) => {
    const choice = { affinity, stream: call.stream, bytes: call.body.length, random: Math.random };
    chooser.served(choice, chooser.order(tier, choice)[0] as Candidate);
  };
  const time = (what: (call: Call, tier: Tier) => void) => {
    const started = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      // Routes and conversations far from each other, so that nothing is in the processor's caches by chance.
      what(calls[(i * 7919) % calls.length] as Call, tiers[(i * 613) % tiers.length] as Tier);
    }
    const { user, system } = process.cpuUsage(started);
    return (user + system) / count;
  };
  return {
    key: time((call) => conversationKey(call, 'caller')),
    affine: time((call, tier) => choose(call, tier, conversationKey(call, 'caller'))),
    free: time((call, tier) => choose(call, tier, 0)),
  };
}

/** The medians of some rounds, after one that warms up. */
function measureStrategy(
  strategy: Strategy,
  candidates: readonly Candidate[][],
  calls: readonly Call[],
  count: number,
) {
  const tiers = candidates.map((some) => tierOf(strategy, some));
  measure(tiers, calls, count);
  const all = Array.from({ length: rounds }, () => measure(tiers, calls, count));
  const median = (figure: keyof Times) =>
    all.map((times) => times[figure]).toSorted((one, other) => one - other)[rounds >> 1] as number;
  return { key: median('key'), affine: median('affine'), free: median('free') };
}

function run(): void {
  const { values } = parseArgs({ options: { calls: { type: 'string', default: '200000' } } });
  const count = Number(values.calls);
  if (!Number.isInteger(count) || count < 1) throw new Error('--calls wants a whole number');
  const candidates = Array.from({ length: routes }, (_, route) =>
    Array.from({ length: perRoute }, (_, index) => createCandidate(route, index)),
  );
  const calls = Array.from({ length: 5000 }, (_, index) => createCall(index));
  console.log(
    `${routes} routes with ${perRoute} candidates, bodies of ${bodyBytes} bytes; microseconds of processor time per call\n`,
  );
  console.log(`| strategy | conversation's key | key and choice | choice without | goal |\n|---|--:|--:|--:|--:|`);
  const alone = candidates.map((some) => some.slice(0, 1));
  const show = (name: string, { key, affine, free }: Times) => {
    const figures = [key, affine, free].map((figure) => figure.toFixed(2));
    console.log(`| ${[name, ...figures, `< ${goalMicroseconds}`].join(' | ')} |`);
    return affine < goalMicroseconds;
  };
  const met = strategies.map((strategy) => show(strategy, measureStrategy(strategy, candidates, calls, count)));
  met.push(show('one candidate', measureStrategy('ordered', alone, calls, count)));
  console.log(met.every(Boolean) ? '\nThe goal is met.' : '\nThe goal is missed.');
}

run();
