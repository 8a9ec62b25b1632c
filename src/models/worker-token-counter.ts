import { Worker } from 'node:worker_threads';
import { GatewayError } from '../gateway-error.ts';
import type { PromptKind, PromptTokens, TokenCounter } from './token-counter.ts';
import type { TokenAnswer, TokenTask } from './token-worker.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface WorkerTokenCounterOptions {
  /** The worker's file; the one beside this file unless a test needs another. */
  readonly workerUrl?: URL;
}

const ownExtension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const ownWorkerUrl = new URL(`./token-worker.${ownExtension}`, import.meta.url);

/**
 * Counts tokens in one worker thread, started by the first call and again by the first call after a crash.
 * Only while a count is under way does it keep the process alive.
 *
 * Rejects with the signal's reason when the call is aborted, and with `internal_error` when the tokenizer cannot be
 * loaded, the body is no JSON, the worker stops, or the counter is closed.
 */
export class WorkerTokenCounter implements TokenCounter {
  readonly #workerUrl: URL;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #lastId = 0;
  #isClosed = false;

  constructor(options: WorkerTokenCounterOptions = {}) {
    this.#workerUrl = options.workerUrl ?? ownWorkerUrl;
  }

  measure(kind: PromptKind, body: Uint8Array, tokenizer: string, signal?: AbortSignal): Promise<PromptTokens> {
    // A copy of its own size: a view may stand in a larger buffer, which would be sent whole.
    const copy = new Uint8Array(body);
    const result = this.#ask((id) => ({ type: 'measure', id, kind, body: copy, tokenizer }), signal, [copy.buffer]);
    return result as Promise<PromptTokens>;
  }

  count(texts: readonly string[], tokenizer: string, signal?: AbortSignal): Promise<number[]> {
    return this.#ask((id) => ({ type: 'count', id, texts, tokenizer }), signal) as Promise<number[]>;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (worker !== undefined) this.#lose(worker, stopped('it is closed'));
    await worker?.terminate();
  }

  async #ask(task: (id: number) => TokenTask, signal?: AbortSignal, transfer: ArrayBuffer[] = []): Promise<unknown> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw stopped('it is closed');
    const worker = this.#running();
    const id = ++this.#lastId;
    const abort = () => {
      this.#settle(id)?.reject(signal?.reason);
      worker.postMessage({ type: 'drop', id } satisfies TokenTask);
    };
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        worker.ref();
        signal?.addEventListener('abort', abort, { once: true });
        worker.postMessage(task(id), transfer);
      });
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    // No arguments, and nothing of the environment: no key has any business there.
    const worker = new Worker(this.#workerUrl, { name: 'token counter', execArgv: [], env: {} });
    worker.on('message', (answer: TokenAnswer) => this.#answer(answer));
    worker.on('error', (error) => this.#lose(worker, stopped(error.message, error)));
    worker.on('messageerror', (error) => this.#lose(worker, stopped(error.message, error)));
    worker.on('exit', (code) => this.#lose(worker, stopped(`its thread ended with code ${code}`)));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #answer(answer: TokenAnswer): void {
    const waiting = this.#settle(answer.id);
    if ('error' in answer)
      waiting?.reject(new GatewayError('internal_error', `Counting tokens failed. ${answer.error}`));
    else waiting?.resolve(answer.result);
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    return waiting;
  }

  /** Forgets a worker and rejects what waits for it. Does nothing if that has been done. */
  #lose(worker: Worker, error: GatewayError): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of lost) waiting.reject(error);
  }
}

function stopped(why: string, cause?: unknown): GatewayError {
  return new GatewayError('internal_error', `The token counter has stopped: ${why}.`, { cause });
}
