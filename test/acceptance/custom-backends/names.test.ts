import { describe, expect, it } from 'vitest';
import { startFakeBackend } from '../../fake-backend/fake-backend.ts';
import { startTestGateway } from '../../harness/test-gateway.ts';
import { customYaml, failure, hello, modelYaml, postTo, startRig } from './rig.ts';

const key = 'a-key-of-this-test-1234';

describe('which backend and model a name means', () => {
  it('sends a chat of a minimal file to its URL, under the bare model name and with its key', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({
      files: { 'backends/my-custom-backend/backend.yaml': customYaml(`${backend.url}/v1`, 'api_key_env_var: MY_KEY') },
      env: { MY_KEY: key },
    });
    const answer = await gateway.post('/v1/chat/completions', { ...hello, model: 'my-custom-backend:m' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'one two three' } }] });
    const [post] = backend.posts();
    expect([post?.method, post?.path, post?.model]).toEqual(['POST', '/v1/chat/completions', 'm']);
    expect(post?.headers.authorization).toBe(`Bearer ${key}`);
    expect(answer.headers.get('x-headrace-backend')).toBe('my-custom-backend');
    expect(answer.headers.get('x-headrace-model')).toBe('m');
    expect(answer.headers.get('x-headrace-attempts')).toBe('1');
  });

  it('sends a bare name to the default backend', async () => {
    const backend = await startFakeBackend();
    const gateway = await startTestGateway({
      files: {
        'backends/internal-llm/backend.yaml': customYaml(`${backend.url}/v1`),
        'backends/other/backend.yaml': customYaml('http://127.0.0.1:9/v1'),
      },
      flags: { defaultBackend: 'internal-llm' },
    });
    const answer = await gateway.post('/v1/chat/completions', { ...hello, model: 'company-gpt-large' });
    expect([answer.status, backend.posts()[0]?.model]).toEqual([200, 'company-gpt-large']);
  });

  it('refuses a bare name of two backends, and reaches each by its prefix', async () => {
    const first = await startFakeBackend();
    const second = await startFakeBackend();
    const gateway = await startTestGateway({
      files: {
        'backends/a/backend.yaml': customYaml(`${first.url}/v1`, modelYaml({})),
        'backends/b/backend.yaml': customYaml(`${second.url}/v1`, modelYaml({})),
      },
    });
    const url = `${gateway.url}/v1/chat/completions`;
    const refused = failure(await postTo(url, { ...hello, model: 'm' }));
    expect([refused.status, refused.error.code]).toEqual([400, 'ambiguous_model']);
    expect(refused.error.message).toContain('a:m');
    expect(refused.error.message).toContain('b:m');
    expect([first.posts().length, second.posts().length]).toEqual([0, 0]);
    expect((await postTo(url, { ...hello, model: 'a:m' })).headers['x-headrace-backend']).toBe('a');
    expect((await postTo(url, { ...hello, model: 'b:m' })).headers['x-headrace-backend']).toBe('b');
    expect([first.posts()[0]?.model, second.posts()[0]?.model]).toEqual(['m', 'm']);
  });

  it('passes a model that is not listed without limits and defaults, and says so once', async () => {
    const yaml = modelYaml({ max_input_tokens: 1 }, { parameters: { temperature: 0.3 } });
    const { chat, backend, gateway } = await startRig({ yaml });
    for (let call = 0; call < 3; call++) expect((await chat({ model: 'u:unlisted' })).status).toBe(200);
    expect(backend.posts().map((post) => post.json)).toEqual(Array(3).fill({ ...hello, model: 'unlisted' }));
    const said = gateway.log().filter((line) => String(line.msg).includes('not declared'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ backend: 'u', model: 'unlisted' });
  });

  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['a bare prefix', 'u:'],
  ])('takes default_model where the model is %s', async (_how, model) => {
    const { post, backend } = await startRig({ yaml: 'default_model: d', flags: { defaultBackend: 'u' } });
    const { messages } = hello;
    const answer = await post('/v1/chat/completions', model === undefined ? { messages } : { model, messages });
    expect([answer.status, answer.headers['x-headrace-model']]).toEqual([200, 'd']);
    expect(backend.posts()[0]?.json).toEqual({ model: 'd', messages });
  });

  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
  ])('refuses a call whose model is %s where there is no default_model', async (_how, model) => {
    const { chat, backend } = await startRig({ flags: { defaultBackend: 'u' } });
    const { status, error } = failure(await chat({ model }));
    expect([status, error.code, error.param]).toEqual([400, 'invalid_request', 'model']);
    expect(backend.posts()).toHaveLength(0);
  });

  it('lists the declared models with what is known of them, and no secret', async () => {
    const yaml = `api_key_env_var: MY_KEY\nheaders: {X-Org: org-secret-5678}\n${modelYaml({ context_window: 32000, max_output_tokens: 4000 })}`;
    const { gateway, backend } = await startRig({ yaml, env: { MY_KEY: key } });
    const text = await (await gateway.get('/v1/models')).text();
    const { object, data } = JSON.parse(text);
    expect(object).toBe('list');
    expect(data).toMatchObject([{ id: 'u:m', owned_by: 'u', context_window: 32000, max_output_tokens: 4000 }]);
    expect(text).not.toContain(key);
    expect(text).not.toContain('org-secret');
    expect(text).not.toContain(String(backend.port));
  });
});
