import { setTimeout as sleep } from 'node:timers/promises';
import { askGateway, type Received } from './ask-gateway.ts';
import { badModes } from './bad-modes.ts';
import { ChaosBackend } from './chaos-backend.ts';
import { backendFiles } from './files.ts';
import { GatewayChild } from './gateway-child.ts';
import { good } from './good-answer.ts';
import { atMost, type Check, none, type Report } from './report.ts';

/** In seconds. */
const breaker = { failures: 3, open: 0.5, longest: 2 };
/** Open times vary by a tenth; the rest is for the next request to come, and for a machine that does other things. */
const slackSeconds = 0.4;
const everyMs = 20;
const names = ['north', 'south'] as const;

interface Sent {
  readonly at: number;
  readonly received: Received;
}

interface Course {
  readonly mode: string;
  readonly badSeconds: number;
  readonly sent: readonly Sent[];
  /** Requests that went to the backend while it was bad. */
  readonly badAsked: number;
  /** Of these, those after its breaker must have opened. */
  readonly probes: number;
  /** From its recovery to the first answer of its own; undefined: none came. */
  readonly backAfterMs: number | undefined;
  /** Whether all answers after that were its own. */
  readonly isBackForGood: boolean;
}

/** A backend turns bad under a steady load and good again: how long until it serves again, and what it costs. */
export async function runRecovery(options: {
  readonly modes: readonly string[];
  readonly badSeconds: number;
}): Promise<Report[]> {
  const backends = await Promise.all(names.map((name, at) => ChaosBackend.start(name, at, good(40, 2))));
  const { failures, open, longest } = breaker;
  const settings = `breaker: {failures: ${failures}, open: ${open}, longest: ${longest}}`;
  const routes = options.modes.map(
    (mode) =>
      `  ${mode}:\n    candidates: ["north:${mode}", "south:${mode}"]\n    timeouts: {first_token: 0.3, gap: 1}\n`,
  );
  const gateway = await GatewayChild.start({
    'headrace.yaml': `routes:\n${routes.join('')}`,
    ...backendFiles(backends, 'timeout: 2', 'max_retries: 2', 'retry_delay: 0.05', settings),
  });
  const courses: Course[] = [];
  try {
    for (const mode of options.modes)
      courses.push(await follow(mode, gateway, backends[0] as ChaosBackend, options.badSeconds));
  } finally {
    await gateway.stop();
    await Promise.all(backends.map((backend) => backend.close()));
  }
  return [report(courses)];
}

async function follow(mode: string, gateway: GatewayChild, bad: ChaosBackend, badSeconds: number): Promise<Course> {
  const behave = badModes.find(({ name }) => name === mode)?.behave;
  if (behave === undefined) throw new Error(`no such mode: ${mode}`);
  const load = new SteadyLoad(gateway.url, mode);
  await sleep(500);
  const before = bad.asked;
  await bad.become(behave);
  await sleep(Math.min(400, badSeconds * 500)); // by now its breaker is open
  const sinceOpen = bad.asked;
  await sleep(badSeconds * 1000 - Math.min(400, badSeconds * 500));
  const badAsked = bad.asked - before;
  const probes = bad.asked - sinceOpen;
  await bad.become(good(40, 2));
  const goodAt = performance.now();
  const latestMs = (breaker.longest * 1.1 + slackSeconds) * 1000;
  while (load.firstOf(bad.name, goodAt) === undefined && performance.now() - goodAt < latestMs + 2000) await sleep(10);
  await sleep(500);
  const sent = await load.stop();
  const backAt = load.firstOf(bad.name, goodAt);
  const later = sent.filter(({ at }) => backAt !== undefined && at > backAt);
  const isBackForGood = later.length > 0 && later.every(({ received }) => servedBy(received) === bad.name);
  const backAfterMs = backAt === undefined ? undefined : backAt - goodAt;
  return { mode, badSeconds, sent, badAsked, probes, backAfterMs, isBackForGood };
}

/** A request each 20 ms, of which every other is a stream. */
class SteadyLoad {
  readonly #url: string;
  readonly #model: string;
  readonly #sent: Sent[] = [];
  readonly #running = new Set<Promise<unknown>>();
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  constructor(url: string, model: string) {
    this.#url = url;
    this.#model = model;
    this.#timer = setInterval(() => this.#send(), everyMs);
  }

  /** When the first answer of that backend ended of those that were asked for since then. */
  firstOf(backend: string, since: number): number | undefined {
    const own = this.#sent.filter(({ at, received }) => at >= since && servedBy(received) === backend);
    return own.length === 0 ? undefined : Math.min(...own.map(({ at, received }) => at + received.totalMs));
  }

  async stop(): Promise<readonly Sent[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#running);
    return this.#sent;
  }

  #send(): void {
    const ask = this.#next++;
    const stream = ask % 2 === 1;
    const at = performance.now();
    const one = {
      ask,
      nonce: `ask-${ask}-${this.#model.replace(/\W/g, '')}`,
      model: this.#model,
      stream,
      includeUsage: false,
    };
    const running = askGateway(this.#url, one).then((received) => {
      this.#sent.push({ at, received });
      this.#running.delete(running);
    });
    this.#running.add(running);
  }
}

function servedBy({ status, headers }: Received): string | undefined {
  return status === 200 ? String(headers['x-headrace-backend']) : undefined;
}

function isWhole({ status, isComplete, text }: Received): boolean {
  return status === 200 && isComplete && !text.includes('"error"');
}

function report(courses: readonly Course[]): Report {
  return {
    title: 'Coming back',
    columns:
      'first backend|requests|not answered whole|reached it while it was bad|of these after its breaker opened|served again after'.split(
        '|',
      ),
    rows: courses.map(({ mode, badSeconds, sent, badAsked, probes, backAfterMs }) => [
      `${mode} for ${badSeconds} s`,
      sent.length,
      sent.filter(({ received }) => !isWhole(received)).length,
      badAsked,
      probes,
      backAfterMs === undefined ? 'never' : `${(backAfterMs / 1000).toFixed(2)} s`,
    ]),
    checks: checksOf(courses),
  };
}

function checksOf(courses: readonly Course[]): Check[] {
  const latest = breaker.longest * 1.1 + slackSeconds;
  return [
    none(
      'no request failed or broke meanwhile',
      courses.flatMap(({ mode, sent }) =>
        sent
          .filter(({ received }) => !isWhole(received))
          .map(({ received }) => `${mode}: ${received.failure ?? received.text.slice(-200)}`),
      ),
    ),
    ...courses.map(({ mode, backAfterMs }) =>
      atMost(
        `${mode}: it serves again within its longest open time`,
        (backAfterMs ?? Number.POSITIVE_INFINITY) / 1000,
        latest,
        's',
      ),
    ),
    none(
      'from then on it serves all, being the first',
      courses.filter(({ isBackForGood }) => !isBackForGood).map(({ mode }) => mode),
    ),
    none(
      'while it was bad it was only probed',
      courses
        .filter(({ probes, badSeconds }) => probes > 2 + badSeconds / breaker.open)
        .map(({ mode, probes }) => `${mode}: ${probes}`),
    ),
  ];
}
