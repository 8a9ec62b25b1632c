import { performance } from 'node:perf_hooks';
import { GatewayError } from '../gateway-error.ts';
import { type Backend, type BackendRequest, UpstreamFailure } from './backend.ts';
import { configuredKey } from './configured-key.ts';

/** What became of one chat with a backend. */
export type Trial =
  | { readonly kind: 'answered'; readonly model: string; readonly elapsedMs: number }
  | { readonly kind: 'failed'; readonly failure: UpstreamFailure; readonly model: string | undefined };

const listTimeoutMs = 10_000;
/** Asked for where nothing says which models there are; many servers take any name. */
const anyModel = 'default';

/**
 * One chat of one token, with the backend's key.
 * @param model undefined: the first model that the backend lists
 */
export async function tryChat(backend: Backend, model: string | undefined): Promise<Trial> {
  let asked = model;
  try {
    asked ??= await firstListed(backend);
    const started = performance.now();
    await chat(backend, asked);
    return { kind: 'answered', model: asked, elapsedMs: performance.now() - started };
  } catch (failure) {
    if (!(failure instanceof UpstreamFailure)) throw failure;
    return { kind: 'failed', failure, model: asked };
  }
}

/** Whether the path of the URL may be to blame: 404, 405, a redirect, or a 200 that is no answer. */
export function blamesPath({ error, retry }: UpstreamFailure): boolean {
  if (saysNoModel(error)) return false;
  if (error.status === 404 || error.status === 405) return true;
  return error.code === 'upstream_error' && retry === 'never';
}

/** Whether the backend was found and has no such model. */
export function saysNoModel({ code, message, upstreamError }: GatewayError): boolean {
  if (code === 'model_not_found' || upstreamError?.code === 'model_not_found') return true;
  return /\bmodels?\b.*(not found|not exist|not loaded|unknown)|\b(no such|unknown|invalid|no) models?\b/is.test(
    message,
  );
}

async function firstListed(backend: Backend): Promise<string> {
  let models: readonly string[];
  try {
    models = await backend.listModels(listTimeoutMs);
  } catch (failure) {
    if (!(failure instanceof UpstreamFailure) || !blamesPath(failure)) throw failure;
    return anyModel; // not every server has a list, so only a chat can tell
  }
  const [first] = models;
  if (first !== undefined) return first;
  const error = new GatewayError('model_not_found', 'it lists no model that could be asked');
  throw new UpstreamFailure(error, { retry: 'never', reached: true });
}

async function chat(backend: Backend, model: string): Promise<void> {
  try {
    await ask(backend, { model, messages: greeting, max_tokens: 1 });
  } catch (failure) {
    if (!(failure instanceof UpstreamFailure) || !wantsOtherField(failure.error)) throw failure;
    await ask(backend, { model, messages: greeting, max_completion_tokens: 1 });
  }
}

const greeting = [{ role: 'user', content: 'Hi' }];

/** Reasoning models of some vendors refuse `max_tokens` and name the field to send instead. */
function wantsOtherField({ status, message }: GatewayError): boolean {
  return status === 400 && message.includes('max_completion_tokens');
}

async function ask(backend: Backend, body: object): Promise<void> {
  const request: BackendRequest = {
    path: '/chat/completions',
    body: Buffer.from(JSON.stringify(body)),
    headers: [],
    stream: false,
    key: configuredKey(backend.config) ?? 0,
    generates: false, // a single token may be no text
    firstOutputMs: undefined,
    gapMs: undefined,
    totalMs: undefined,
    rules: { answerModel: undefined, withholdUsage: false, keepText: false },
    signal: new AbortController().signal,
  };
  const reply = await backend.send(request);
  if (!Buffer.isBuffer(reply.body)) {
    reply.body.cancel();
    throw noChat(backend, 'a stream, though none was asked for');
  }
  const { choices } = JSON.parse(reply.body.toString()) as { choices?: unknown };
  if (!Array.isArray(choices)) throw noChat(backend, 'JSON that is no answer to a chat: it has no "choices"');
}

function noChat({ config }: Backend, what: string): UpstreamFailure {
  const error = new GatewayError('upstream_error', `${config.baseUrl} answered 200 with ${what}`);
  return new UpstreamFailure(error, { retry: 'never', reached: true });
}
