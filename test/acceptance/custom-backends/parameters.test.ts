import { describe, expect, it } from 'vitest';
import { modelYaml, startRig } from './rig.ts';

const temperature = modelYaml({}, { parameters: { temperature: 0.3 } });
const messages = [{ role: 'user', content: 'one two three' }];

describe('the parameters of a model', () => {
  it('fill what the client left out', async () => {
    const { chat, post, backend } = await startRig({ yaml: temperature });
    await chat();
    await post('/v1/completions', { model: 'u:m', prompt: 'one' });
    expect(backend.posts()[0]?.json).toEqual({ model: 'm', messages, temperature: 0.3 });
    expect(backend.posts()[1]?.json).toEqual({ model: 'm', prompt: 'one', temperature: 0.3 });
  });

  it.each([0.9, 0, false, '', null])('leave the client’s value %j alone', async (value) => {
    const { chat, backend } = await startRig({ yaml: temperature });
    await chat({ temperature: value });
    expect(backend.posts()[0]?.body.toString()).toBe(JSON.stringify({ model: 'm', messages, temperature: value }));
  });

  it('disturb nothing else of the body, and carry values of every kind', async () => {
    const parameters = { stop: ['\n', 'é'], logit_bias: { '50256': -100 }, seed: 7, user: 'us"er', logprobs: false };
    const { post, backend } = await startRig({ yaml: modelYaml({}, { parameters }) });
    const sent = '{ "model":"u:m" , "messages" : [ ] , "top_p":1.0 }\n';
    await post('/v1/chat/completions', sent);
    const got = backend.posts()[0]?.body.toString() ?? '';
    expect(JSON.parse(got)).toEqual({ model: 'm', messages: [], top_p: 1, ...parameters });
    expect(got.startsWith('{ "model":"m" , "messages" : [ ] , "top_p":1.0')).toBe(true);
    expect(got.endsWith(' }\n')).toBe(true);
  });

  it('are not for embeddings', async () => {
    const { post, backend } = await startRig({ yaml: temperature });
    await post('/v1/embeddings', { model: 'u:m', input: 'one' });
    expect(backend.posts()[0]?.json).toEqual({ model: 'm', input: 'one' });
  });

  it.each([
    ['max_tokens', 'max_completion_tokens'],
    ['max_completion_tokens', 'max_tokens'],
  ])('do not add %s where the client sent %s', async (given, sent) => {
    const { chat, backend } = await startRig({ yaml: modelYaml({}, { parameters: { [given]: 50 } }) });
    await chat({ [sent]: 5 });
    expect(backend.posts()[0]?.json).toEqual({ model: 'm', messages, [sent]: 5 });
    await chat();
    expect(backend.posts()[1]?.json).toEqual({ model: 'm', messages, [given]: 50 });
  });

  it('belong to the model, whatever name the client used for it', async () => {
    const { chat, backend } = await startRig({
      yaml: `default_model: m\n${temperature}`,
      flags: { defaultBackend: 'u' },
    });
    for (const model of ['u:m', 'm', 'u:', '']) await chat({ model });
    expect(backend.posts().map((post) => post.json)).toEqual(Array(4).fill({ model: 'm', messages, temperature: 0.3 }));
  });
});
