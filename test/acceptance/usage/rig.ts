import { expect } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { type AdminGateway, startAdminGateway } from '../../harness/admin-client.ts';
import { backendYaml } from '../../harness/test-gateway.ts';
import { models, type Script } from '../limits/callers.ts';

export interface UsageRig extends AdminGateway {
  readonly backend: Awaited<ReturnType<typeof startFakeBackend>>;
  /** A call; its whole answer is read. */
  call(fields?: object, headers?: Record<string, string>): Promise<Response>;
  /** All calls that were written, the oldest first, as soon as there are so many. */
  calls(count: number): Promise<ShownRow[]>;
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of any form
export type ShownRow = any;

/** A gateway that writes what it serves every 50 ms, with the models of the tests on limits. */
export async function startUsageRig(script: Script, settings: object = {}, key: object = {}): Promise<UsageRig> {
  const backend = await startFakeBackend(script);
  const admin = await startAdminGateway({
    files: {
      'headrace.yaml': `${Object.entries({ teams: { red: {} }, ...settings })
        .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
        .join('\n')}\n`,
      'backends/u/backend.yaml': backendYaml(
        `${backend.url}/v1`,
        `auth_type: none\nmax_retries: 0\nmodels: ${JSON.stringify(models)}`,
      ),
    },
    settings: 'storage: {folder: state, flush_interval: 0.05}',
  });
  const { secret } = await admin.create({ name: 'alice', owner: 'ann', team: 'red', tags: ['a', 'b'], ...key });
  const { gateway, ask } = admin;
  return {
    ...admin,
    backend,
    call: async (fields = {}, headers = {}) => {
      const body = { model: 'u:dear', max_tokens: 20, messages: [{ role: 'user', content: 'hi' }], ...fields };
      const answer = await gateway.post('/v1/chat/completions', body, {
        authorization: `Bearer ${secret}`,
        ...headers,
      });
      await answer.clone().text();
      return answer;
    },
    calls: async (count) => {
      let rows: ShownRow[] = [];
      await expect
        .poll(
          async () => {
            rows = (await ask('GET', '/admin/usage/calls?limit=1000')).body.data;
            return rows.length;
          },
          { timeout: 10_000 },
        )
        .toBe(count);
      return rows.toReversed();
    },
  };
}
