import assert from 'node:assert/strict';

export interface ChatAnswer {
  readonly model: string;
  readonly choices: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
  /** llama-server's own field. */
  readonly timings?: { readonly predicted_n: number };
}

export interface ChatChunk {
  readonly choices: readonly { readonly delta: { readonly content?: string | null } }[];
  readonly usage?: ChatAnswer['usage'] | null;
}

export interface ErrorBody {
  readonly error: { readonly message: string; readonly type: string; readonly code: string | number | null };
}

/** A chat request whose answer is always the same 16 tokens. */
export function chat(fields: Record<string, unknown> = {}): Record<string, unknown> {
  const messages = [{ role: 'user', content: 'Grüße from a test 🎉' }];
  return { model: 'tiny', messages, max_tokens: 16, temperature: 0, cache_prompt: false, ...fields };
}

/** A chat request whose answer never ends. */
export function endlessChat(fields: Record<string, unknown> = {}): Record<string, unknown> {
  const { max_tokens: _, ...endless } = chat(fields);
  return endless;
}

/** The body as JSON, if the status is the expected one; otherwise an error that quotes the body. */
export async function json<T>(response: Response, status = 200): Promise<T> {
  const text = await response.text();
  assert.equal(response.status, status, `status ${response.status} and not ${status}: ${text.slice(0, 500)}`);
  return JSON.parse(text) as T;
}

/** The error that a refused request brought, checked to be of this status and code. */
export async function refused(response: Response, status: number, code: string): Promise<string> {
  const { error } = await json<ErrorBody>(response, status);
  assert.equal(error.code, code, error.message);
  return error.message;
}

/** The data of each event of a whole stream. */
export async function events(response: Response): Promise<string[]> {
  const text = await response.text();
  assert.equal(response.status, 200, text.slice(0, 500));
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const blocks = text.split('\n\n');
  assert.equal(blocks.pop(), '', 'the stream ends within an event');
  return blocks.filter((block) => !block.startsWith(':')).map((block) => block.replace(/^data: /, ''));
}

/** The chunks of a whole stream, which must end with `[DONE]`. */
export async function chunks(response: Response): Promise<ChatChunk[]> {
  const data = await events(response);
  assert.equal(data.pop(), '[DONE]');
  return data.map((text) => JSON.parse(text) as ChatChunk);
}

/** What was said in a stream. */
export function spoken(all: readonly ChatChunk[]): string {
  return all.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
}
