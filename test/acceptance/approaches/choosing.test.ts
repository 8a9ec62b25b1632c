import { describe, expect, it } from 'vitest';
import { hello, postTo } from '../custom-backends/rig.ts';
import { startRouting, textOf } from '../routing/rig.ts';

const question = hello.messages[0]?.content ?? '';
const backends = { u: [{ content: 'an answer' }] };
const plain = { routes: { plain: { model: 'u:m' } } };

async function start(settings: object = plain, yaml = 'max_retries: 0\n') {
  const rig = await startRouting({ backends, yaml: { all: yaml }, settings });
  const lastQuestion = () => {
    const messages = rig.backend('u').posts().at(-1)?.json.messages as unknown as { content: string }[] | undefined;
    return messages?.at(-1)?.content ?? '';
  };
  const isTwice = () => lastQuestion().split(question).length === 3;
  return { ...rig, isTwice };
}

describe('an approach is chosen', () => {
  it.each([
    ['by its route', { model: 'twice' }, {}],
    ['by the body', { model: 'u:m', headrace_approach: 're2' }, {}],
    [
      'by the body as an object',
      { model: 'u:m', headrace_approach: { name: 're2', parameters: { temperature: 0.3 } } },
      {},
    ],
    ['by the name of another tool', { model: 'u:m', optillm_approach: 're2' }, {}],
    ['by both alike', { model: 'u:m', optillm_approach: 're2', headrace_approach: 're2' }, {}],
    ['by the header', { model: 'u:m' }, { 'x-headrace-approach': 're2' }],
    [
      'by the body, whatever the header says',
      { model: 'u:m', headrace_approach: 're2' },
      { 'x-headrace-approach': 'none' },
    ],
    ['by the name before the model', { model: 're2-u:m' }, {}],
    ['by its route and the body alike', { model: 'twice', headrace_approach: 're2' }, {}],
  ])('%s', async (_how, fields, headers) => {
    const { chat, backend, isTwice } = await start({ routes: { twice: { model: 'u:m', approach: 're2' } } });
    const answer = await chat(fields, { headers });
    expect([answer.status, textOf(answer)]).toEqual([200, 'an answer']);
    expect(isTwice()).toBe(true);
    expect(answer.headers).toMatchObject({
      'x-headrace-approach': 're2',
      'x-headrace-calls': '1',
      'x-headrace-backend': 'u',
      'x-headrace-model': 'm',
    });
    const body = JSON.parse(answer.text);
    expect(body.headrace).toMatchObject({ approach: 're2', calls: 1, usage_by_model: { 'u:m': {} } });
    const sent = backend('u').posts().at(-1)?.json;
    expect(sent).not.toHaveProperty('headrace_approach');
    expect(sent).not.toHaveProperty('optillm_approach');
    expect(sent).toMatchObject({ model: 'm' });
  });

  it('none means a plain call, and the fields still never go upstream', async () => {
    const { chat, backend, gateway } = await start();
    for (const fields of [{ headrace_approach: 'none' }, { optillm_approach: 'none', headrace_approach: 'none' }]) {
      expect((await chat({ model: 'u:m', ...fields })).status).toBe(200);
      expect(Object.keys(backend('u').posts().at(-1)?.json ?? {})).toEqual(['model', 'messages']);
    }
    const raw = '{"headrace_approach" : "none" , "model":"u:m","messages":[{"role":"user","content":"a, b"}]}';
    expect((await postTo(`${gateway.url}/v1/chat/completions`, raw)).status).toBe(200);
    expect(backend('u').posts().at(-1)?.body.toString()).toBe(
      '{ "model":"m","messages":[{"role":"user","content":"a, b"}]}',
    );
  });

  it.each([
    ['an unknown name', { headrace_approach: 'bom' }, /no approach "bom".*re2/],
    [
      'an unknown parameter',
      { headrace_approach: { name: 're2', parameters: { temprature: 1 } } },
      /temprature.*temperature/,
    ],
    ['a value out of range', { headrace_approach: { name: 're2', parameters: { temperature: 3 } } }, /temperature/],
    ['no name', { headrace_approach: { parameters: {} } }, /name/],
    ['a number', { headrace_approach: 5 }, /name or an object/],
    ['an unknown field', { headrace_approach: { name: 're2', params: {} } }, /params/],
    ['an unknown part of a budget', { headrace_approach: { name: 're2', budget: { calls: 1 } } }, /max_calls/],
    ['two that differ', { headrace_approach: 're2', optillm_approach: 'none' }, /different/],
    ['two solvers', { headrace_approach: 're2&re2' }, /second solver/],
    ['none in a pipeline', { headrace_approach: 're2&none' }, /none/],
    ['another than the model says', { model: 'twice', headrace_approach: 'none' }, /re2.*none/],
  ])('and %s is refused with what to write', async (_what, fields, message) => {
    const { chat, calls } = await start({ routes: { twice: { model: 'u:m', approach: 're2' } } });
    const answer = await chat({ model: 'u:m', ...fields });
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([400, 'invalid_request']);
    expect(JSON.parse(answer.text).error.message).toMatch(message);
    expect(calls().u).toBe(0);
  });

  it('but not by a name that means a model', async () => {
    const yaml = 'max_retries: 0\nmodels: {re2-large: {}}\n';
    const { chat, backend, isTwice } = await start(plain, yaml);
    await chat({ model: 're2-large' });
    expect([backend('u').posts().at(-1)?.json.model, isTwice()]).toEqual(['re2-large', false]);
    await chat({ model: 'u:re2-x' });
    expect([backend('u').posts().at(-1)?.json.model, isTwice()]).toEqual(['re2-x', false]);
  });

  it('only as the operator allows', async () => {
    const none = await start({ ...plain, approaches: { from_request: false } });
    const refused = await none.chat({ model: 'u:m', headrace_approach: 're2' });
    expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([403, 'permission_denied']);
    expect((await none.chat({ model: 'u:m', headrace_approach: 'none' })).status).toBe(200);
    const some = await start({
      routes: { twice: { model: 'u:m', approach: 're2' } },
      approaches: { from_request: ['re2'] },
    });
    expect((await some.chat({ model: 'u:m', headrace_approach: 're2' })).status).toBe(200);
  });

  it('for chat only', async () => {
    const { gateway } = await start();
    const answer = await gateway.post('/v1/embeddings', { model: 'u:m', input: 'x', headrace_approach: 're2' });
    expect(answer.status).toBe(400);
  });

  it('not for requests with tools, unless the route makes that an error', async () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    const { chat, backend } = await start();
    const skipped = await chat({ model: 'u:m', headrace_approach: 're2', tools });
    expect(skipped.headers['x-headrace-approach']).toBe('none; skipped=tools');
    expect(backend('u').posts().at(-1)?.json).toMatchObject({ tools, messages: hello.messages });
    const strict = await start({ routes: { r: { model: 'u:m', approach: 're2', with_tools: 'error' } } });
    expect((await strict.chat({ tools })).status).toBe(400);
  });
});

describe('a wrapper', () => {
  it('that hides personal data is never skipped without a word', async () => {
    const { chat, calls, backend } = await start({ routes: { r: { model: 'u:m', approach: 'privacy&re2' } } });
    const messages = [{ role: 'user', content: 'Write to ann@example.com' }];
    const refused = await chat({ messages, tools: [{ type: 'function', function: { name: 'f' } }] });
    expect([refused.status, JSON.parse(refused.text).error.param, calls().u]).toEqual([400, 'tools', 0]);
    expect((await chat({ messages })).status).toBe(200);
    expect(backend('u').posts().at(-1)?.body.toString()).not.toContain('ann@example.com');
  });
});

describe('an answer of an approach', () => {
  it('is streamed as it comes, with usage if and only if it was asked for', async () => {
    const { chat } = await start({ routes: { r: { model: 'u:m', approach: 're2' } } });
    for (const include of [false, true]) {
      const answer = await chat({ stream: true, ...(include && { stream_options: { include_usage: true } }) });
      expect([answer.status, textOf(answer)]).toEqual([200, 'an answer']);
      expect(answer.text.includes('"usage":{')).toBe(include);
      expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
      expect(answer.text).toContain('"headrace":{"approach":"re2","calls":1');
    }
  });

  it('gives as many choices as were asked for', async () => {
    const { chat, calls } = await start({ routes: { r: { model: 'u:m', approach: 're2' } } });
    const { choices, usage } = JSON.parse((await chat({ n: 3 })).text);
    expect(choices.map(({ index }: { index: number }) => index)).toEqual([0, 1, 2]);
    expect(calls().u).toBe(3);
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
  });

  it('is logged as one request, with the sum of its usage', async () => {
    const { chat, gateway } = await start({ routes: { r: { model: 'u:m', approach: 're2' } } });
    const { usage } = JSON.parse((await chat({ n: 2 })).text);
    const lines = gateway.log().filter(({ msg }) => msg === 'request');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ asked: 'r', attempts: 2, prompt_tokens: usage.prompt_tokens });
  });
});
