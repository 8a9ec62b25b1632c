import OpenAI, { type ClientOptions } from 'openai';
import { type MockServer, startFakeBackend } from '../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../harness/test-gateway.ts';

export interface Setup {
  readonly backend: MockServer;
  readonly gateway: TestGateway;
  /** What a user writes as the base URL of an SDK. */
  readonly baseURL: string;
}

export interface SetupOptions {
  /** Further lines of the `backend.yaml`, in place of `auth_type: none`. */
  readonly backendLines?: string;
  /** Lines of the `headrace.yaml` behind `default_backend`. */
  readonly settingLines?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A gateway whose one backend, `a`, is a scripted server; both end with the test. */
export async function startSetup(
  script: Parameters<typeof startFakeBackend>[0] = {},
  options: SetupOptions = {},
): Promise<Setup> {
  const backend = await startFakeBackend(script);
  const gateway = await startTestGateway({
    files: {
      'backends/a/backend.yaml': backendYaml(backend.baseUrl, options.backendLines),
      'headrace.yaml': `default_backend: a\n${options.settingLines ?? ''}\n`,
    },
    ...(options.env && { env: options.env }),
  });
  return { backend, gateway, baseURL: `${gateway.url}/v1` };
}

/** The official client, as a user would make it, but that it logs nothing. */
export function openaiClient(baseURL: string, options: ClientOptions = {}): OpenAI {
  return new OpenAI({ baseURL, apiKey: 'sk-of-the-client', logLevel: 'off', ...options });
}

/** A user's one message. */
export function ask(content: string): [{ role: 'user'; content: string }] {
  return [{ role: 'user', content }];
}

/** What a promise is rejected with; fails if it is not. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
}

/** All that an iterable gives. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
