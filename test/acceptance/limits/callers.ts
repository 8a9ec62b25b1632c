import { createHash } from 'node:crypto';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { type Received, type SendOptions, send } from '../../fake-backend/http-client.ts';
import { backendYaml, startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';

export type Script = Parameters<typeof startFakeBackend>[0];

export interface CallersRig {
  readonly gateway: TestGateway;
  readonly backend: Awaited<ReturnType<typeof startFakeBackend>>;
  /** A short chat by the holder of the key with this name. */
  chat(key: string, fields?: object, options?: SendOptions): Promise<Received>;
}

/** A dollar is a million tokens of the model `dear`; `cheap` costs a thousandth of that, and nothing is known of `unpriced`. */
export const models = {
  dear: { prices: { input: 1000, output: 1000 } },
  cheap: { prices: { input: 1, output: 1 } },
  free: { prices: { input: 0, output: 0 } },
  unpriced: {},
  tight: { limits: { requests_per_minute: 1 } },
};

/** What a call takes where its backend reports the usage of {@link reported}. */
export const reported = { prompt_tokens: 30, completion_tokens: 10, total_tokens: 40 };

/**
 * A gateway whose keys are called as the entries of `keys` are, and whose secrets are `secret-NAME`.
 * @param settings further sections of `headrace.yaml`
 */
export async function startCallersRig(
  keys: Readonly<Record<string, object>>,
  settings: object = {},
  script: Script = () => ({ usage: reported }),
): Promise<CallersRig> {
  const backend = await startFakeBackend(script);
  const entries = Object.entries(keys).map(([name, fields]) => {
    const sha256 = createHash('sha256').update(secretOf(name)).digest('hex');
    return { name, sha256, ...fields };
  });
  const gateway = await startTestGateway({
    files: {
      'headrace.yaml': JSON.stringify({ keys: entries, ...settings }),
      'backends/u/backend.yaml': backendYaml(`${backend.url}/v1`, `auth_type: none\nmodels: ${JSON.stringify(models)}`),
    },
  });
  return {
    gateway,
    backend,
    chat: (key, fields = {}, options = {}) =>
      send(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        ...options,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${secretOf(key)}` },
        body: JSON.stringify({
          model: 'u:dear',
          max_tokens: 20,
          messages: [{ role: 'user', content: 'hi' }],
          ...fields,
        }),
      }),
  };
}

function secretOf(name: string): string {
  return `secret-${name}`;
}
