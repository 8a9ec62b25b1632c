import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { customYaml, failure, hello, postTo, startRig } from './rig.ts';

const routes = [
  ['/v1/chat/completions', { ...hello }, '/chat/completions'],
  ['/v1/completions', { model: 'u:m', prompt: 'one' }, '/completions'],
  ['/v1/embeddings', { model: 'u:m', input: 'one' }, '/embeddings'],
] as const;

describe('the URL that a call goes to', () => {
  it.each([
    ['', ''],
    ['/v1', '/v1'],
    ['/v1/', '/v1'],
    ['/v1//', '/v1'],
    ['/llm/api/v3/', '/llm/api/v3'],
  ])('is api_base_url "%s" and the route, with nothing between or added', async (path, mount) => {
    const backend = await startFakeBackend({ mount });
    const yaml = customYaml(backend.url + path);
    const gateway = await startTestGateway({ files: { 'backends/u/backend.yaml': yaml } });
    for (const [route, body, added] of routes) {
      expect((await postTo(gateway.url + route, body)).status).toBe(200);
      expect(backend.posts().at(-1)?.path).toBe(mount + added);
    }
  });

  it('keeps the query string of api_base_url behind the joined path', async () => {
    const backend = await startFakeBackend();
    const yaml = customYaml(`"${backend.url}/v1/?api-version=2026-01&x=%20"`);
    const gateway = await startTestGateway({ files: { 'backends/u/backend.yaml': yaml } });
    expect((await postTo(`${gateway.url}/v1/chat/completions`, hello)).status).toBe(200);
    const [post] = backend.posts();
    expect([post?.path, post?.query]).toEqual(['/v1/chat/completions', '?api-version=2026-01&x=%20']);
  });

  it.each([301, 302, 307, 308])('does not follow a redirect with status %i', async (status) => {
    const elsewhere = await startFakeBackend();
    const redirect = `${elsewhere.url}/v1/chat/completions`;
    const { chat, backend } = await startRig({ script: [{ status, redirect }], yaml: 'retry_delay: 0' });
    const refused = failure(await chat());
    expect([refused.status, refused.error.code]).toEqual([502, 'upstream_error']);
    expect(refused.error.message).toContain(elsewhere.url);
    expect([backend.posts().length, elsewhere.requests.length]).toEqual([1, 0]);
  });
});
