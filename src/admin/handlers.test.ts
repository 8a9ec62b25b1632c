import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startTestGateway } from '../../test/harness/test-gateway.ts';

interface Shown {
  readonly settings: readonly { name: string; value: unknown; source: string }[];
}

describe('GET /admin/config', () => {
  it('shows every value with its source, and of a secret at most its end', async () => {
    const gateway = await startTestGateway({
      files: {
        'headrace.yaml': 'stream_heartbeat: 7\n',
        'backends/a/backend.yaml':
          'backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\napi_key_env_var: A_KEY\nheaders:\n  x-org: org-secret-value\nmodels:\n  "m.1": {limits: {context_window: 5}}\n',
        'external-api-connectors.toml':
          '[p]\nbase_url = "http://127.0.0.1:9/v1"\napi_key = "key-of-the-provider"\n[p.c]\ninternal = "i"\nexternal = "e"\n',
      },
      env: { A_KEY: 'key-of-the-backend', HEADRACE_ADMIN_KEY: 'key-of-the-admin' },
    });
    const answer = await gateway.get('/admin/config', { authorization: 'Bearer key-of-the-admin' });
    const text = await answer.text();
    const body = JSON.parse(text) as Shown & { backends: (Shown & { name: string })[]; providers: Shown[] };
    const of = (shown: Shown | undefined, name: string) => shown?.settings.find((setting) => setting.name === name);
    expect(of(body, 'stream_heartbeat')).toMatchObject({
      value: 7,
      source: expect.stringMatching(/headrace\.yaml:1:19$/),
    });
    expect(of(body, 'listen.host')).toMatchObject({ source: 'default' });
    const [backend] = body.backends;
    expect(of(backend, 'models."m.1".limits.context_window')).toMatchObject({
      value: 5,
      source: expect.stringMatching(/backend\.yaml:7:36$/),
    });
    expect(of(backend, 'timeout')).toEqual({ name: 'timeout', value: 600, source: 'default' });
    expect(of(backend, 'key')).toEqual({ name: 'key', value: 'env A_KEY ...kend', source: 'environment A_KEY' });
    expect(of(backend, 'headers.x-org')).toMatchObject({ value: '...alue' });
    expect(of(body.providers[0], 'api_key')).toMatchObject({
      value: '...ider',
      source: expect.stringMatching(/:3:11$/),
    });
    for (const secret of ['key-of-the-backend', 'org-secret-value', 'key-of-the-provider', 'key-of-the-admin']) {
      expect(text).not.toContain(secret);
    }
  });

  it('shows what is in force, also where the file is another by now', async () => {
    const file = (window: number) =>
      `backend_type: custom\napi_base_url: http://127.0.0.1:9/v1\nauth_type: none\nmodels: {m: {limits: {context_window: ${window}}}}\n`;
    const path = 'backends/a/backend.yaml';
    const gateway = await startTestGateway({
      files: { [path]: file(5) },
      env: { HEADRACE_ADMIN_KEY: 'key-of-the-admin' },
    });
    const shown = async () => {
      const answer = await gateway.get('/admin/config', { authorization: 'Bearer key-of-the-admin' });
      const { backends } = (await answer.json()) as { backends: Shown[] };
      return backends[0]?.settings.find(({ name }) => name === 'models.m.limits.context_window')?.value;
    };
    await writeFile(join(gateway.folder, path), 'backend_type: [');
    expect((await gateway.gateway.reload('a broken file')).ok).toBe(false);
    expect(await shown()).toBe(5);
    await writeFile(join(gateway.folder, path), file(6));
    expect((await gateway.gateway.reload('a good file')).ok).toBe(true);
    expect(await shown()).toBe(6);
  });

  it('is for admins only', async () => {
    const gateway = await startTestGateway({ env: { HEADRACE_ADMIN_KEY: 'key-of-the-admin' } });
    expect((await gateway.get('/admin/config')).status).toBe(401);
  });
});
