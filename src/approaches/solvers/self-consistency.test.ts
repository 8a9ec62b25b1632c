import { describe, expect, test } from 'vitest';
import { type CandidateScript, candidateScript, divide, materialOf } from '../../../test/harness/candidate-script.ts';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import { majorityVoting, selfConsistency } from './self-consistency.ts';

const sums = ['The answer is 4.', 'I get \\boxed{5}', '2 + 2 makes two twos.\n\n#### 4', 'Final answer: **4.0**', '7'];

function start(script: CandidateScript, options: Partial<SolvingOptions> = {}) {
  const stages = [selfConsistency, majorityVoting];
  return startSolving({ stages, plan: 'self_consistency', script: candidateScript(script), ...options });
}

describe('self_consistency', () => {
  test.each(['self_consistency', 'majority_voting'])(
    '%s gives the first reply with the answer of most',
    async (plan) => {
      const rig = await start({ candidates: sums, usage: { prompt_tokens: 8, completion_tokens: 40 } }, { plan });
      const { text, body, finish } = await rig.solve('What is 2 + 2?');
      expect(text).toBe(sums[0]);
      const votes = [
        { answer: '4', count: 3 },
        { answer: '5', count: 1 },
        { answer: '7', count: 1 },
      ];
      expect(body.headrace).toMatchObject({ approach: plan, calls: 1, votes });
      expect(body.headrace).not.toHaveProperty('chosen');
      expect(body.usage).toMatchObject({ prompt_tokens: 8, completion_tokens: 40, total_tokens: 48 });
      expect(finish.usage).toMatchObject({ totalTokens: 48 });
      expect(rig.sent()).toMatchObject([{ n: 5, temperature: 1 }]);
    },
  );

  test.each([
    ['a later majority', ['It is 5: answer is 5', 'Answer: 4', 'x\n4'], 1],
    ['a tie: the earliest', ['Answer: 5', 'Answer: 4', 'Answer: 4.0', 'Answer: 5'], 0],
    ['nothing readable: the first', ['Blue skies', 'Green fields', 'Red roses'], 0],
    ['equal whole texts without an answer', ['Blue', 'Green fields', ' green  FIELDS.'], 1],
    [
      'thinking has no vote',
      ['<think>answer is 4</think>Answer: 9', 'Answer: 4', 'Answer: 9', 'Answer: 4', 'Answer: 9'],
      0,
    ],
  ])('%s', async (_, candidates, winner) => {
    const rig = await start({ candidates }, { parameters: { samples: candidates.length } });
    expect((await rig.solve('?')).text).toBe(candidates[winner]);
  });

  test('the texts themselves are not told as answers', async () => {
    const rig = await start({ candidates: ['Blue skies', 'Green fields'] }, { parameters: { samples: 2 } });
    const { body } = await rig.solve('?', { stream: true });
    expect(body).toContain('skies');
    expect(body).not.toMatch(/fields/i);
    expect(body).toContain('"votes":[{"answer":null,"count":1},{"answer":null,"count":1}]');
  });

  test('failed samples are left out', async () => {
    const candidates = [{ status: 500 }, 'Answer: 4', { status: 500 }, '<think>Answer: 5', 'Answer: 4'];
    const rig = await start({ candidates, several: 'refused' });
    const { text, body } = await rig.solve('?');
    expect(text).toBe('Answer: 4');
    expect(body.headrace).toMatchObject({ calls: 6, votes: [{ answer: '4', count: 2 }] });
  });

  test('keeps the fields and the format of the request', async () => {
    const rig = await start({ candidates: ['{"answer": 4}'] }, { parameters: { samples: 2, temperature: 0.8 } });
    const fields = { stop: ['X'], max_completion_tokens: 9, seed: 1, response_format: { type: 'json_object' } };
    await rig.solve('?', { ...fields, temperature: 0.2 });
    expect(rig.sent()).toMatchObject([{ ...fields, n: 2, temperature: 0.8 }]);
    expect(rig.sent()[0]).not.toHaveProperty('max_tokens');
  });
});

describe('self_consistency by a vote of the model', () => {
  const parameters = { vote: 'model', samples: 3 };
  const candidates = ['Blue skies', 'Green fields', 'Fields of green'];

  test('gives the reply that it chooses', async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 2 };
    const rig = await start({ candidates, shown: () => 'Best: 3', usage }, { parameters });
    const { text, body } = await rig.solve('Which?', { temperature: 0.9, user: 'someone', stop: ['X'] });
    expect(text).toBe('Fields of green');
    expect(body.headrace).toMatchObject({ calls: 2, chosen: 3 });
    expect(body.usage.total_tokens).toBe(6);
    const { shown } = divide(rig.sent());
    expect(shown).toMatchObject([{ temperature: 0.1, user: 'someone' }]);
    expect(shown[0]).not.toHaveProperty('stop');
    const material = materialOf(shown[0] ?? {});
    for (const candidate of candidates) expect(material).toContain(candidate);
  });

  test.each([
    ['not to be read', 'None of them'],
    ['out of range', 'Best: 4'],
    ['cut off', { content: 'Best: 3', finish_reason: 'length' }],
    ['failed', { status: 500 }],
  ])('where its choice is %s, the votes decide', async (_, reply) => {
    const rig = await start({ candidates: ['Blue', 'Green', 'green'], shown: () => reply }, { parameters });
    const { text, body } = await rig.solve('Which?');
    expect(text).toBe('Green');
    expect(body.headrace).toMatchObject({ calls: 2, chosen: 2 });
  });

  test('is not asked about one reply', async () => {
    const rig = await start({ candidates }, { parameters: { vote: 'model', samples: 1 } });
    expect(await rig.solve('Which?')).toMatchObject({ text: 'Blue skies', body: { headrace: { calls: 1 } } });
  });

  test('a budget that ends before it gives the winner of the votes', async () => {
    const budget = { maxCalls: 1 };
    const rig = await start({ candidates: ['Blue', 'Green', 'green'], shown: () => 'Best: 1' }, { parameters, budget });
    const { text, headers } = await rig.solve('Which?');
    expect([text, headers['x-headrace-stopped']]).toEqual(['Green', 'max_calls']);
  });

  test('says beforehand how many calls it makes at most', () => {
    const most = (values: object) => selfConsistency.maximumCalls({ samples: 5, vote: 'exact', ...values });
    expect([most({}), most({ vote: 'model' }), most({ vote: 'model', samples: 1 })]).toEqual([1, 2, 1]);
  });
});
