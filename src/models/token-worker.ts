import { parentPort } from 'node:worker_threads';
import { CountCache } from './count-cache.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { countTexts, measurePrompt, type NamedTokenizer } from './measure-prompt.ts';
import { RoundRobin } from './round-robin.ts';
import type { PromptKind } from './token-counter.ts';
import type { Tokenizer } from './tokenizer.ts';

/** What the worker is asked. `drop` has no answer, and what it names has none afterwards. */
export type TokenTask =
  | {
      readonly type: 'measure';
      readonly id: number;
      readonly kind: PromptKind;
      readonly body: Uint8Array;
      readonly tokenizer: string;
    }
  | { readonly type: 'count'; readonly id: number; readonly texts: readonly string[]; readonly tokenizer: string }
  | { readonly type: 'drop'; readonly id: number };

export type TokenAnswer =
  | { readonly id: number; readonly result: unknown }
  /** A whole sentence, without anything of the prompt. */
  | { readonly id: number; readonly error: string };

/** Answers tasks that come through the port of a worker thread. */
class TokenWorker {
  readonly #send: (answer: TokenAnswer) => void;
  readonly #jobs = new RoundRobin();
  readonly #cache = new CountCache();
  readonly #tokenizers = new Map<string, Promise<Tokenizer>>();
  /** Tasks that wait for their tokenizer. */
  readonly #loading = new Set<number>();

  constructor(send: (answer: TokenAnswer) => void) {
    this.#send = send;
  }

  async take(task: TokenTask): Promise<void> {
    const { id } = task;
    if (task.type === 'drop') {
      this.#loading.delete(id);
      this.#jobs.drop(id);
      return;
    }
    this.#loading.add(id);
    const fail = (error: unknown) => this.#send({ id, error: sentence(error) });
    try {
      const by = { name: task.tokenizer, tokenizer: await this.#tokenizer(task.tokenizer) };
      if (!this.#loading.delete(id)) return;
      this.#jobs.add(id, this.#steps(task, by), (result) => this.#send({ id, result }), fail);
    } catch (error) {
      if (this.#loading.delete(id)) fail(error);
    }
  }

  #steps(task: Exclude<TokenTask, { type: 'drop' }>, by: NamedTokenizer): Generator<undefined, unknown> {
    return task.type === 'measure'
      ? measurePrompt(task.kind, task.body, by, this.#cache)
      : countTexts(task.texts, by, this.#cache);
  }

  /** Loaded once; a failure is not remembered, so that a file which is mended is read again. */
  #tokenizer(name: string): Promise<Tokenizer> {
    let tokenizer = this.#tokenizers.get(name);
    if (tokenizer === undefined) {
      tokenizer = loadTokenizer(name);
      this.#tokenizers.set(name, tokenizer);
      tokenizer.catch(() => this.#tokenizers.delete(name));
    }
    return tokenizer;
  }
}

/** What went wrong. JSON's own errors quote the text, which is a prompt. */
function sentence(error: unknown): string {
  if (error instanceof SyntaxError) return 'The body is no JSON.';
  return error instanceof Error ? error.message : String(error);
}

const port = parentPort;
if (port !== null) {
  const worker = new TokenWorker((answer) => port.postMessage(answer));
  port.on('message', (task: TokenTask) => worker.take(task));
}
