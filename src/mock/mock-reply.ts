import type { JsonObject } from './json-object.ts';
import type { RecordedRequest } from './recorded-request.ts';

/** Text (sent as UTF-8), bytes, or bytes in base64 for script files. */
export type MockBytes = string | Uint8Array | { readonly base64: string };

/** Token counts as a backend reports them; further fields are passed on. `total_tokens` defaults to the sum. */
export interface MockUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens?: number;
  readonly total_tokens?: number;
  readonly [field: string]: unknown;
}

/**
 * What the mock server does with one request; plain data, the same in tests and in script files.
 * `{}` is the default answer: the echo. Of the fields of "the body" at most one is given. All times are milliseconds.
 */
export interface MockReply {
  // The head
  /** HTTP status; default 200. 400 and above without a body gets an error body in the profile's shape. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A `Retry-After` header: seconds, or any text as it stands. */
  readonly retry_after?: number | string;
  /** A `Retry-After` header as an HTTP date so many seconds from now, rounded up to a whole second. */
  readonly retry_after_date?: number;

  // The body
  /** Any value, sent as JSON. */
  readonly json?: unknown;
  /** Any text, sent as `text/plain` unless `headers` say otherwise. */
  readonly text?: string;
  /** Any bytes, sent as `application/octet-stream` unless `headers` say otherwise. */
  readonly bytes?: MockBytes;
  /** Raw pieces of a stream, one write each, sent as `text/event-stream` unless `headers` say otherwise. */
  readonly chunks?: readonly MockBytes[];
  /** Server-sent events, one write each: a text stands as it is, anything else as JSON. `[DONE]` follows. */
  readonly events?: readonly unknown[];
  /** `{"error": ...}` with status 200, or the given one. With `stream: true` and 200: an event. No `[DONE]` follows. */
  readonly error?: unknown;
  /** With `error` and a stream: so many events of the default answer come before it; default 0. */
  readonly error_after_chunks?: number;
  /** A 307 to this URL, or with `status` another redirect. */
  readonly redirect?: string;
  /** The 503 of a llama-server that is loading its model. */
  readonly loading_model?: boolean;
  /** Bytes written to the socket in place of any HTTP, and then its end. */
  readonly raw?: MockBytes;

  // The default answer with something pinned
  /** In place of the echo; a list gives one text per choice, in turn. */
  readonly content?: string | readonly string[];
  readonly reasoning_content?: string;
  /** The assistant calls these; `arguments` that are no text are sent as JSON text. */
  readonly tool_calls?: readonly { readonly name: string; readonly arguments?: unknown }[];
  readonly finish_reason?: string;
  /** In place of the counted words; null: no usage at all. */
  readonly usage?: MockUsage | null;

  // Time
  /** Before the head. */
  readonly delay_ms?: number;
  /** Between the head, which is sent at once, and the first byte of the body. */
  readonly first_byte_delay_ms?: number;
  /** Between two chunks. */
  readonly chunk_delay_ms?: number;
  /** The body in pieces of so many bytes, whatever its events; with `chunk_delay_ms`, a slow drip. */
  readonly chunk_bytes?: number;

  // What goes wrong
  /** The request is accepted and never answered. */
  readonly hang?: boolean;
  /** After so many chunks nothing more comes, and the connection stays open. */
  readonly hang_after_chunks?: number;
  /** The connection is reset: before the head, or where `cut_after_*` says. */
  readonly reset?: boolean;
  /** The connection is closed after so many chunks, always before the body is whole. 0: right after the head. */
  readonly cut_after_chunks?: number;
  /** The same after so many bytes of the body. */
  readonly cut_after_bytes?: number;
  /** A stream of events ends in good order, but without `[DONE]`. */
  readonly omit_done?: boolean;
  /** Neither `content-length` nor chunks: the body ends where the connection ends. */
  readonly close_delimited?: boolean;
  /** The body is compressed, with `content-encoding: gzip`. */
  readonly gzip?: boolean;
}

/** In tests: a reply made for each request. `turn` counts from 0. */
export type ReplyFunction = (request: RecordedRequest, turn: number) => MockReply | Promise<MockReply>;

/** Replies taken in turn, of which the last one repeats. */
export type Replies = readonly MockReply[] | ReplyFunction;

/** Replies to some requests only; a field that is left out fits all. */
export interface MockRoute {
  /** `chat/completions` (under the mount path) or `/any/whole/path`. Left out: the three POST endpoints. */
  readonly path?: string;
  readonly method?: string;
  /** The request's `model`. */
  readonly model?: string;
  readonly replies: Replies;
}

export type ProfileName = 'openai' | 'llama-server' | 'ollama' | 'lm-studio' | 'vllm';

/** The behaviour of a mock server: what a script file holds. */
export interface MockScript {
  /**
   * Whose shapes the answers and errors have; default `openai`. Its own refusals (llama-server: `n`; ollama and vllm: a
   * model that is neither in `models` nor named by a route) come before any reply.
   */
  readonly profile?: ProfileName;
  /** Where the endpoints are: `/v1` (the default of most profiles), `/second/v7`, or empty for the root. */
  readonly mount?: string;
  /** What `GET models` lists: names, or whole entries with an `id`. */
  readonly models?: readonly (string | (JsonObject & { readonly id: string }))[];
  /** The key that requests must carry, as `Authorization: Bearer KEY` or as the value of any header. */
  readonly require_key?: string;
  /** Before each answer. */
  readonly delay_ms?: number;
  /** Pinned usage of every default answer; null: none. */
  readonly usage?: MockUsage | null;
  /** Whether model names such as `status-429` mean their failure; default true. */
  readonly magic_models?: boolean;
  /** The first that fits a request answers it. */
  readonly routes?: readonly MockRoute[];
  /** For the POST endpoints, after `routes`. None: the default answer. */
  readonly replies?: Replies;
}
