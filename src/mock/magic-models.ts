import type { MockReply } from './mock-reply.ts';
import { openaiError } from './profiles/openai.ts';

/** A model name that stands for a behaviour, so that failures can be tried by hand. */
export interface MagicModel {
  readonly name: string;
  readonly does: string;
  reply(stream: boolean): MockReply;
}

/** Every magic model name but the pattern `status-NNN`, which gives any status from 400 to 599. */
export const magicModels: readonly MagicModel[] = [
  { name: 'echo', does: 'repeats the last user message', reply: () => ({}) },
  { name: 'status-429', does: '429 with Retry-After: 1', reply: () => ({ status: 429, retry_after: 1 }) },
  { name: 'status-500', does: '500; status-NNN gives any status from 400 to 599', reply: () => ({ status: 500 }) },
  { name: 'slow', does: '250 ms before every chunk of a stream, or before the whole answer', reply: slow },
  { name: 'slow-start', does: '5 s before the head', reply: () => ({ delay_ms: 5000 }) },
  { name: 'hang', does: 'never answers', reply: () => ({ hang: true }) },
  { name: 'hang-in-stream', does: 'stops in the middle, with the connection open', reply: hangInside },
  { name: 'reset', does: 'resets the connection before the head', reply: () => ({ reset: true }) },
  { name: 'cut', does: 'closes the connection in the middle of the body', reply: cut },
  { name: 'cut-at-start', does: 'closes the connection after the head', reply: () => ({ cut_after_chunks: 0 }) },
  { name: 'no-done', does: 'a stream that ends without [DONE]', reply: () => ({ omit_done: true }) },
  { name: 'error-in-stream', does: 'an error event after two chunks; not streamed: error-in-200', reply: errorInside },
  { name: 'error-in-200', does: 'status 200 with an error, also as the first event of a stream', reply: errorFirst },
  { name: 'loading', does: '503 "Loading model", as llama-server says it', reply: () => ({ loading_model: true }) },
  { name: 'redirect', does: 'a redirect to another path', reply: () => ({ redirect: '/elsewhere' }) },
  { name: 'garbage', does: 'bytes that are no HTTP', reply: () => ({ raw: { base64: '/wD+AWdhcmJhZ2UNCg0K' } }) },
  { name: 'html', does: '502 with a page of a proxy in front', reply: html },
  { name: 'gzip', does: 'a compressed answer', reply: () => ({ gzip: true }) },
  { name: 'close-delimited', does: 'a body without length or chunks', reply: () => ({ close_delimited: true }) },
  { name: 'no-usage', does: 'an answer without usage', reply: () => ({ usage: null }) },
  { name: 'too-long', does: '400 context_length_exceeded', reply: tooLong },
];

const byName = new Map(magicModels.map((model) => [model.name, model]));

/** What the model name stands for; undefined: nothing special. */
export function magicReply(model: string, stream: boolean): MockReply | undefined {
  const known = byName.get(model);
  if (known !== undefined) return known.reply(stream);
  const status = /^status-([45]\d\d)$/.exec(model)?.[1];
  return status === undefined ? undefined : { status: Number(status) };
}

function slow(stream: boolean): MockReply {
  return stream ? { chunk_delay_ms: 250, first_byte_delay_ms: 250 } : { delay_ms: 250 };
}

function cut(stream: boolean): MockReply {
  return stream ? { cut_after_chunks: 2 } : { cut_after_bytes: 20 };
}

function hangInside(stream: boolean): MockReply {
  return stream ? { hang_after_chunks: 2 } : { chunk_bytes: 20, hang_after_chunks: 1 };
}

const overloaded = openaiError('The engine is currently overloaded.', 'server_error', 'engine_overloaded').error;

function errorInside(): MockReply {
  return { error: overloaded, error_after_chunks: 2 };
}

function errorFirst(): MockReply {
  return { error: overloaded };
}

function html(): MockReply {
  const text = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n';
  return { status: 502, text, headers: { 'content-type': 'text/html' } };
}

function tooLong(): MockReply {
  const message =
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens. " +
    'Please reduce the length of the messages.';
  const type = 'invalid_request_error';
  return { status: 400, json: openaiError(message, type, 'context_length_exceeded', 'messages') };
}
