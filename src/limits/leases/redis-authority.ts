import { createHash } from 'node:crypto';
import type { Secret } from '../../secret.ts';
import { LateAnswerError } from './authority-reach.ts';
import {
  type LeaseAuthority,
  type LeaseSpans,
  leaseSpans,
  type SlotReply,
  type SyncReply,
  type SyncRequest,
} from './lease-messages.ts';
import { keptMs } from './memory-authority.ts';
import { redisScript } from './redis-script.ts';

/** What is used of a client of the package. */
interface Client {
  readonly isReady: boolean;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  destroy(): void;
}

export interface RedisAuthorityOptions {
  /** Of Redis or Valkey: `redis://` or `rediss://`. */
  readonly url: Secret;
  /** Before all keys. The braces keep them together in a cluster. */
  readonly prefix?: string;
  /** So long an answer is waited for. */
  readonly timeoutMs?: number;
  readonly spans?: Partial<LeaseSpans>;
}

const scriptDigest = createHash('sha1').update(redisScript).digest('hex');

/**
 * Divides limits in a Redis or Valkey that members on all machines share; the only file that knows the package. A
 * connection that failed or was too slow is never used again: the next message opens another.
 */
export class RedisAuthority implements LeaseAuthority {
  readonly #options: RedisAuthorityOptions;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  #client: Client | undefined;
  #isClosed = false;

  constructor(options: RedisAuthorityOptions) {
    this.#options = options;
    this.#prefix = options.prefix ?? '{headrace:leases}:';
    this.#timeoutMs = options.timeoutMs ?? 250;
  }

  async sync(request: SyncRequest): Promise<SyncReply> {
    if (this.#isClosed) throw new Error('it is closed');
    try {
      return parseReply(await withinTime(this.#run(request), this.#timeoutMs), request, this.#prefix);
    } catch (error) {
      this.#drop();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#drop();
  }

  async #run(request: SyncRequest): Promise<unknown> {
    const client = await this.#connected();
    const rest = this.#args(request);
    try {
      return await client.sendCommand(['EVALSHA', scriptDigest, ...rest]);
    } catch (error) {
      if (!String(error).includes('NOSCRIPT')) throw error;
      return client.sendCommand(['EVAL', redisScript, ...rest]);
    }
  }

  #args({ member, seq, isLeaving, epoch, view, remembered, reports }: SyncRequest): string[] {
    const prefix = this.#prefix;
    const keys = [
      `${prefix}clock`,
      `${prefix}members`,
      `${prefix}recall:`,
      ...reports.map(({ key }) => `${prefix}k:${key}`),
    ];
    const { lease, longestBeat, grace, missing, window, staleReport } = { ...leaseSpans, ...this.#options.spans };
    const spans = [lease, longestBeat, grace, missing, window, staleReport];
    const others = remembered === undefined ? '-' : remembered.join(' ');
    return [
      String(keys.length),
      ...keys,
      ...[member, String(seq), isLeaving ? '1' : '0', epoch, String(view), others, ...spans.map(String)],
      ...reports.flatMap(({ kind, maximum, allotted, used, step, wanted, needed, base }) => [
        kind,
        ...[maximum, allotted, used, step, wanted, needed, base ?? '', keptMs(kind)].map(String),
      ]),
    ];
  }

  async #connected(): Promise<Client> {
    if (this.#client?.isReady) return this.#client;
    this.#drop();
    const { createClient } = await import('@redis/client');
    const client = createClient({
      url: this.#options.url.reveal(),
      disableOfflineQueue: true,
      socket: { connectTimeout: this.#timeoutMs, reconnectStrategy: false, keepAlive: true },
    }) as unknown as Client;
    client.on('error', () => {}); // what was under way is rejected with it
    this.#client = client;
    await client.connect();
    return client;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    try {
      client?.destroy();
    } catch {
      // It was closed already.
    }
  }
}

/** A process that was busy for long looks once more for an answer that has come meanwhile. */
function withinTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new LateAnswerError(`no answer within ${milliseconds} ms`));
    const timer = setTimeout(() => setImmediate(() => setImmediate(fail)), milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function parseReply(answer: unknown, { reports }: SyncRequest, prefix: string): SyncReply {
  if (!Array.isArray(answer)) throw new Error('it answers something else than the script of limits does');
  const [stale, epoch, asking, others] = answer.slice(0, 4).map(String) as [string, string, string, string];
  const numbers = answer.slice(4, 9).map(Number) as [number, number, number, number, number];
  const [wallMs, members, graceMs, view, recalledCount] = numbers;
  const begin = 9 + recalledCount;
  const recalled = answer.slice(9, begin).map((key) => String(key).slice(prefix.length + 2));
  const isStale = stale === '1';
  return {
    isStale,
    wallMs,
    members,
    graceMs,
    epoch,
    view,
    isAsking: asking === '1',
    others: others === '-' ? undefined : others.split(' ').filter((name) => name !== ''),
    recalled,
    slots:
      answer.length === begin
        ? []
        : reports.map((_, index) => parseSlot(answer.slice(begin + 6 * index, begin + 6 * index + 6))),
  };
}

function parseSlot(parts: readonly unknown[]): SlotReply {
  const numbers = parts.map(Number);
  if (numbers.length !== 6 || numbers.some(Number.isNaN)) throw new Error('it answers with an unknown number of parts');
  const [unknown, allotted, step, unallotted, usedElsewhere, freeElsewhere] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { isUnknown: unknown === 1, allotted, step, unallotted, usedElsewhere, freeElsewhere };
}
