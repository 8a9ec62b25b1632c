import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Ask, askGateway, type Received } from './ask-gateway.ts';
import { ChaosBackend } from './chaos-backend.ts';
import { backendFile } from './files.ts';
import { GatewayChild } from './gateway-child.ts';
import { good } from './good-answer.ts';
import { makeAsks } from './load.ts';
import { atMost, type Check, none, type Report, same } from './report.ts';

const places = 4;
/** How long those calls take that hold all places until the queue is full. */
const longCallMs = 1500;
const greedyCalls = 200;
const modestCalls = 5;
const smallQueue = 100;

const keys = { greedy: 'key-of-the-greedy-one', modest: 'key-of-the-modest-one' };

/**
 * A greedy and a modest caller share a backend that takes four calls at a time.
 * @param callMs how long each call takes
 */
export async function runFairness({ callMs }: { readonly callMs: number }): Promise<Report[]> {
  const backend = await ChaosBackend.start('north', 0, good(callMs));
  const start = (queueSize: number) =>
    GatewayChild.start({
      'headrace.yaml': `keys:\n${Object.entries(keys).map(keyLines).join('')}`,
      'backends/north/backend.yaml': backendFile(
        backend,
        `max_concurrent: ${places}`,
        `queue: {size: ${queueSize}, timeout: 30}`,
        'max_retries: 0',
      ),
    });
  const roomy = await start(greedyCalls + modestCalls);
  const storm = await withGateway(roomy, () => meet(roomy));
  const mostOpen = backend.mostOpen;
  const tight = await start(smallQueue);
  const full = await withGateway(tight, () => overfill(tight, backend, callMs));
  await backend.close();
  return [reportMeeting(storm, mostOpen), reportOverflow(full)];
}

function keyLines([name, key]: [string, string]): string {
  return `  - name: ${name}\n    sha256: ${createHash('sha256').update(key).digest('hex')}\n    role: user\n`;
}

async function withGateway<T>(gateway: GatewayChild, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await gateway.stop();
  }
}

interface Meeting {
  readonly alone: readonly Received[];
  readonly greedy: readonly Received[];
  readonly modest: readonly Received[];
}

/** The greedy one comes first with all of its calls; the modest one finds them all waiting. */
async function meet(gateway: GatewayChild): Promise<Meeting> {
  const alone = await Promise.all(asksOf('modest', modestCalls, 'alone').map((ask) => askGateway(gateway.url, ask)));
  const greedy = asksOf('greedy', greedyCalls, 'greedy').map((ask) => askGateway(gateway.url, ask));
  await sleep(500);
  const modest = asksOf('modest', modestCalls, 'modest').map((ask) => askGateway(gateway.url, ask));
  return { alone, modest: await Promise.all(modest), greedy: await Promise.all(greedy) };
}

interface Overflow {
  readonly first: readonly Received[];
  /** What the modest one gets while the queue is full of the greedy one's calls. */
  readonly modest: readonly Received[];
  /** How often the refused ones were tried before all were served, each when it had been told to. */
  readonly rounds: number;
  readonly served: number;
  readonly afterwards: readonly Received[];
}

async function overfill(gateway: GatewayChild, backend: ChaosBackend, callMs: number): Promise<Overflow> {
  backend.behave = good(longCallMs);
  const asks = asksOf('greedy', greedyCalls, 'full');
  const running = asks.map((ask) => askGateway(gateway.url, ask));
  await sleep(500);
  const modest = await Promise.all(asksOf('modest', modestCalls, 'crowded').map((ask) => askGateway(gateway.url, ask)));
  backend.behave = good(callMs);
  const first = await Promise.all(running);
  let served = first.filter(({ status }) => status === 200).length;
  let refused = asks.filter((_, at) => first[at]?.status === 503);
  let waitSeconds = Math.max(0, ...first.map(retryAfter));
  let rounds = 0;
  while (refused.length > 0 && rounds < 10) {
    rounds++;
    await sleep(waitSeconds * 1000);
    const again = await Promise.all(refused.map((ask) => askGateway(gateway.url, ask)));
    served += again.filter(({ status }) => status === 200).length;
    refused = refused.filter((_, at) => again[at]?.status === 503);
    waitSeconds = Math.max(0, ...again.map(retryAfter));
  }
  const afterwards = await Promise.all(asksOf('modest', places, 'after').map((ask) => askGateway(gateway.url, ask)));
  return { first, modest, rounds, served, afterwards };
}

function retryAfter({ status, headers }: Received): number {
  return status === 503 ? Number(headers['retry-after'] ?? Number.NaN) : 0;
}

function asksOf(caller: keyof typeof keys, count: number, run: string): Ask[] {
  return makeAsks(count, 'north:m', run).map((ask) => ({ ...ask, key: keys[caller] }));
}

function reportMeeting({ alone, greedy, modest }: Meeting, mostOpen: number): Report {
  const slowest = (all: readonly Received[]) => Math.max(...all.map(({ totalMs }) => totalMs));
  const row = (what: string, all: readonly Received[]) => [what, all.length, `${(slowest(all) / 1000).toFixed(2)} s`];
  const unserved = [...alone, ...greedy, ...modest].filter(({ status, isComplete }) => status !== 200 || !isComplete);
  return {
    title: 'Sharing a queue',
    columns: 'caller|calls at once|slowest'.split('|'),
    rows: [row('modest, alone', alone), row('greedy', greedy), row('modest, when the greedy one waits', modest)],
    checks: [
      none(
        'all were served',
        unserved.map(({ status, text }) => `${status} ${text.slice(0, 200)}`),
      ),
      same('calls that ran at a time, at most', mostOpen, places),
      atMost(
        'the modest one was not held up: a share of the time of the greedy one',
        slowest(modest) / slowest(greedy),
        0.25,
        '',
      ),
    ],
  };
}

function reportOverflow(overflow: Overflow): Report {
  const { first, modest, rounds, served, afterwards } = overflow;
  const refused = first.filter(({ status }) => status === 503);
  const strange = first.filter(({ status }) => status !== 503 && status !== 200);
  return {
    title: 'A full queue',
    columns: '|calls|served|refused with 503'.split('|'),
    rows: [
      ['greedy', first.length, first.length - refused.length - strange.length, refused.length],
      [
        'modest, meanwhile',
        modest.length,
        modest.filter(({ status }) => status === 200).length,
        modest.filter(({ status }) => status === 503).length,
      ],
      [
        `greedy, ${rounds} times again when told to`,
        refused.length,
        served - (first.length - refused.length - strange.length),
        first.length - served,
      ],
      [
        'afterwards',
        afterwards.length,
        afterwards.filter(({ status }) => status === 200).length,
        afterwards.filter(({ status }) => status === 503).length,
      ],
    ],
    checks: overflowChecks(overflow),
  };
}

function overflowChecks({ first, modest, served, afterwards }: Overflow): Check[] {
  const refused = first.filter(({ status }) => status === 503);
  const unsaid = refused.filter((one) => !(retryAfter(one) >= 1));
  const strange = first.filter(({ status }) => status !== 503 && status !== 200);
  return [
    same(
      'as many are refused as find neither place nor queue, or give way to the modest one',
      refused.length,
      greedyCalls - places - smallQueue + modest.length,
    ),
    none(
      'the modest one is served all the same',
      modest.filter(({ status }) => status !== 200).map(({ status, text }) => `${status} ${text.slice(0, 200)}`),
    ),
    none(
      'each of them is told when to come again',
      unsaid.map(({ headers }) => String(headers['retry-after'])),
    ),
    none(
      'nothing else happened',
      strange.map(({ status, failure, text }) => `${status} ${failure ?? text.slice(0, 200)}`),
    ),
    same('in the end all were served', served, greedyCalls),
    none(
      'and nothing is left of the storm',
      afterwards
        .filter(({ status, totalMs }) => status !== 200 || totalMs > longCallMs)
        .map(({ status, totalMs }) => `${status} after ${totalMs} ms`),
    ),
  ];
}
