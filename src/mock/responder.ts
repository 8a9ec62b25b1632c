import { type AnswerContext, wantsStream } from './answers/answer-context.ts';
import { chatAnswer } from './answers/chat-answer.ts';
import { completionAnswer } from './answers/completion-answer.ts';
import { embeddingAnswer } from './answers/embedding-answer.ts';
import { type Answer, composeAnswer } from './compose-answer.ts';
import type { JsonObject } from './json-object.ts';
import { magicModels, magicReply } from './magic-models.ts';
import type { MockReply, MockScript } from './mock-reply.ts';
import { loadingModelBody } from './profiles/llama-server.ts';
import type { Profile } from './profiles/profile.ts';
import { profiles } from './profiles/registry.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { ScriptPlayer } from './script-player.ts';

/** What each endpoint needs, and how it answers by default. */
const endpoints = {
  'chat/completions': { field: 'messages', answer: chatAnswer },
  completions: { field: 'prompt', answer: completionAnswer },
  embeddings: { field: 'input', answer: embeddingAnswer },
} as const;

/** A reply with its answer as it goes on the wire. */
export interface Response {
  /** Says how the answer is paced and broken. */
  readonly reply: MockReply;
  readonly answer: Answer;
}

/** Whatever decides what a request is answered with. */
export interface AnswerSource {
  /** The path under which the endpoints are. */
  readonly mount: string;
  respond(request: RecordedRequest): Promise<Response>;
  /** Begins anew. */
  rewind(): void;
}

/**
 * Decides what a request is answered with: the key first, then what the profile refuses, then the script, then the
 * profile's own behaviour.
 */
export class Responder implements AnswerSource {
  readonly #script: MockScript;
  readonly #profile: Profile;
  readonly #mounts: readonly string[];
  readonly #models: readonly (JsonObject & { readonly id: string })[];
  /** What a profile that knows its models takes. */
  readonly #knownModels: readonly string[];
  readonly #player: ScriptPlayer;
  #serial = 0;

  constructor(script: MockScript) {
    this.#script = script;
    this.#profile = profiles[script.profile ?? 'openai'];
    this.#mounts = script.mount === undefined ? this.#profile.mounts : [script.mount.replace(/\/+$/, '')];
    const own = this.#profile.models.length > 0 ? this.#profile.models : magicModels.map((model) => model.name);
    this.#models = (script.models ?? own).map((model) =>
      typeof model === 'string' ? { ...this.#profile.listed(model), id: model } : model,
    );
    const magic = script.magic_models === false ? [] : magicModels.map((model) => model.name);
    const routed = (script.routes ?? []).flatMap((route) => route.model ?? []);
    this.#knownModels = [...this.#models.map(({ id }) => id), ...routed, ...magic];
    this.#player = new ScriptPlayer(script);
  }

  /** The path under which the endpoints are. */
  get mount(): string {
    return this.#mounts[0] ?? '';
  }

  rewind(): void {
    this.#player.rewind();
  }

  async respond(request: RecordedRequest): Promise<Response> {
    const endpoint = this.#endpointOf(request.path);
    const refused = this.#keyRefusal(request) ?? this.#refusal(endpoint, request);
    const chosen = refused ?? (await this.#player.next(request, endpoint));
    const reply = chosen ?? this.#unscripted(request, endpoint);
    const delay = reply.delay_ms ?? this.#script.delay_ms;
    const body = this.#bodyOf(reply, request, endpoint);
    const answer = await composeAnswer({ ...reply, ...body, headers: { ...this.#profile.headers, ...body.headers } });
    return { reply: delay === undefined ? reply : { ...reply, delay_ms: delay }, answer };
  }

  #endpointOf(path: string): string | undefined {
    const mount = this.#mounts.find((candidate) => path.startsWith(`${candidate}/`));
    return mount === undefined ? undefined : path.slice(mount.length + 1);
  }

  #keyRefusal(request: RecordedRequest): MockReply | undefined {
    const key = this.#script.require_key;
    if (key === undefined || this.#profile.isOpen(request)) return undefined;
    const values = request.rawHeaders.filter((_, index) => index % 2 === 1);
    const { authorization } = request.headers;
    if (values.includes(key) || authorization === `Bearer ${key}`) return undefined;
    return this.#profile.unauthorized(authorization !== undefined);
  }

  #unscripted(request: RecordedRequest, endpoint: string | undefined): MockReply {
    const own = this.#profile.page(request) ?? this.#modelPage(request, endpoint);
    if (own !== undefined) return own;
    if (request.method !== 'POST' || !isPostEndpoint(endpoint)) return this.#profile.notFound(request);
    const model = this.#script.magic_models === false ? undefined : request.model;
    const magic = model === undefined ? undefined : magicReply(model, wantsStream(request.json));
    return magic ?? {};
  }

  #modelPage(request: RecordedRequest, endpoint: string | undefined): MockReply | undefined {
    if (request.method !== 'GET' || endpoint === undefined) return undefined;
    if (endpoint === 'models') return { json: { object: 'list', data: this.#models } };
    if (!endpoint.startsWith('models/')) return undefined;
    const model = this.#models.find(({ id }) => encodeURI(id) === encodeURI(decodeURIComponent(endpoint.slice(7))));
    return model === undefined ? undefined : { json: model };
  }

  /** What the profile does not take at all, whatever the script says; it uses up no reply. */
  #refusal(endpoint: string | undefined, request: RecordedRequest): MockReply | undefined {
    const body = jsonOf(request);
    if (body === undefined || !isPostEndpoint(endpoint)) return undefined;
    return this.#profile.refusal(endpoint, body, this.#knownModels);
  }

  /** The reply with its body filled in, where it says less than that. */
  #bodyOf(reply: MockReply, request: RecordedRequest, endpoint: string | undefined): MockReply {
    if (reply.loading_model) return { ...reply, status: 503, json: loadingModelBody };
    if (hasBody(reply) || reply.redirect !== undefined) return reply;
    const streamed = jsonOf(request)?.stream === true && (reply.status ?? 200) === 200;
    if (reply.error !== undefined) {
      if (!streamed) return { ...reply, json: { error: reply.error } };
      const before = this.#default(reply, request, endpoint).events ?? [];
      const events = [...before.slice(0, reply.error_after_chunks ?? 0), { error: reply.error }];
      return { ...reply, events, omit_done: true };
    }
    const status = reply.status ?? 200;
    if (status >= 400) return { ...reply, json: this.#errorBody(status) };
    return { ...reply, ...this.#default(reply, request, endpoint) };
  }

  #errorBody(status: number): unknown {
    const [type, code] =
      status === 429 ? ['requests', 'rate_limit_exceeded'] : [status >= 500 ? 'server_error' : 'invalid_request_error'];
    return this.#profile.errorBody(status, `The mock server was asked for status ${status}.`, type ?? '', code ?? null);
  }

  #default(reply: MockReply, request: RecordedRequest, endpoint: string | undefined): MockReply {
    if (!isPostEndpoint(endpoint)) return this.#profile.notFound(request);
    const body = jsonOf(request);
    if (body === undefined) return this.#badRequest('We could not parse the JSON body of your request.');
    const { field, answer } = endpoints[endpoint];
    if (body[field] === undefined) return this.#badRequest(`Missing required parameter: '${field}'.`);
    this.#serial += 1;
    const usage = reply.usage === undefined ? this.#script.usage : reply.usage;
    const context: AnswerContext = { body, reply, profile: this.#profile, usage, serial: this.#serial };
    return answer(context);
  }

  #badRequest(message: string): MockReply {
    return { status: 400, json: this.#profile.errorBody(400, message, 'invalid_request_error', null) };
  }
}

function isPostEndpoint(endpoint: string | undefined): endpoint is keyof typeof endpoints {
  return endpoint !== undefined && Object.hasOwn(endpoints, endpoint);
}

function hasBody(reply: MockReply): boolean {
  return [reply.json, reply.text, reply.bytes, reply.chunks, reply.events, reply.raw].some(
    (body) => body !== undefined,
  );
}

function jsonOf(request: RecordedRequest): JsonObject | undefined {
  try {
    return request.json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
