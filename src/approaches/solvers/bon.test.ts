import { describe, expect, test } from 'vitest';
import { type CandidateScript, candidateScript, divide, materialOf } from '../../../test/harness/candidate-script.ts';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import { bon } from './bon.ts';

const three = ['alpha', 'beta', 'gamma'];

function start(script: CandidateScript, options: Partial<SolvingOptions> = {}) {
  return startSolving({ stages: [bon], plan: 'bon', script: candidateScript(script), ...options });
}

/** Rates a candidate by the word that it consists of. */
function rated(ratings: Readonly<Record<string, unknown>>): NonNullable<CandidateScript['shown']> {
  return (material) => ratings[three.find((word) => material.includes(word)) ?? ''] as string;
}

describe('bon', () => {
  test('gives the candidate with the highest rating; one that cannot be read ranks below every number', async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 3 };
    const script = candidateScript({ candidates: three, shown: rated({ alpha: '2', beta: '9', gamma: 'bad' }), usage });
    const rig = await startSolving({ stages: [bon], plan: 'bon', script });
    const { text, body, headers, finish } = await rig.solve('Which?');
    expect(text).toBe('beta');
    expect(body.headrace).toMatchObject({ approach: 'bon', calls: 4, scores: [2, 9, null], chosen: 2 });
    expect(headers['x-headrace-calls']).toBe('4');
    expect(body.usage).toMatchObject({ prompt_tokens: 40, completion_tokens: 12, total_tokens: 52 });
    expect(finish.usage).toMatchObject({ promptTokens: 40, completionTokens: 12, totalTokens: 52 });
    expect(body.headrace.usage_by_model['u:m']).toMatchObject({ total_tokens: 52 });
  });

  test('samples at once, then rates each candidate by itself', async () => {
    const rig = await start({ candidates: three });
    const common = { user: 'someone' };
    await rig.solve('Which?', { ...common, max_tokens: 50, stop: ['X'], seed: 7, presence_penalty: 0.5, custom: true });
    const { plain, shown } = divide(rig.sent());
    expect(plain).toHaveLength(1);
    expect(plain[0]).toMatchObject({
      ...common,
      n: 3,
      temperature: 1,
      max_tokens: 50,
      stop: ['X'],
      seed: 7,
      custom: true,
    });
    expect(shown).toHaveLength(3);
    for (const call of shown) {
      expect(call.messages[0]).toEqual({ role: 'user', content: 'Which?' });
      expect(call).toMatchObject({ ...common, temperature: 0.1 });
      for (const field of ['n', 'max_tokens', 'stop', 'seed', 'presence_penalty', 'custom']) {
        expect(call).not.toHaveProperty(field);
      }
    }
    const seen = shown.map((call) => three.filter((word) => materialOf(call).includes(word)));
    expect(seen.toSorted()).toEqual([['alpha'], ['beta'], ['gamma']]);
  });

  test.each([
    ['a tie goes to the first', { alpha: '4', beta: '9/10', gamma: 'Score: 9' }, 'beta', [4, 9, 9]],
    ['nothing readable: the first', { alpha: 'good', beta: '11', gamma: '' }, 'alpha', [null, null, null]],
    [
      'a rating of 0 is above one that cannot be read',
      { alpha: 'good', beta: '0', gamma: '-1' },
      'beta',
      [null, 0, null],
    ],
    ['thinking is no rating', { alpha: '3', beta: '<think>10</think>2', gamma: '1' }, 'alpha', [3, 2, 1]],
    ['a failed rating', { alpha: { status: 500 }, beta: '1', gamma: '1' }, 'beta', [null, 1, 1]],
    [
      'a rating that was cut off',
      { alpha: { content: '10', finish_reason: 'length' }, beta: '1', gamma: '2' },
      'gamma',
      [null, 1, 2],
    ],
  ])('%s', async (_, ratings, winner, scores) => {
    const rig = await start({ candidates: three, shown: rated(ratings) });
    const { text, body } = await rig.solve('Which?');
    expect(text).toBe(winner);
    expect(body.headrace).toMatchObject({ scores, chosen: three.indexOf(winner) + 1 });
  });

  test.each([401, 403])('a rating that is answered with %i ends it', async (status) => {
    const rig = await start({ candidates: three, shown: rated({ alpha: '5', beta: { status }, gamma: '5' }) });
    await expect(rig.solve('Which?')).rejects.toMatchObject({
      headers: expect.arrayContaining([['x-should-retry', 'false']]),
    });
  });

  test('one candidate is given without a rating, also where the others have failed', async () => {
    const single = await start({ candidates: three }, { parameters: { candidates: 1 } });
    expect(await single.solve('Which?')).toMatchObject({ text: 'alpha', body: { headrace: { calls: 1 } } });
    expect(single.sent()[0]).not.toHaveProperty('n');
    const candidates = [{ status: 500 }, 'beta', '<think>nothing'];
    const others = await start({ candidates, several: 'refused' });
    expect(await others.solve('Which?')).toMatchObject({ text: 'beta', body: { headrace: { calls: 4 } } });
  });

  test('takes its parameters', async () => {
    const parameters = { candidates: 2, judge: 'u:wise', temperature: 0.3, helper_max_tokens: 900 };
    const rig = await start({ candidates: three }, { parameters });
    await rig.solve('Which?', { temperature: 0.9 });
    const { plain, shown } = divide(rig.sent());
    expect(plain).toMatchObject([{ model: 'm', n: 2, temperature: 0.3 }]);
    expect(shown).toMatchObject(Array(2).fill({ model: 'wise', temperature: 0.1, max_tokens: 900 }));
  });

  test("the request's temperature goes before its own, and its format to candidates only", async () => {
    const rig = await start({ candidates: three });
    await rig.solve('Which?', { temperature: 0.9, response_format: { type: 'text' } });
    const { plain, shown } = divide(rig.sent());
    expect(plain).toMatchObject([{ temperature: 0.9, response_format: { type: 'text' } }]);
    for (const call of shown) expect(call).not.toHaveProperty('response_format');
  });

  test('a stream holds the chosen text only', async () => {
    const shown = rated({ alpha: '2', beta: '9', gamma: '3' });
    const rig = await start({ candidates: three, shown });
    const { text, body, events } = await rig.solve('Which?', { stream: true });
    expect(text).toBe('beta');
    expect(body).not.toMatch(/alpha|gamma/);
    expect(body.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(events[0].choices[0].delta.role).toBe('assistant');
    const end = events.at(-1);
    expect(end).toMatchObject({ choices: [{ finish_reason: 'stop' }], headrace: { calls: 4, chosen: 2 } });
    expect(events.some((event) => 'usage' in event)).toBe(false);
  });

  test('a deadline gives the best candidate so far', async () => {
    const shown = rated({ alpha: '2', beta: '9', gamma: { hang: true } });
    const rig = await start({ candidates: three, shown }, { budget: { deadlineMs: 1500 } });
    const { text, headers, body } = await rig.solve('Which?');
    expect(text).toBe('beta');
    expect(headers['x-headrace-stopped']).toBe('deadline');
    expect(body.headrace.stopped).toBe('deadline');
  });

  test('a deadline counts single candidates that are there already', async () => {
    const candidates = ['alpha', { hang: true }, { hang: true }];
    const rig = await start({ candidates, several: 'refused' }, { budget: { deadlineMs: 1500 } });
    expect(await rig.solve('Which?')).toMatchObject({ text: 'alpha', headers: { 'x-headrace-stopped': 'deadline' } });
  });

  test('requests at the same time keep their usage apart', async () => {
    const rig = await startSolving({
      stages: [bon],
      plan: 'bon',
      script: ({ json }) => {
        const [question] = json.messages as { content: string }[];
        return { content: '5', usage: { prompt_tokens: Number(question?.content), completion_tokens: 1 } };
      },
    });
    const answers = await Promise.all(['1', '20', '300'].map((question) => rig.solve(question)));
    expect(answers.map(({ body }) => body.usage.prompt_tokens)).toEqual([4, 80, 1200]);
  });

  test('says beforehand how many calls it makes at most', () => {
    expect(bon.maximumCalls({ candidates: 1 })).toBe(1);
    expect(bon.maximumCalls({ candidates: 5 })).toBe(6);
  });
});
