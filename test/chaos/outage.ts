import { badModes } from './bad-modes.ts';
import { ChaosBackend } from './chaos-backend.ts';
import { backendFiles } from './files.ts';
import { GatewayChild } from './gateway-child.ts';
import { good } from './good-answer.ts';
import { judge, type Verdict } from './judge.ts';
import { type Exchange, makeAsks, sendAll } from './load.ts';
import { atMost, type Check, none, type Report } from './report.ts';

const names = ['north', 'south', 'west'] as const;
const ordinals = new Map(names.map((name, at) => [name, at] as const));
const totalSeconds = 4;
/** An answer without output is passed on where nobody has a better one, so that it is no failure. */
const usualModes = badModes.filter(({ name }) => name !== 'empties');

interface Judged extends Exchange {
  readonly verdict: Verdict;
}

interface Outage {
  readonly mode: string;
  readonly during: readonly Judged[];
  /** Of requests right after all backends are good again. */
  readonly after: readonly Judged[];
}

export interface OutageOptions {
  readonly requests: number;
  /** The modes, by name; all if left out. */
  readonly only?: readonly string[];
}

/** All backends of a route are bad at once: nothing can be served, but each client is told so, and nobody later. */
export async function runOutage({ requests, only }: OutageOptions): Promise<Report[]> {
  const modes = usualModes.filter(({ name }) => only?.includes(name) ?? true);
  const backends = await Promise.all(names.map((name, at) => ChaosBackend.start(name, at, good())));
  const routes = modes.map(({ name }) => {
    const candidates = names.map((backend) => `"${backend}:${name}"`).join(', ');
    return `  ${name}:\n    candidates: [${candidates}]\n    timeouts: {first_token: 0.3, gap: 1, total: ${totalSeconds}}\n`;
  });
  const settings = ['timeout: 2', 'max_retries: 1', 'retry_delay: 0.05', 'breaker: {failures: 3, open: 30}'];
  const gateway = await GatewayChild.start({
    'headrace.yaml': `routes:\n${routes.join('')}`,
    ...backendFiles(backends, ...settings),
  });
  const send = async (mode: string, run: string) => {
    const asks = makeAsks(requests, mode, `${mode}${run}`.replace(/\W/g, ''));
    const exchanges = await sendAll(gateway.url, asks, requests);
    return exchanges.map((one) => ({ ...one, verdict: judge(one.ask, one.received, ordinals) }));
  };
  const outages: Outage[] = [];
  try {
    for (const { name, behave } of modes) {
      await Promise.all(backends.map((backend) => backend.become(behave)));
      const during = await send(name, 'bad');
      await Promise.all(backends.map((backend) => backend.become(good())));
      // A key that rests as long as a 429 said is not used before; everything else is free at once.
      if (name === 'limits') await new Promise((resolve) => setTimeout(resolve, 1100));
      outages.push({ mode: name, during, after: await send(name, 'good') });
    }
  } finally {
    await gateway.stop();
    await Promise.all(backends.map((backend) => backend.close()));
  }
  return [report(outages)];
}

function report(outages: readonly Outage[]): Report {
  const count = (all: readonly Judged[], kind: Verdict['kind']) =>
    all.filter(({ verdict }) => verdict.kind === kind).length;
  return {
    title: 'All at once',
    columns: 'all three|requests|told an error|broken after the first byte|whole|slowest|whole right after it'.split(
      '|',
    ),
    rows: outages.map((outage) => [
      outage.mode,
      outage.during.length,
      count(outage.during, 'failed'),
      count(outage.during, 'broken'),
      count(outage.during, 'whole'),
      `${slowest(outage).toFixed(2)} s`,
      count(outage.after, 'whole'),
    ]),
    checks: checksOf(outages),
  };
}

function checksOf(outages: readonly Outage[]): Check[] {
  const wrong = outages.flatMap(({ mode, during, after }) =>
    [...during, ...after].flatMap(({ verdict }) => (verdict.kind === 'wrong' ? [`${mode}: ${verdict.why}`] : [])),
  );
  const late = outages.flatMap(({ mode, after }) =>
    after.flatMap(({ verdict }) => (verdict.kind === 'failed' ? [`${mode}: ${verdict.why}`] : [])),
  );
  return [
    none('each client gets a well-formed error or a well-formed end of its stream', wrong),
    atMost(
      'nobody waits longer than the total time of the route',
      Math.max(...outages.map(slowest)),
      totalSeconds + 1,
      's',
    ),
    none('once they are good again everything is served at once, though all breakers are open for 30 s', late),
  ];
}

/** In seconds. */
function slowest({ during }: Outage): number {
  return Math.max(...during.map(({ received }) => received.totalMs)) / 1000;
}
