import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { IdempotencySettings } from '../../config/config.ts';
import { GatewayError } from '../../gateway-error.ts';
import type { Caller } from '../../types/caller.ts';
import type { UsageRecord } from '../../types/usage-record.ts';
import type { Exchange } from '../exchange.ts';
import { RecordedAnswer } from './recorded-answer.ts';
import { SharedExchange } from './shared-exchange.ts';
import type { WorkerHomes } from './worker-homes.ts';

export interface IdempotentPorts {
  readonly settings: () => IdempotencySettings;
  /** Where several processes serve: which of them a key is at home at. */
  readonly homes: WorkerHomes | undefined;
  /** Told of a request that was answered by the call of another. */
  readonly replayed: (exchange: Exchange, caller: Caller, first: string, how: 'joined' | 'stored') => void;
}

/** Makes a call, and tells how it ended. */
export type Serve = (exchange: Exchange) => Promise<Pick<UsageRecord, 'outcome' | 'status'>>;

/** One call under a key of one caller. */
interface SharedCall {
  /** SHA-256 of what was asked. */
  readonly digest: string;
  /** The request id of the one who asked first. */
  readonly first: string;
  readonly answer: RecordedAnswer;
  readonly abort: AbortController;
  clients: number;
  leaving: NodeJS.Timeout | undefined;
  isRunning: boolean;
}

const saneKey = /^[\x21-\x7e]{1,255}$/;

/**
 * Makes each call that carries an `Idempotency-Key` once: whoever sends the same key again gets the answer of the call that
 * runs, from its first byte, or the one that is kept. Only complete answers are kept, so that what failed can be tried
 * again. Keys of different callers have nothing to do with each other.
 */
export class IdempotentCalls {
  readonly #ports: IdempotentPorts;
  readonly #running = new Map<string, SharedCall>();
  #kept: LRUCache<string, SharedCall> | undefined;
  #keptBytes = 0;

  constructor(ports: IdempotentPorts) {
    this.#ports = ports;
  }

  /**
   * @param key as the client sent it
   * @param serve makes the call
   * @throws GatewayError `invalid_request` for a key that is none, `idempotency_key_reused` where another request had it
   */
  async serve(exchange: Exchange, caller: Caller, key: string, serve: Serve): Promise<void> {
    const { keepMs } = this.#ports.settings();
    if (keepMs === 0) return void (await serve(exchange));
    if (!saneKey.test(key)) {
      throw new GatewayError('invalid_request', 'the header Idempotency-Key must have 1 to 255 printable characters', {
        param: 'Idempotency-Key',
      });
    }
    const scope = `${caller.id ?? caller.name}\n${key}`; // a name may become another key's
    if (await this.#ports.homes?.forward(exchange, scope)) return;
    const digest = hash('sha256', Buffer.concat([Buffer.from(`${exchange.path}\n`), exchange.body]), 'base64');
    const known = this.#running.get(scope) ?? this.#kept?.get(scope);
    if (known === undefined) return this.#begin(scope, digest, exchange, serve);
    if (known.digest !== digest) throw reused(known);
    if (!known.answer.canBeRead) throw tooLarge(known);
    this.#ports.replayed(exchange, caller, known.first, known.isRunning ? 'joined' : 'stored');
    this.#join(known, exchange, true);
  }

  async #begin(scope: string, digest: string, exchange: Exchange, serve: Serve): Promise<void> {
    const { maxAnswerBytes } = this.#ports.settings();
    const call: SharedCall = {
      digest,
      first: exchange.id,
      answer: new RecordedAnswer(maxAnswerBytes),
      abort: new AbortController(),
      clients: 0,
      leaving: undefined,
      isRunning: true,
    };
    this.#running.set(scope, call);
    this.#join(call, exchange, false);
    try {
      const { outcome, status } = await serve(new SharedExchange(exchange, call.answer, call.abort.signal));
      if (outcome === 'complete' && status < 300 && call.answer.canBeRead) this.#keep(scope, call);
    } finally {
      call.isRunning = false;
      clearTimeout(call.leaving);
      this.#running.delete(scope);
    }
  }

  #join(call: SharedCall, exchange: Exchange, isReplayed: boolean): void {
    call.clients++;
    clearTimeout(call.leaving);
    const leave = () => {
      call.clients--;
      if (call.clients > 0 || !call.isRunning) return;
      call.leaving = setTimeout(() => call.abort.abort(), this.#ports.settings().lingerMs);
    };
    if (exchange.signal.aborted) leave();
    else exchange.signal.addEventListener('abort', leave);
    const mark: [string, string][] = [['x-request-id', exchange.id]];
    if (isReplayed) mark.push(['x-headrace-replayed', call.first]);
    call.answer.readBy(exchange, mark);
  }

  #keep(scope: string, call: SharedCall): void {
    const { keepMs, maxBytes } = this.#ports.settings();
    if (this.#kept === undefined || this.#keptBytes !== maxBytes) {
      this.#kept = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ answer }) => answer.size + 1000 });
      this.#keptBytes = maxBytes;
    }
    call.answer.keep();
    this.#kept.set(scope, call, { ttl: keepMs });
  }
}

function reused({ first }: SharedCall): GatewayError {
  const message = `this Idempotency-Key came with another request before (${first}); use a new key for a new request`;
  return new GatewayError('idempotency_key_reused', message, { param: 'Idempotency-Key' });
}

function tooLarge({ first }: SharedCall): GatewayError {
  const message = `the answer to this Idempotency-Key (request ${first}) still runs and is too large to be given again (idempotency.max_answer_bytes)`;
  return new GatewayError('conflict', message, { param: 'Idempotency-Key', headers: [['x-should-retry', 'false']] });
}
