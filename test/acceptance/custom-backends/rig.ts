import { onTestFinished } from 'vitest';
import { type MockServer, startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { type Received, type SendOptions, send } from '../../fake-backend/http-client.ts';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../../harness/test-gateway.ts';

/** What a scripted backend is started with. */
export type Script = Parameters<typeof startFakeBackend>[0];

export interface RigOptions {
  /** The script of the backend; none: it answers with an echo. */
  readonly script?: Script;
  /** The lines of `backend.yaml` behind type and URL; without `auth_type` among them, none is used. */
  readonly yaml?: string;
  readonly flags?: TestGatewayOptions['flags'];
  readonly env?: TestGatewayOptions['env'];
  /** Further files of the configuration folder. */
  readonly files?: TestGatewayOptions['files'];
}

/** A gateway with one scripted backend, called `u`. */
export interface Rig {
  readonly backend: MockServer;
  readonly gateway: TestGateway;
  /** POSTs a value as JSON; a string or bytes go as they are. */
  post(path: string, body: unknown, options?: SendOptions): Promise<Received>;
  /** A chat with the model `u:m` and one short message, unless the fields say otherwise. */
  chat(fields?: object, options?: SendOptions): Promise<Received>;
}

/** Starts a gateway and its one backend; both end with the test. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const backend = await startFakeBackend(options.script);
  const gateway = await startTestGateway({
    files: { 'backends/u/backend.yaml': customYaml(`${backend.url}/v1`, options.yaml), ...options.files },
    ...(options.flags && { flags: options.flags }),
    ...(options.env && { env: options.env }),
  });
  const post: Rig['post'] = (path, body, how) => postTo(gateway.url + path, body, how);
  return {
    backend,
    gateway,
    post,
    chat: (fields, how) => post('/v1/chat/completions', { ...hello, ...fields }, how),
  };
}

/** A `backend.yaml` for this URL. */
export function customYaml(url: string, more = ''): string {
  const auth = /^auth_type:|^api_key_env_vars?:/m.test(more) ? '' : 'auth_type: none\n';
  return `backend_type: custom\napi_base_url: ${url}\n${auth}${more}\n`;
}

/** The `models` of a `backend.yaml` with one model `m`: its limits and its parameters, as YAML flow mappings. */
export function modelYaml(limits: object, more: object = {}): string {
  return `models: ${JSON.stringify({ m: { limits, ...more } })}\n`;
}

/** The fields of a short chat. */
export const hello = { model: 'u:m', messages: [{ role: 'user', content: 'one two three' }] };

/** POSTs a value as JSON; a string or bytes go as they are. */
export function postTo(url: string, body: unknown, options: SendOptions = {}): Promise<Received> {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return send(url, { ...options, headers: { 'content-type': 'application/json', ...options.headers }, body: bytes });
}

/** The status and the two parts of an error answer. */
export function failure(answer: Received): { status: number; error: ErrorBody; detail: unknown } {
  const { error, detail } = JSON.parse(answer.text);
  return { status: answer.status, error, detail };
}

export interface ErrorBody {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string | null;
}

/** Milliseconds between the arrivals of each POST and the next. */
export function gapsBetweenPosts(backend: MockServer): number[] {
  const times = backend.posts().map((request) => request.arrivedAt);
  return times.slice(1).map((time, index) => time - (times[index] as number));
}

const realNow = performance.now;
let forwardMs = 0;

/** Lets the clock by which the gateway measures its minutes go forward; timers go on as they are. */
export function forwardClock(milliseconds: number): void {
  forwardMs += milliseconds;
  performance.now = () => realNow.call(performance) + forwardMs;
  onTestFinished(() => {
    forwardMs = 0;
    performance.now = realNow;
  });
}

/** Resolves as soon as the condition holds; rejects where it does not within ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`waited in vain until ${what}`);
}
