import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { findPostgres, type RealPostgres, startPostgres } from '../../harness/real-postgres.ts';
import { backendYaml, startTestGateway } from '../../harness/test-gateway.ts';

const programs = findPostgres();
let postgres: RealPostgres;

describe.skipIf(programs === undefined)('two replicas that share a database', () => {
  beforeAll(async () => {
    postgres = await startPostgres(programs as string);
  });
  afterAll(() => postgres?.stop());

  async function startTwo() {
    const backend = await startFakeBackend([{}]);
    const files = {
      'backends/a/backend.yaml': backendYaml(`${backend.url}/v1`, 'auth_type: none\nmodels: {m: {}, other: {}}'),
      'external-api-connectors.toml': `[p]\nbase_url = "${backend.url}/v1"\napi_key = "none"\n[p.x]\ninternal = "inner"\nexternal = "outer"\n`,
    };
    const env = { HEADRACE_STORAGE_URL: await postgres.createDatabase(), HEADRACE_REPLICAS: '2' };
    return [await startTestGateway({ files, env }), await startTestGateway({ files, env })] as const;
  }

  it('both lose a model that is deleted in one of them', async () => {
    const [first, second] = await startTwo();
    const ask = async (model: string) =>
      (await second.post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'hi' }] })).status;
    expect(await ask('a:m')).toBe(200);
    expect((await fetch(`${first.url}/model-packages/a:m`, { method: 'DELETE' })).status).toBe(204);
    await expect.poll(() => ask('a:m')).toBe(404);
    expect(await ask('a:other')).toBe(200);
  });

  it('refuse to delete a connector, which is kept nowhere', async () => {
    const [first] = await startTwo();
    const answer = await fetch(`${first.url}/model-packages/inner`, { method: 'DELETE' });
    expect(answer.status).toBe(409);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toContain(
      'take "inner" out of its file',
    );
  });
});
