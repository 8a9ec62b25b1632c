import { type BadMode, badModes } from './bad-modes.ts';
import { ChaosBackend } from './chaos-backend.ts';
import { reportCharges, reportFailover } from './failover-report.ts';
import { backendFiles } from './files.ts';
import { GatewayChild, type RequestLine } from './gateway-child.ts';
import { good } from './good-answer.ts';
import { judge, type Verdict } from './judge.ts';
import { type Exchange, makeAsks, sendAll } from './load.ts';
import type { Report } from './report.ts';

/** How a route tries its candidates. */
export interface Way {
  readonly name: string;
  /** More lines of the route. */
  readonly route: string;
  readonly breaker: string;
}

const breaker = '{failures: 3, open: 0.3, longest: 1}';

const ways: readonly Way[] = [
  { name: 'ordered', route: 'strategy: ordered', breaker },
  { name: 'weighted', route: 'strategy: weighted', breaker },
  { name: 'least-busy', route: 'strategy: least-busy', breaker },
  { name: 'lowest-latency', route: 'strategy: lowest-latency', breaker },
  { name: 'hedged', route: 'hedge: {after: 50ms, max_extra: 100%}', breaker },
  { name: 'race', route: 'strategy: race', breaker },
  { name: 'ordered, no breaker', route: 'strategy: ordered', breaker: '{failures: 0}' },
];

const names = ['north', 'south', 'west'] as const;
const ordinals = new Map(names.map((name, at) => [name, at] as const));
const atATime = 24;

export interface Judged extends Exchange {
  readonly verdict: Verdict;
}

/** What came of the requests of one way while the backends were bad in one mode, in turn. */
export interface Outcome {
  readonly mode: BadMode;
  readonly way: Way;
  readonly exchanges: readonly Judged[];
  /** Requests that got to the bad one. */
  readonly badAsked: number;
}

export interface FailoverOptions {
  /** Requests while one backend is bad in one mode, for one way. */
  readonly perTurn: number;
  /** The modes, by name; all if left out. */
  readonly modes?: readonly string[];
  readonly ways?: readonly string[];
}

/**
 * Three backends behind one route, each of them bad in each mode in turn: what clients get, and whether what the gateway
 * writes down of it is the same.
 */
export async function runFailover(options: FailoverOptions): Promise<Report[]> {
  const outcomes: Outcome[] = [];
  const lines: RequestLine[] = [];
  const faults: string[] = [];
  for (const way of ways.filter(({ name }) => options.ways?.includes(name) ?? true)) {
    const backends = await Promise.all(names.map((name, at) => ChaosBackend.start(name, at, good())));
    const gateway = await GatewayChild.start(configure(way, backends));
    try {
      for (const mode of badModes.filter(({ name }) => options.modes?.includes(name) ?? true)) {
        outcomes.push(await runMode(way, mode, backends, gateway, options.perTurn));
      }
      const sent = outcomes.filter((outcome) => outcome.way === way).flatMap(({ exchanges }) => exchanges);
      lines.push(...(await gateway.logged(sent.length)));
      faults.push(...backends.flatMap(({ errors }) => errors.map(String)));
      faults.push(...gateway.others.filter((line) => /"level":(50|60)/.test(line) || !line.startsWith('{')));
    } finally {
      await gateway.stop();
      await Promise.all(backends.map((backend) => backend.close()));
    }
  }
  return [reportFailover(outcomes, faults), reportCharges(outcomes, lines)];
}

function configure(way: Way, backends: readonly ChaosBackend[]): Record<string, string> {
  const common = ['timeout: 2', 'max_retries: 2', 'retry_delay: 0.05', `breaker: ${way.breaker}`];
  const routes = badModes.flatMap(({ name }) =>
    names.map((_, turn) => {
      const order = [...names.slice(turn), ...names.slice(0, turn)];
      const candidates = order.map((backend) => `"${backend}:${name}-${turn}"`).join(', ');
      const timeouts = 'timeouts: {first_token: 0.3, gap: 1, total: 20}';
      return `  ${name}-${turn}:\n    candidates: [${candidates}]\n    ${way.route}\n    ${timeouts}\n`;
    }),
  );
  return { 'headrace.yaml': `routes:\n${routes.join('')}`, ...backendFiles(backends, ...common) };
}

async function runMode(
  way: Way,
  mode: BadMode,
  backends: readonly ChaosBackend[],
  gateway: GatewayChild,
  perTurn: number,
): Promise<Outcome> {
  const exchanges: Judged[] = [];
  let badAsked = 0;
  for (const [turn, bad] of backends.entries()) {
    const before = bad.asked;
    await bad.become(mode.behave);
    const asks = makeAsks(
      perTurn,
      `${mode.name}-${turn}`,
      `${mode.name}${turn}${way.name}`.replace(/\W/g, ''),
      exchanges.length,
    );
    for (const one of await sendAll(gateway.url, asks, atATime)) {
      exchanges.push({ ...one, verdict: judge(one.ask, one.received, ordinals) });
    }
    badAsked += bad.asked - before;
    await bad.become(good());
  }
  return { mode, way, exchanges, badAsked };
}
