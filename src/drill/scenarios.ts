import type { MockReply } from '../mock/mock-reply.ts';

/** What goes wrong at one candidate for a while. */
export type Fault =
  /** Its backend's port is closed, so that connections are refused and those that run break. */
  | { readonly kind: 'down' }
  | {
      readonly kind: 'reply';
      /** Whether it strikes all models of the backend or the candidate's alone. */
      readonly strikes: 'backend' | 'model';
      /** @param turn counts the requests that were struck, from 0 */
      reply(stream: boolean, turn: number): MockReply;
    };

export interface Scenario {
  readonly name: string;
  /** What happens, for the page and for `--help`. */
  readonly does: string;
  /** Undefined: nothing goes wrong. */
  readonly fault: Fault | undefined;
}

const overloaded = { message: 'The engine is currently overloaded.', type: 'server_error', code: 'engine_overloaded' };

/** Everything that a drill plays, in this order. */
export const scenarios: readonly Scenario[] = [
  { name: 'healthy', does: 'nothing goes wrong', fault: undefined },
  { name: 'outage', does: 'connections are refused, and those that run break', fault: { kind: 'down' } },
  model('errors', 'every answer is a 500', () => ({ status: 500 })),
  model('storm', 'every answer is a 429 with Retry-After: 1', () => ({ status: 429, retry_after: 1 })),
  model('hang', 'requests are taken and never answered', () => ({ hang: true })),
  model('cut', 'the connection breaks in the middle of the answer', (stream) =>
    stream ? { cut_after_chunks: 3, chunk_delay_ms: 5 } : { cut_after_bytes: 40 },
  ),
  model('drip', 'the first output comes after a fifth of a second, and the rest drop by drop', (stream) =>
    stream ? { first_byte_delay_ms: 200, chunk_delay_ms: 50 } : { delay_ms: 300 },
  ),
  model('soft-error', 'status 200, and an error in place of the answer', () => ({ error: overloaded })),
  model('empty', 'status 200, and no output', () => ({ content: '' })),
  model('wrong-usage', 'good answers whose usage is absent, enormous or negative', (_stream, turn) => ({
    usage: usages[turn % usages.length] ?? null,
  })),
  {
    name: 'auth',
    does: 'every key of the backend is refused with 401',
    fault: { kind: 'reply', strikes: 'backend', reply: () => ({ status: 401 }) },
  },
];

const usages = [
  null,
  { prompt_tokens: 1e15, completion_tokens: 1e15 },
  { prompt_tokens: -5, completion_tokens: -7, total_tokens: -12 },
];

function model(name: string, does: string, reply: (stream: boolean, turn: number) => MockReply): Scenario {
  return { name, does, fault: { kind: 'reply', strikes: 'model', reply } };
}
