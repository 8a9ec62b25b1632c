import { expect, test } from 'vitest';
import { countSteps, startCepo } from '../../../test/harness/cepo-script.ts';

test('are made at once, and the best rated one is given', async () => {
  const scores = ['4', '8', 'Rating: 8/10'];
  const rig = await startCepo({ rate: (_, material) => scores[Number(/final (\d)/.exec(material)?.[1])] ?? '' });
  const { text, body } = await rig.solve('Which?');
  expect(countSteps(rig.sent())).toEqual({ plan: 9, execute: 9, refine: 3, final: 3, rate: 3 });
  expect(body.headrace.calls).toBe(27);
  expect(body.headrace.scores.toSorted()).toEqual([4, 8, 8]);
  expect(body.headrace.chosen).toBe(body.headrace.scores.indexOf(8) + 1);
  expect(text).toMatch(/^final [12]$/);
  expect(body.usage.total_tokens).toBe(27 * 13);
});

test.each([
  ['failed', { status: 500 }],
  ['cut off', { content: '10', finish_reason: 'length' }],
  ['not to be read', 'fine'],
])('a rating that is %s ranks below every number', async (_, reply) => {
  const rate = (turn: number, material: string) => (material.includes('final 0') ? reply : turn < 0 ? '' : '0');
  const rig = await startCepo({ rate }, { candidates: 2, plans: 1 });
  expect(await rig.solve('Which?')).toMatchObject({ text: 'final 1' });
});

test('pairwise: each pair in both orders, one point for the winner', async () => {
  const rate = (_: number, material: string) => {
    const better = material.indexOf('final 2') >= 0 ? material.indexOf('final 2') : material.indexOf('final 1');
    const other = Math.max(
      ...['final 0', 'final 1'].map((text) => (material.indexOf(text) === better ? -1 : material.indexOf(text))),
    );
    return better < other ? 'Best: 1' : 'Best: 2';
  };
  const rig = await startCepo({ rate }, { plans: 1, rating: 'pairwise' });
  const { text, body } = await rig.solve('Which?');
  expect(text).toBe('final 2');
  expect(body.headrace.scores.toSorted()).toEqual([0, 2, 4]);
  expect(countSteps(rig.sent())).toEqual({ plan: 3, execute: 3, refine: 3, final: 3, rate: 6 });
});

test('pairwise: who only ever wins in the first place wins nothing by it', async () => {
  const rig = await startCepo({ rate: () => '1' }, { candidates: 2, plans: 1, rating: 'pairwise' });
  expect(await rig.solve('Which?')).toMatchObject({ body: { headrace: { scores: [1, 1], chosen: 1 } } });
});

test('majority: a vote without any call', async () => {
  const final = (turn: number) => `So the answer is ${turn === 0 ? 5 : 6}.`;
  const rig = await startCepo({ final }, { plans: 1, rating: 'majority' });
  const { text, body } = await rig.solve('Which?');
  expect(text).toBe('So the answer is 6.');
  expect(body.headrace).toMatchObject({
    calls: 12,
    votes: [
      { answer: '6', count: 2 },
      { answer: '5', count: 1 },
    ],
  });
});

test('a failed one is left out, and the last that is left needs no rating', async () => {
  const rig = await startCepo({ final: (turn) => (turn === 0 ? 'the only one' : { status: 500 }) }, { plans: 1 });
  const { text } = await rig.solve('Which?');
  expect(text).toBe('the only one');
  expect(countSteps(rig.sent())).not.toHaveProperty('rate');
});

test('where all fail, the error is theirs', async () => {
  const rig = await startCepo({ plan: () => ({ status: 404 }) }, { plans: 1 });
  await expect(rig.solve('Which?')).rejects.toMatchObject({ status: 404 });
  expect(rig.sent()).toHaveLength(3);
});

test('a refused key ends all', async () => {
  const rig = await startCepo({ rate: () => ({ status: 403 }) }, { plans: 1 });
  await expect(rig.solve('Which?')).rejects.toMatchObject({ code: 'upstream_auth_failed' });
});

test('a stream holds the chosen text alone', async () => {
  const rate = (_: number, material: string) => (material.includes('final 1') ? '9' : '1');
  const rig = await startCepo({ rate }, { candidates: 2, plans: 1 });
  const { text, body } = await rig.solve('Which?', { stream: true });
  expect(text).toBe('final 1');
  expect(body).not.toMatch(/final 0|plan|refine/);
});
