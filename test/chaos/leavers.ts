import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { askGateway } from './ask-gateway.ts';
import { type Behaviour, ChaosBackend } from './chaos-backend.ts';
import { backendFiles } from './files.ts';
import { GatewayChild, type Memory } from './gateway-child.ts';
import { good, streamPieces } from './good-answer.ts';
import { type Exchange, makeAsks, sendAll } from './load.ts';
import { atMost, type Check, none, type Report, same } from './report.ts';

const places = 300;
const waiting = 1000;
const mostMegabytes = 5;

interface Wave {
  readonly clients: number;
  /** Of the clients, those that had got some text before they left. */
  readonly hadText: number;
  /** What ran at the backend when they left, and two seconds later. */
  readonly openBefore: number;
  readonly openAfter: number;
  /** Those that waited for a place then. */
  readonly queued: number;
  readonly running: number | undefined;
  readonly memory: Memory;
}

/**
 * Clients that vanish: half of them after the first text of a stream, the others before, most of these in the queue for
 * a place. Nothing may be left of them.
 */
export async function runLeavers(options: { readonly clients: number; readonly waves: number }): Promise<Report[]> {
  const backend = await ChaosBackend.start('north', 0, halfSilent);
  const limits = [
    `max_concurrent: ${places}`,
    `queue: {size: ${waiting}, timeout: 60}`,
    'timeout: 60',
    'max_retries: 0',
  ];
  const gateway = await GatewayChild.start(backendFiles([backend], ...limits));
  const waves: Wave[] = [];
  try {
    for (let wave = 0; wave <= options.waves; wave++) waves.push(await vanish(gateway, backend, options.clients, wave));
    const crowd = await fillPlaces(gateway, backend);
    return [report(waves, crowd, await gateway.logged(options.clients * waves.length + crowd.exchanges.length))];
  } finally {
    await gateway.stop();
    await backend.close();
  }
}

/** Every other one gets three pieces of text and then silence; the others get nothing. */
const halfSilent: Behaviour = async (exchange, backend) => {
  if (exchange.ask % 2 === 0) await streamPieces(exchange, backend, 3, 5);
};

async function vanish(gateway: GatewayChild, backend: ChaosBackend, clients: number, wave: number): Promise<Wave> {
  backend.behave = halfSilent;
  const crowd = new FleetingClients(gateway.url, clients, wave);
  await crowd.come();
  const here = clients - crowd.leavingAtOnce;
  let running: number | undefined;
  for (let tries = 0; tries < 200; tries++) {
    running = await gateway.metric('headrace_requests_running');
    if (running === here && crowd.hadText === clients / 2 && backend.open === places) break;
    await sleep(50);
  }
  const openBefore = backend.open;
  const queued = (running ?? 0) - openBefore;
  await crowd.leave();
  await sleep(2000);
  const openAfter = backend.open;
  const left = await gateway.metric('headrace_requests_running');
  const { hadText } = crowd;
  return { clients, hadText, openBefore, queued, openAfter, running: left, memory: await gateway.memory() };
}

/** Clients of which the first half read some text; of these as many leave at once as it takes for all to get theirs. */
class FleetingClients {
  hadText = 0;
  readonly leavingAtOnce: number;
  readonly #url: string;
  readonly #count: number;
  readonly #wave: number;
  readonly #agent = new Agent({ keepAlive: false });
  readonly #running: Promise<unknown>[] = [];
  readonly #controllers: AbortController[] = [];

  constructor(url: string, count: number, wave: number) {
    this.#url = url;
    this.#count = count;
    this.#wave = wave;
    this.leavingAtOnce = count / 2 - places / 2;
  }

  async come(): Promise<void> {
    for (let at = 0; at < this.#count; at++) {
      this.#comeOne(at);
      if (at % 50 === 49) await sleep(20);
    }
  }

  /** All that are still there, in any order. */
  async leave(): Promise<void> {
    const order = this.#controllers.map((controller) => ({ controller, at: Math.random() }));
    for (const { controller } of order.toSorted((one, other) => one.at - other.at)) controller.abort();
    await Promise.all(this.#running);
  }

  #comeOne(at: number): void {
    const controller = new AbortController();
    const isReader = at < this.#count / 2;
    const ask = isReader ? at * 2 : at * 2 + 1;
    let isTold = false;
    const onData = () => {
      if (isTold) return;
      isTold = true;
      this.hadText++;
      if (isReader && this.hadText <= this.leavingAtOnce) controller.abort();
    };
    const nonce = `ask-${ask}-wave${this.#wave}`;
    const one = { ask, nonce, model: 'north:m', stream: true, includeUsage: false };
    this.#controllers.push(controller);
    this.#running.push(askGateway(this.#url, one, { agent: this.#agent, signal: controller.signal, onData }));
  }
}

interface Crowd {
  readonly exchanges: readonly Exchange[];
  /** How many were held by the backend at a time. */
  readonly held: number;
}

/** Twice as many requests as there are places: all places are there, no more than these, and all is served. */
async function fillPlaces(gateway: GatewayChild, backend: ChaosBackend): Promise<Crowd> {
  backend.mostOpen = 0;
  const answer = good(0, 1);
  const latest = performance.now() + 5000;
  backend.behave = async (exchange, own) => {
    while (backend.mostOpen < places && performance.now() < latest) await exchange.pause(20);
    await exchange.pause(300); // more than there are places would come in that time
    return answer(exchange, own);
  };
  const exchanges = await sendAll(gateway.url, makeAsks(places * 2, 'north:m', 'crowd'), places * 2);
  return { exchanges, held: backend.mostOpen };
}

function report(waves: readonly Wave[], crowd: Crowd, lines: readonly { readonly outcome: string }[]): Report {
  return {
    title: 'Leaving clients',
    columns:
      'wave|clients|left after some text|upstream when they left|waiting for a place|upstream 2 s later|heap MB|RSS MB'.split(
        '|',
      ),
    rows: waves.map((wave, at) => [
      at === 0 ? 'first, to warm up' : at + 1,
      wave.clients,
      wave.hadText,
      wave.openBefore,
      wave.queued,
      wave.openAfter,
      megabytes(wave.memory.heapUsed),
      megabytes(wave.memory.rss),
    ]),
    checks: checksOf(waves, crowd, lines),
  };
}

function checksOf(waves: readonly Wave[], crowd: Crowd, lines: readonly { readonly outcome: string }[]): Check[] {
  const [first, ...others] = waves;
  const last = waves.at(-1);
  if (first === undefined || last === undefined) throw new Error('there was no wave');
  const growth = (field: keyof Memory) => (last.memory[field] - first.memory[field]) / 1_000_000;
  const clients = waves.reduce((sum, wave) => sum + wave.clients, 0);
  const bad = crowd.exchanges.filter(({ received }) => received.status !== 200 || !received.isComplete);
  return [
    none(
      'half of them left in the midst of an answer, the others before',
      waves.filter(({ hadText, clients }) => hadText !== clients / 2).map(({ hadText }) => `${hadText}`),
    ),
    none(
      'all places were taken when they left',
      waves.filter(({ openBefore }) => openBefore !== places).map(({ openBefore }) => `${openBefore}`),
    ),
    none(
      'no upstream request ran two seconds later',
      waves.filter(({ openAfter }) => openAfter > 0).map(({ openAfter }) => `${openAfter}`),
    ),
    none(
      'nor did the gateway think so',
      waves.filter(({ running }) => running !== 0).map(({ running }) => `${running}`),
    ),
    atMost(
      `the heap after ${others.length} more waves is that after the first, within`,
      growth('heapUsed'),
      mostMegabytes,
      'MB',
    ),
    same('then all places are free: so many run at a time', crowd.held, places),
    none(
      `and twice as many are served, half of them from the queue`,
      bad.map(({ received }) => `${received.status} ${received.text.slice(0, 200)}`),
    ),
    same(
      'the log has them as cancelled, a line each',
      lines.filter(({ outcome }) => outcome === 'cancelled').length,
      clients,
    ),
  ];
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1);
}
