import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../../test/fake-backend/fake-backend.ts';
import { startSolving } from '../../../test/harness/solving.ts';
import { backendYaml, startTestGateway } from '../../../test/harness/test-gateway.ts';
import { parsePlan } from '../plan.ts';
import { bon } from '../solvers/bon.ts';
import type { Stage } from '../stage.ts';
import { json } from './json.ts';

const stages = [json, bon] as unknown as readonly Stage[];
const schema = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const schemaFormat = (own: unknown) => ({ type: 'json_schema', json_schema: { name: 'person', schema: own } });
const format = schemaFormat(schema);
const good = '{"name": "Ann", "age": 7}';
const usage = { prompt_tokens: 5, completion_tokens: 2 };

type Script = Parameters<typeof startSolving>[0]['script'];

function start(script: Script, plan = 'json', parameters = {}) {
  return startSolving({ stages, plan, parameters, script });
}

describe('json', () => {
  test('a valid answer is given as it was sent', async () => {
    const rig = await start([{ content: good }]);
    const { text, body } = await rig.solve('Who?', { response_format: format, temperature: 0.3 });
    expect(text).toBe(good);
    expect(rig.sent()).toHaveLength(1);
    expect(rig.sent()[0]).toMatchObject({ response_format: format, temperature: 0.3 });
    expect(body.headrace).not.toHaveProperty('repairs');
  });

  test.each([
    ['fenced', `Here it is:\n\`\`\`json\n${good}\n\`\`\`\nBye.`],
    ['amid prose', `The person [1] is ${good}, I think.`],
    ['behind thinking', `<think>{"name": 1}</think>${good}`],
  ])('JSON that stands %s is given alone', async (_where, content) => {
    const rig = await start([{ content }]);
    const { text } = await rig.solve('Who?', { response_format: format });
    expect(text).toBe(good);
    expect(rig.sent()).toHaveLength(1);
  });

  test('an invalid answer is repaired: with the text, the problems and the settings of the request', async () => {
    const bad = '{"name": "Ann", "age": "old", "height": 3}';
    const rig = await start([
      { content: bad, usage },
      { content: 'No.', usage },
      { content: good, usage },
    ]);
    const { text, body } = await rig.solve('Who?', { response_format: format, seed: 4 });
    expect(text).toBe(good);
    const [, first, second] = rig.sent();
    expect(first).toMatchObject({ response_format: format, seed: 4 });
    expect(first?.messages[0]).toEqual({ role: 'user', content: 'Who?' });
    const told = first?.messages.at(-1).content;
    for (const part of [bad, '/age', 'height']) expect(told).toContain(part);
    expect(second?.messages.at(-1).content).toContain('No.');
    expect(second?.messages.at(-1).content).not.toContain(bad);
    expect(body.headrace).toMatchObject({ calls: 3, repairs: 2 });
    expect(body.usage).toMatchObject({ total_tokens: 21 });
  });

  test('what stays invalid is an error that lists the problems, and must not be tried again', async () => {
    const rig = await start(() => ({ content: '{"name": "Ann"}' }));
    const error = await rig.solve('Who?', { response_format: format }).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'upstream_error', status: 502 });
    expect(error.message).toContain('age');
    expect(error.summary).not.toContain('age');
    expect(error.headers).toContainEqual(['x-should-retry', 'false']);
    expect(rig.sent()).toHaveLength(3);
  });

  test.each([0, 1, 4])('`repairs: %d` bounds the further calls', async (repairs) => {
    const rig = await start(() => ({ content: 'no' }), 'json', { repairs });
    await expect(rig.solve('Who?', { response_format: format })).rejects.toMatchObject({ status: 502 });
    expect(rig.sent()).toHaveLength(1 + repairs);
  });

  test.each([
    ['{"a": [1]}', 1],
    ['[1]', 3],
    ['"text"', 3],
    ['{"a": }', 3],
  ])('json_object: %s takes %d calls at most', async (content, calls) => {
    const rig = await start(() => ({ content }));
    const solved = rig.solve('Who?', { response_format: { type: 'json_object' } });
    if (calls === 1) await expect(solved).resolves.toMatchObject({ text: content });
    else await expect(solved).rejects.toMatchObject({ status: 502 });
    expect(rig.sent()).toHaveLength(calls);
  });

  test('the chosen one of several candidates is checked, and helper calls get no format', async () => {
    const rig = await start(
      ({ json: body }) => {
        if (body.n !== undefined) return { content: ['[]', good] };
        return { content: JSON.stringify(body.messages).includes('Ann') ? '2' : '9' };
      },
      'json&bon',
      { bon: { candidates: 2 } },
    );
    const replies = rig.solve('Who?', { response_format: format });
    await expect(replies).rejects.toMatchObject({ status: 502 });
    const withFormat = rig.sent().filter((sent) => 'response_format' in sent);
    expect(withFormat[0]).toMatchObject({ n: 2 });
    expect(rig.sent()).toHaveLength(1 + 2 + 2);
    expect(withFormat).toHaveLength(1 + 2);
  });

  test('a backend that refuses the format gets the schema as an instruction, and is not asked so again', async () => {
    let turn = 0;
    const rig = await start(({ json: body }) => {
      if ('response_format' in body) {
        return {
          status: 400,
          json: { error: { message: 'response_format is not supported', type: 'invalid_request' } },
        };
      }
      return { content: turn++ === 0 ? 'no' : good };
    });
    const { text, body } = await rig.solve('Who?', {
      response_format: format,
      messages: [{ role: 'user', content: 'Who?' }],
    });
    expect(text).toBe(good);
    const [refused, instructed, repair] = rig.sent();
    expect(refused).toHaveProperty('response_format');
    expect(instructed).not.toHaveProperty('response_format');
    expect(instructed?.messages[0]).toMatchObject({
      role: 'system',
      content: expect.stringContaining(JSON.stringify(schema)),
    });
    expect(repair).not.toHaveProperty('response_format');
    expect(body.headrace).toMatchObject({ calls: 3, repairs: 1 });
  });

  test.each([
    [{ message: 'Context is too long', type: 'invalid_request' }, 400],
    [{ message: 'response_format is not supported', type: 'x' }, 404],
  ])('any other failure is no reason to do so: %j with %d', async (error, status) => {
    const rig = await start([{ status, json: { error } }]);
    await expect(rig.solve('Who?', { response_format: format })).rejects.toMatchObject({ status });
    expect(rig.sent()).toHaveLength(1);
  });

  test('what asks for no JSON is passed on as it comes', async () => {
    const rig = await start([{ content: 'Four is the answer.' }]);
    const { text, events } = await rig.solve('Who?', { stream: true });
    expect(text).toBe('Four is the answer.');
    expect(rig.sent()[0]).toHaveProperty('stream', true);
    expect(events.length).toBeGreaterThan(2);
  });

  test('a stream gets nothing but the repaired answer', async () => {
    const rig = await start([{ content: 'secret draft' }, { content: good }]);
    const { text, body } = await rig.solve('Who?', { stream: true, response_format: format });
    expect(text).toBe(good);
    expect(body).not.toContain('draft');
    expect(rig.sent()[0]).not.toHaveProperty('stream', true);
  });

  const twice = (name: string) => ({ allOf: [{ $ref: `#/$defs/${name}` }, { $ref: `#/$defs/${name}` }] });
  const doubling = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`d${at}`, twice(`d${at + 1}`)]));
  test.each([
    ['that is none', 'text'],
    ['with a reference to nothing', { $ref: '#/$defs/no' }],
    ['that refers to itself', { $ref: '#' }],
    ['with a pattern that is none', { properties: { a: { type: 'string', pattern: '(' } } }],
    ['that takes for ever', { ...twice('d0'), $defs: { ...doubling, d40: {} } }],
  ])('a schema %s is the client’s mistake, told before any call', async (_what, own) => {
    const rig = await start([{ content: good }]);
    const solved = rig.solve('Who?', { response_format: schemaFormat(own) });
    await expect(solved).rejects.toMatchObject({ code: 'invalid_request', param: 'response_format' });
    expect(rig.sent()).toHaveLength(0);
  });

  test('a pattern that takes for ever on an answer holds nobody up for long', async () => {
    const rig = await start([{ content: `{"a": "${'a'.repeat(40)}!"}` }]);
    const own = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } };
    await expect(rig.solve('Who?', { response_format: schemaFormat(own) })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  test.each([{ repairs: -1 }, { repairs: 11 }, { repairs: 1.5 }, { repair: 1 }])('%j is refused', (parameters) => {
    const known = new Map(stages.map((stage) => [stage.name, stage]));
    expect(() => parsePlan('json', parameters, known)).toThrow(/repairs/);
  });
});

describe('an approach and a request it does not fit (B23)', () => {
  test('tools: one plain call with all that was sent, and the header says so', async () => {
    const backend = await startFakeBackend([{ content: 'no' }]);
    const gateway = await startTestGateway({ files: { 'backends/u/backend.yaml': backendYaml(backend.baseUrl) } });
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    const body = { model: 'u:m', messages: [{ role: 'user', content: 'Who?' }], tools, response_format: format, x: 1 };
    const response = await gateway.post('/v1/chat/completions', { ...body, headrace_approach: 're2' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-headrace-approach')).toBe('none; skipped=tools');
    expect(backend.posts().map(({ json: sent }) => sent)).toEqual([{ ...body, model: 'm' }]);
  });

  test('the final text is checked without the wrapper being named', async () => {
    const backend = await startFakeBackend([{ content: 'no' }, { content: good }]);
    const gateway = await startTestGateway({ files: { 'backends/u/backend.yaml': backendYaml(backend.baseUrl) } });
    const response = await gateway.post('/v1/chat/completions', {
      model: 'u:m',
      headrace_approach: 're2',
      messages: [{ role: 'user', content: 'Who?' }],
      response_format: format,
    });
    const body = (await response.json()) as { choices: { message: { content: string } }[]; headrace: object };
    expect(response.status).toBe(200);
    expect(body.choices[0]?.message.content).toBe(good);
    expect(body.headrace).toMatchObject({ approach: 're2', calls: 2, repairs: 1 });
  });
});
