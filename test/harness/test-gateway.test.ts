import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from './test-gateway.ts';

describe('a gateway started from files', () => {
  it('answers a chat by the backend of its configuration', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({ files: { 'backends/a/backend.yaml': backendYaml(`${backend.url}/v1`) } });
    const body = { model: 'a:m', messages: [{ role: 'user', content: 'hello' }] };
    const answer = await gateway.post('/v1/chat/completions', body);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'hello' } }] });
    expect(backend.posts()[0]?.json).toEqual({ ...body, model: 'm' });
    expect(gateway.log().at(-1)).toMatchObject({ msg: 'request', status: 200, backend: 'a', model: 'm' });
  });
});
