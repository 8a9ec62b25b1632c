import { describe, expect, test } from 'vitest';
import { startMars, textOf, three } from '../../../test/harness/mars-script.ts';
import { mars } from './mars.ts';

const alone = { agents: 1, aggregate_loops: 0 };

describe('one solution', () => {
  test('in which a mistake was found is rewritten, and the new text is what is verified next and given', async () => {
    const verdicts = (material: string) => (material.includes('better') ? 'All is CORRECT' : 'Step 2 fails. INCORRECT');
    const rig = await startMars({ answers: [['draft Answer: 1', 'better Answer: 2']], verdict: verdicts }, alone);
    const { text, body, finish } = await rig.solve('Q');
    expect(text).toBe('better Answer: 2');
    expect(body.headrace).toMatchObject({ approach: 'mars', calls: 5, verified: [true], rewrites: [1], chosen: 1 });
    expect(body.usage).toMatchObject({ prompt_tokens: 50, completion_tokens: 15, total_tokens: 65 });
    expect(finish.usage).toMatchObject({ totalTokens: 65 });
    const [solve, check, rewrite, again, twice] = rig.sent();
    expect(solve).toMatchObject({ temperature: 0.3 });
    expect(check).toMatchObject({ temperature: 0.1 });
    expect(textOf(check)).toContain('draft Answer: 1');
    expect(rewrite).toMatchObject({ temperature: 0.3 });
    expect(textOf(rewrite)).toContain('draft Answer: 1');
    expect(textOf(rewrite)).toContain('Step 2 fails.');
    for (const call of [again, twice]) {
      expect(call).toMatchObject({ temperature: 0.1 });
      expect(textOf(call)).toContain('better Answer: 2');
      expect(textOf(call)).not.toContain('draft');
    }
  });

  test('needs two confirmations in a row', async () => {
    const verdict = (material: string, turn: number) =>
      material.includes('better') || turn === 0 ? 'CORRECT' : 'INCORRECT';
    const rig = await startMars({ answers: [['draft', 'better']], verdict }, alone);
    expect(await rig.solve('Q')).toMatchObject({ text: 'better', body: { headrace: { calls: 6, rewrites: [1] } } });
  });

  test.each([
    ['neither word', 'It looks fine to me'],
    ['a failed call', { status: 500 }],
    ['a reply that was cut off', { content: 'loose end CORRECT', finish_reason: 'length' }],
  ])('is not confirmed by %s', async (_, reply) => {
    const verdict = (material: string) => (material.includes('better') ? 'CORRECT' : reply);
    const rig = await startMars({ answers: [['draft', 'better']], verdict }, alone);
    const { text, body } = await rig.solve('Q');
    expect(text).toBe('better');
    expect(body.headrace).toMatchObject({ verified: [true], rewrites: [1] });
    expect(textOf(rig.sent()[2])).not.toContain('loose end');
  });

  test('is rewritten so often at most, and then all end in a synthesis', async () => {
    const answers = [['draft', 'second', 'third', 'fourth']];
    const rig = await startMars({ answers, verdict: () => 'INCORRECT' }, { ...alone, iterations: 2 });
    const { text, body } = await rig.solve('Q');
    expect(text).toBe('synthesis');
    expect(body.headrace).toMatchObject({ calls: 7, verified: [false], rewrites: [2], chosen: null });
    expect(rig.sent().at(-1)).toMatchObject({ temperature: 0.3 });
    expect(textOf(rig.sent().at(-1))).toContain('third');
  });

  test('stays as it is where its rewrite fails', async () => {
    const rig = await startMars({ answers: [['draft', { status: 500 }]], verdict: () => 'INCORRECT' }, alone);
    const { text, body } = await rig.solve('Q');
    expect(text).toBe('synthesis');
    expect(body.headrace).toMatchObject({ calls: 4, verified: [false], rewrites: [0] });
    expect(textOf(rig.sent().at(-1))).toContain('draft');
  });

  test('no rewrites where none are wanted', async () => {
    const rig = await startMars({ answers: [['draft']], verdict: () => 'INCORRECT' }, { ...alone, iterations: 0 });
    expect(await rig.solve('Q')).toMatchObject({ text: 'synthesis', body: { headrace: { calls: 3 } } });
  });
});

test('the fields of the request reach the answer calls, and the format too; checks take the user alone', async () => {
  const fields = {
    temperature: 0.6,
    max_tokens: 90,
    stop: ['END'],
    seed: 3,
    user: 'me',
    response_format: { type: 'text' },
  };
  const agents = [{}, { temperature: 1 }];
  const parameters = { agents, aggregate_loops: 0, helper_max_tokens: 500 };
  const rig = await startMars({ answers: three, verdict: () => 'CORRECT' }, parameters);
  await rig.solve('Q', fields);
  const sent = rig.sent();
  expect(sent.slice(0, 2).toSorted((one, other) => one.temperature - other.temperature)).toMatchObject([
    fields,
    { ...fields, temperature: 1 },
  ]);
  for (const call of sent.slice(2)) {
    expect(call).toMatchObject({ temperature: 0.1, user: 'me', max_tokens: 500 });
    for (const field of ['stop', 'seed', 'response_format']) expect(call).not.toHaveProperty(field);
  }
});

test('a synthesis is passed on as a stream of its own, and a chosen solution in pieces', async () => {
  const refused = await startMars({ answers: [['draft']], verdict: () => 'INCORRECT' }, { ...alone, iterations: 0 });
  const live = await refused.solve('Q', { stream: true });
  expect(live.text).toBe('synthesis');
  expect(refused.sent().map(({ stream }) => stream === true)).toEqual([false, false, true]);
  expect(live.body).not.toContain('draft');
  expect(live.finish.usage).toMatchObject({ totalTokens: 39 });
  const confirmed = await startMars({ answers: [['draft']], verdict: () => 'CORRECT' }, alone);
  const chosen = await confirmed.solve('Q', { stream: true });
  expect(chosen.text).toBe('draft');
  expect(confirmed.sent().map(({ stream }) => stream === true)).toEqual([false, false, false]);
});

test('a spent budget gives what was confirmed so far', async () => {
  const verdict = (material: string) => (material.includes('beta') ? 'CORRECT' : { hang: true });
  const rig = await startMars({ answers: three, verdict }, { aggregate_loops: 0 }, { budget: { deadlineMs: 1500 } });
  const { text, headers } = await rig.solve('Q');
  expect(text).toBe('beta Answer: 2');
  expect(headers['x-headrace-stopped']).toBe('deadline');
});

test('says beforehand how many calls it makes at most', () => {
  const defaults = { agents: 3, aggregate_loops: 1, group: 3, iterations: 3 };
  expect(mars.maximumCalls(defaults)).toBe(40);
  expect(mars.maximumCalls({ ...defaults, agents: [{}, {}], aggregate_loops: 0, iterations: 1 })).toBe(13);
});
