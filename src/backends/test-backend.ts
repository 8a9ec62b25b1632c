import { onTestFinished } from 'vitest';
import type { BackendConfig, Credential } from '../config/backend-config.ts';
import { breakerDefaults } from '../config/unpooled.ts';
import type { GatewayError } from '../gateway-error.ts';
import { Secret } from '../secret.ts';
import { type Backend, type BackendReply, type BackendRequest, UpstreamFailure } from './backend.ts';
import { createBackend } from './registry.ts';

export const testOptions = { maximumBytes: 1_000_000, env: {}, userAgent: 'test' };

/** A key from a variable; without a value it is not set. */
export function testKey(variable: string, value?: string): Credential {
  const secret = value === undefined ? undefined : new Secret(value);
  return { kind: 'key', header: 'authorization', prefix: 'Bearer ', secret, source: variable, variable };
}

/** A backend `b` at this URL; without credentials among the changes it has none. */
export function testConfig(
  baseUrl: string,
  { credentials = [{ kind: 'none', remedy: 'a key' }], ...changes }: Changes = {},
): BackendConfig {
  return {
    name: 'b',
    origin: 'file',
    type: 'custom',
    baseUrl,
    query: '',
    credential: credentials[0] as Credential,
    keys: credentials.map((credential) => ({
      credential,
      weight: 1,
      requestsPerMinute: undefined,
      tokensPerMinute: undefined,
    })),
    concurrency: undefined,
    breaker: breakerDefaults,
    headers: [],
    models: new Map(),
    defaultModel: undefined,
    timeoutMs: 5000,
    maxRetries: 0,
    retryDelayMs: 0,
    loadingWaitMs: 0,
    place: 'here',
    ...changes,
  };
}

type Changes = Partial<BackendConfig> & { readonly credentials?: readonly Credential[] };

/** Opens a backend that is closed at the end of the test. */
export function openBackend(baseUrl: string, changes?: Changes): Backend {
  const backend = createBackend(testConfig(baseUrl, changes), testOptions);
  onTestFinished(() => backend.close());
  return backend;
}

/** A chat that is not streamed, unless the changes say otherwise. */
export function testRequest(changes: Partial<BackendRequest> = {}): BackendRequest {
  const { stream = false } = changes;
  return {
    path: '/chat/completions',
    body: Buffer.from(JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'one two' }] })),
    headers: [],
    stream,
    generates: true,
    key: 0,
    firstOutputMs: undefined,
    gapMs: undefined,
    totalMs: undefined,
    rules: { answerModel: undefined, withholdUsage: false, keepText: false },
    signal: new AbortController().signal,
    ...changes,
  };
}

/** The failure of a request; an answer is an error. */
export async function failureOf(backend: Backend, changes?: Partial<BackendRequest>): Promise<UpstreamFailure> {
  try {
    await backend.send(testRequest(changes));
  } catch (failure) {
    if (failure instanceof UpstreamFailure) return failure;
    throw failure;
  }
  throw new Error('it answered');
}

export interface ReadReply {
  readonly text: string;
  readonly error: GatewayError | undefined;
}

/** All of an answer, and how it ended. */
export function readReply({ body }: BackendReply): Promise<ReadReply> {
  if (Buffer.isBuffer(body)) return Promise.resolve({ text: body.toString(), error: undefined });
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    body.start({
      write: (chunk) => pieces.push(chunk) > 0,
      end: (error) => resolve({ text: Buffer.concat(pieces).toString(), error }),
    });
  });
}
