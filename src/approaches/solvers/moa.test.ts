import { describe, expect, test } from 'vitest';
import { divide, materialOf } from '../../../test/harness/candidate-script.ts';
import { startSolving } from '../../../test/harness/solving.ts';
import { moa } from './moa.ts';
import { expectIn, startMoa, three, usage } from './test-moa.ts';

describe('moa', () => {
  test('samples, reviews and answers, in three calls', async () => {
    const rig = await startMoa({ usage });
    const { text, body, headers, finish } = await rig.solve('Which?');
    expect(text).toBe('the final answer');
    expect(headers).toMatchObject({ 'x-headrace-approach': 'moa', 'x-headrace-calls': '3' });
    expect(body.headrace).toMatchObject({ approach: 'moa', calls: 3 });
    expect(body.usage).toMatchObject({ prompt_tokens: 60, completion_tokens: 9, total_tokens: 69 });
    expect(finish.usage).toMatchObject({ promptTokens: 60 });
    const [sampling = {}, critique = {}, answer = {}] = rig.sent();
    expect(rig.sent()).toHaveLength(3);
    expect(sampling).toMatchObject({ n: 3, temperature: 1 });
    expect(critique).toMatchObject({ temperature: 0.1 });
    expect(answer).toMatchObject({ temperature: 0.1 });
    for (const call of [critique, answer]) expect(call).not.toHaveProperty('n');
    for (const call of [critique, answer]) expect(call.messages[0]).toEqual({ role: 'user', content: 'Which?' });
    expectIn(materialOf(critique), three);
    expectIn(materialOf(answer), [...three, 'critical remarks']);
  });

  test('the fields of the request go to candidates and the answer, only `user` to the critique', async () => {
    const rig = await startMoa();
    const fields = { max_completion_tokens: 40, stop: ['X'], seed: 5, custom: [1], response_format: { type: 'text' } };
    await rig.solve('Which?', { ...fields, temperature: 0.8, user: 'someone' });
    const [sampling = {}, critique = {}, answer = {}] = rig.sent();
    expect(sampling).toMatchObject({ ...fields, temperature: 0.8, user: 'someone' });
    expect(answer).toMatchObject({ ...fields, temperature: 0.8, user: 'someone' });
    expect(critique).toEqual({ model: 'm', messages: critique.messages, user: 'someone', temperature: 0.1 });
  });

  test.each([
    ['without a critique', { critique: false }, undefined],
    ['where the critique fails', {}, { status: 500 }],
    ['where the critique was cut off', {}, { content: 'critical remarks', finish_reason: 'length' }],
  ])('answers %s', async (_, parameters, critique) => {
    const shown = (_material: string, turn: number) => (turn === 0 && critique ? critique : 'the final answer');
    const rig = await startMoa({ shown }, { parameters });
    const { text, body } = await rig.solve('Which?');
    expect(text).toBe('the final answer');
    expect(body.headrace.calls).toBe(critique === undefined ? 2 : 3);
    const material = materialOf(rig.sent().at(-1) ?? {});
    expectIn(material, three);
    expect(material).not.toContain('critical remarks');
  });

  test('each further layer sees the candidates of the one before', async () => {
    const shown = (_: string, turn: number) => ['delta', 'critical remarks', 'the final answer'][turn] as string;
    const rig = await startMoa({ shown, candidates: three }, { parameters: { layers: 2, candidates: 2 } });
    expect((await rig.solve('Which?')).body.headrace.calls).toBe(4);
    const [, second = {}, critique = {}, answer = {}] = rig.sent();
    expect(second).toMatchObject({ n: 2, temperature: 1 });
    expectIn(materialOf(second), ['alpha', 'beta']);
    for (const call of [critique, answer]) {
      expectIn(materialOf(call), ['delta']);
      expect(materialOf(call)).not.toContain('alpha');
    }
  });

  test('several proposers take turns, all at once; the aggregator reviews and answers', async () => {
    const parameters = {
      proposers: ['u:one', 'u:two'],
      candidates: 3,
      aggregator: 'u:wise',
      aggregator_temperature: 0.4,
    };
    const rig = await startMoa({}, { parameters });
    const { body } = await rig.solve('Which?', { temperature: 0.9 });
    const { plain, shown } = divide(rig.sent());
    expect(plain.toSorted((one, other) => (one.model < other.model ? -1 : 1))).toMatchObject([
      { model: 'one', n: 2, temperature: 0.9 },
      { model: 'two', temperature: 0.9 },
    ]);
    expect(plain.find(({ model }) => model === 'two')).not.toHaveProperty('n');
    expect(shown).toMatchObject([
      { model: 'wise', temperature: 0.1 },
      { model: 'wise', temperature: 0.4 },
    ]);
    expectIn(materialOf(shown[1] ?? {}), three);
    expect(Object.keys(body.headrace.usage_by_model).toSorted()).toEqual(['u:one', 'u:two', 'u:wise']);
  });

  test('several proposers give one candidate each, and a failed one is left out', async () => {
    const rig = await startSolving({
      stages: [moa],
      plan: 'moa',
      parameters: { proposers: ['u:one', 'u:two', 'u:three', 'u:four'] },
      script: ({ json, model }) => (model === 'two' ? { status: 500 } : { content: `by ${json.model}` }),
    });
    await rig.solve('Which?');
    const { plain, shown } = divide(rig.sent());
    expect(plain.map(({ model }) => model).toSorted()).toEqual(['four', 'one', 'three', 'two']);
    const material = materialOf(shown[0] ?? {});
    expectIn(material, ['by one', 'by three', 'by four']);
    expect(material).not.toContain('by two');
  });

  test('a failed last answer is the error, and is not to be tried again', async () => {
    const shown = (_: string, turn: number) => (turn === 0 ? 'critical remarks' : { status: 404 });
    const rig = await startMoa({ shown });
    const headers = expect.arrayContaining([['x-should-retry', 'false']]);
    await expect(rig.solve('Which?')).rejects.toMatchObject({ status: 404, headers });
  });

  test('says beforehand how many calls it makes at most', () => {
    const most = (values: object) => moa.maximumCalls(moa.parameters.parse(values) as never);
    const proposers = ['a', 'b', 'c'];
    expect([most({}), most({ critique: false }), most({ layers: 2 })]).toEqual([3, 2, 4]);
    expect([most({ proposers }), most({ proposers, layers: 3 }), most({ proposers, candidates: 2 })]).toEqual([
      5, 11, 4,
    ]);
  });
});
