import type OpenAI from 'openai';
import { openaiClient } from '../../conformance/sdk-setup.ts';
import { type MockServer, startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { type AdminGateway, startAdminGateway } from '../../harness/admin-client.ts';
import { backendYaml } from '../../harness/test-gateway.ts';
import { models, type Script } from '../limits/callers.ts';

/** How a limit stands, as the admin API says. */
export interface Limit {
  readonly level: { readonly kind: string; readonly name: string };
  readonly resource: string;
  readonly period: string | null;
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
}

/** A gateway with a storage, an admin, and one scripted backend `u` with the models of `../limits/callers.ts`. */
export interface Governed extends AdminGateway {
  readonly backend: MockServer;
  /** The official client with this key, which tries nothing twice. */
  sdk(secret: string): OpenAI;
  /** How all limits stand, by names such as `key:alice/tokens/day`. */
  limits(): Promise<Record<string, Limit>>;
  /** The sums of the ledger since its beginning, as soon as there are so many calls in it. */
  usage(calls: number): Promise<{ readonly calls: number; readonly total_tokens: number; readonly cost: number }>;
}

/**
 * @param settings further sections of `headrace.yaml`
 * @param env further variables
 */
export async function startGoverned(
  script: Script,
  settings: object = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Governed> {
  const backend = await startFakeBackend(script);
  const yaml = backendYaml(`${backend.url}/v1`, `auth_type: none\nmax_retries: 0\nmodels: ${JSON.stringify(models)}`);
  const lines = Object.entries(settings).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  const admin = await startAdminGateway({
    settings: 'storage: {folder: state, flush_interval: 0.05}',
    files: { 'backends/u/backend.yaml': yaml, 'headrace.yaml': lines.join('') },
    env,
  });
  return {
    ...admin,
    backend,
    sdk: (secret) => openaiClient(`${admin.gateway.url}/v1`, { apiKey: secret, maxRetries: 0 }),
    limits: async () => {
      const { body } = await admin.ask('GET', '/admin/limits?limit=1000');
      const named = (body.data as Limit[]).map((one) => [nameOf(one), one]);
      return Object.fromEntries(named);
    },
    usage: async (calls) => {
      for (let turn = 0; ; turn++) {
        const { body } = await admin.ask('GET', '/admin/usage?from=2020-01-01');
        const sum = body.data[0] ?? { calls: 0 };
        if (sum.calls >= calls) return sum;
        if (turn > 200) throw new Error(`the ledger has ${sum.calls} calls in place of ${calls}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

function nameOf({ level, resource, period }: Limit): string {
  return `${level.kind}:${level.name}/${resource}${period === null ? '' : `/${period}`}`;
}

/** The fields of a short chat with the model that costs a dollar for a million tokens. */
export const shortChat = {
  model: 'u:dear',
  max_tokens: 20,
  messages: [{ role: 'user' as const, content: 'hi' }],
};
