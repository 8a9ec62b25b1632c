import { expect, test } from 'vitest';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import type { MockReply, ReplyFunction } from '../../mock/mock-reply.ts';
import { pvg } from './pvg.ts';

const usage = { prompt_tokens: 10, completion_tokens: 3 };
const helpful = ['alpha Answer: 1', 'beta Answer: 2', 'gamma Answer: 2'];
const wrong = ['kappa Answer: 7', 'epsilon Answer: 8', 'zeta Answer: 9'];

interface Script {
  /** By the word that an answer begins with. */
  readonly scores: Readonly<Record<string, string | MockReply>>;
  readonly helpful?: readonly string[];
  readonly wrong?: MockReply;
}

/** Scores are asked for at a temperature of their own; wrong answers where a helpful one is shown. */
function script({ scores, helpful: right = helpful, wrong: other = { content: wrong } }: Script): ReplyFunction {
  return ({ json }) => {
    const messages = json.messages as { content: string }[];
    const material = messages.at(-1)?.content ?? '';
    if (json.temperature !== 0.2) return { usage, ...(messages.length === 1 ? { content: right } : other) };
    const [, reply = '5'] = Object.entries(scores).find(([word]) => material.includes(word)) ?? [];
    return { usage, ...(typeof reply === 'string' ? { content: reply } : reply) };
  };
}

function start(options: Script, more: Partial<SolvingOptions> = {}) {
  return startSolving({ stages: [pvg], plan: 'pvg', script: script(options), ...more });
}

const telling = { alpha: '6', beta: '9', gamma: 'Score: 3/10', kappa: '1', epsilon: '2', zeta: '10' };

test('gives the best helpful answer where the verifier tells helpful ones from wrong ones', async () => {
  const rig = await start({ scores: telling });
  const { text, body, finish } = await rig.solve('Which?');
  expect(text).toBe(helpful[1]);
  expect(body.headrace).toMatchObject({
    approach: 'pvg',
    calls: 8,
    scores: [6, 9, 3],
    wrong_scores: [1, 2, 10],
    verifier_is_blind: false,
    chosen: 2,
  });
  expect(body.usage).toMatchObject({ prompt_tokens: 80, completion_tokens: 24, total_tokens: 104 });
  expect(finish.usage).toMatchObject({ totalTokens: 104 });
  const [first, second, ...ratings] = rig.sent();
  expect(first).toMatchObject({ n: 3, temperature: 0.7, messages: [{ role: 'user', content: 'Which?' }] });
  expect(second).toMatchObject({ n: 3, temperature: 0.7 });
  expect(second?.messages[0]).toEqual({ role: 'user', content: 'Which?' });
  expect(JSON.stringify(second?.messages)).toContain(helpful[0]);
  expect(ratings).toHaveLength(6);
  const seen = ratings.map((call) =>
    [...helpful, ...wrong].filter((one) => call.messages.at(-1).content.includes(one)),
  );
  expect(seen.flat().toSorted()).toEqual([...helpful, ...wrong].toSorted());
  expect(seen.every((answers) => answers.length === 1)).toBe(true);
});

test('tells the verifier of each answer in the same words', async () => {
  const rig = await start({ scores: telling });
  await rig.solve('Which?');
  const words = rig
    .sent()
    .slice(2)
    .map((call) => {
      const material: string = call.messages.at(-1).content;
      const answer = [...helpful, ...wrong].find((one) => material.includes(one)) ?? '';
      return material.replace(answer, '').replace(/\[\w+\]/g, ''); // without the marks of the fence
    });
  expect(new Set(words).size).toBe(1);
});

test.each([
  ['the wrong ones score higher on average', { ...telling, kappa: '9', epsilon: '9', zeta: '9' }],
  ['both score the same', { alpha: '9', beta: '1', gamma: '5', kappa: '5', epsilon: '5', zeta: '5' }],
  ['no score can be read', Object.fromEntries(Object.keys(telling).map((word) => [word, 'well']))],
  ['no wrong one has a score', { ...telling, kappa: 'well', epsilon: { status: 500 }, zeta: '11' }],
])('where %s, the helpful ones vote', async (_, scores) => {
  const rig = await start({ scores });
  const { text, body } = await rig.solve('Which?');
  expect(text).toBe(helpful[1]);
  expect(body.headrace).toMatchObject({
    verifier_is_blind: true,
    votes: [
      { answer: '2', count: 2 },
      { answer: '1', count: 1 },
    ],
    chosen: 2,
  });
});

test.each([
  ['failed', { status: 500 }],
  ['cut off', { content: '10', finish_reason: 'length' }],
  ['not to be read', 'excellent'],
])('a score that is %s ranks below every number, and does not count in the average', async (_, reply) => {
  const rig = await start({ scores: { alpha: reply, beta: '4', gamma: '5', kappa: '4', epsilon: '4', zeta: '4' } });
  const { text, body } = await rig.solve('Which?');
  expect(text).toBe(helpful[2]);
  expect(body.headrace).toMatchObject({ scores: [null, 4, 5], verifier_is_blind: false });
});

test('of equal scores the first counts', async () => {
  const rig = await start({ scores: { alpha: '7', beta: '7', gamma: '7', kappa: '1', epsilon: '1', zeta: '1' } });
  expect(await rig.solve('Which?')).toMatchObject({ text: helpful[0] });
});

test('a failure of all helpful or all wrong answers is the error', async () => {
  const right = await start({ scores: {} }, { script: () => ({ status: 404 }) });
  await expect(right.solve('Which?')).rejects.toMatchObject({ status: 404 });
  expect(right.sent()).toHaveLength(1);
  const other = await start({ scores: telling, wrong: { status: 404 } });
  await expect(other.solve('Which?')).rejects.toMatchObject({ status: 404 });
  expect(other.sent()).toHaveLength(2);
});

test('a refused key ends it', async () => {
  const rig = await start({ scores: { ...telling, gamma: { status: 401 } } });
  await expect(rig.solve('Which?')).rejects.toMatchObject({ code: 'upstream_auth_failed' });
});

test('takes its parameters, and the fields of the request', async () => {
  const parameters = { candidates: 2, verifier: 'u:wise', temperature: 0.4, helper_max_tokens: 600 };
  const rig = await start({ scores: telling }, { parameters });
  await rig.solve('Which?', { temperature: 1.5, max_tokens: 90, stop: ['END'], seed: 4, user: 'me' });
  const [first, second, ...ratings] = rig.sent();
  for (const call of [first, second]) {
    expect(call).toMatchObject({
      model: 'm',
      n: 2,
      temperature: 0.4,
      max_tokens: 90,
      stop: ['END'],
      seed: 4,
      user: 'me',
    });
  }
  expect(ratings).toHaveLength(4);
  for (const call of ratings) {
    expect(call).toMatchObject({ model: 'wise', temperature: 0.2, max_tokens: 600, user: 'me' });
    for (const field of ['n', 'stop', 'seed']) expect(call).not.toHaveProperty(field);
  }
});

test('a wrong answer is never given, also when the budget ends early', async () => {
  const scores = { ...telling, alpha: { hang: true }, beta: { hang: true } };
  const rig = await start({ scores }, { budget: { deadlineMs: 1500 } });
  expect(await rig.solve('Which?')).toMatchObject({ text: helpful[2], headers: { 'x-headrace-stopped': 'deadline' } });
  const calls = await start({ scores: telling }, { budget: { maxCalls: 2 } });
  expect(await calls.solve('Which?')).toMatchObject({
    text: helpful[0],
    headers: { 'x-headrace-stopped': 'max_calls' },
  });
});

test('a stream holds the chosen text alone', async () => {
  const rig = await start({ scores: telling });
  const { text, body, events } = await rig.solve('Which?', { stream: true });
  expect(text).toBe(helpful[1]);
  expect(body).not.toMatch(/alpha|gamma|kappa|epsilon|zeta/);
  expect(events.at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }], headrace: { calls: 8, chosen: 2 } });
});

test('says beforehand how many calls it makes', () => {
  expect(pvg.maximumCalls({ candidates: 3 })).toBe(8);
});
