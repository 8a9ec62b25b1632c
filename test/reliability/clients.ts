import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Name, secretOf } from './instances.ts';

/** What clients were told, for each key by status; 0: the connection broke. */
export class Told {
  readonly #counts = new Map<string, number>();
  /** Answers other than 200 and 429, the first of them. */
  readonly faults: string[] = [];

  add(name: Name, status: number, text: string, atMs: number): void {
    const key = `${name} ${status}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (status !== 200 && (status !== 429 || name === 'carol')) {
      this.faults.push(`${name} at ${(atMs / 1000).toFixed(1)} s: ${status} ${text.slice(0, 160)}`);
    }
  }

  count(name: Name, status: number): number {
    return this.#counts.get(`${name} ${status}`) ?? 0;
  }
}

/** After an answer a client waits so long; one that was refused as well. */
const pauseMs = 400;
const names: readonly Name[] = ['alice', 'alice', 'bob', 'carol'];

/** So many clients, each with an instance of its own to ask, until the time is over or its instance has ended. */
export class Clients {
  readonly told = new Told();
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 500 });
  readonly #work: Promise<unknown>;
  readonly #ended = new Set<number>();
  readonly #began = performance.now();
  #isOver = false;

  constructor(count: number, urls: readonly string[]) {
    this.#work = Promise.all(Array.from({ length: count }, (_, index) => this.#client(index, urls)));
  }

  /** An instance is killed: what breaks with it is no fault, and its clients have nobody to ask. */
  instanceEnds(index: number): void {
    this.#ended.add(index);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#work;
    this.#agent.destroy();
  }

  async #client(index: number, urls: readonly string[]): Promise<void> {
    const instance = index % urls.length;
    const name = names[Math.floor(index / urls.length) % names.length] as Name;
    await sleep(Math.random() * pauseMs);
    while (!this.#isOver && !this.#ended.has(instance)) {
      const { status, text } = await this.#ask(urls[instance] as string, name);
      if (!this.#ended.has(instance)) this.told.add(name, status, text, performance.now() - this.#began);
      await sleep(pauseMs * (0.5 + Math.random()));
    }
  }

  #ask(url: string, name: Name): Promise<{ status: number; text: string }> {
    const body = JSON.stringify({ model: `u:${name}`, max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] });
    return new Promise((resolve) => {
      const broken = (error: Error) => resolve({ status: 0, text: error.message });
      const sent = request(
        `${url}/v1/chat/completions`,
        {
          method: 'POST',
          agent: this.#agent,
          headers: { 'content-type': 'application/json', authorization: `Bearer ${secretOf(name)}` },
          timeout: 30_000,
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (piece) => {
            text += piece;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text })).on('error', broken);
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer in 30 s'))).on('error', broken);
      sent.end(body);
    });
  }
}
