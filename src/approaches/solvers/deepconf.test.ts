import { expect, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import type { ReplyFunction } from '../../mock/mock-reply.ts';
import { deepconf } from './deepconf.ts';

/** One sample: its text, and the confidence of each of its tokens; undefined: no logprobs. */
type Sample = readonly [text: string, confidences: readonly number[] | undefined];

function choiceOf([text, confidences]: Sample, index: number): object {
  const content = confidences?.map((value) => ({
    token: 'x',
    logprob: -0.1,
    top_logprobs: Array.from({ length: 5 }, () => ({ token: 'x', logprob: -value })),
  }));
  const logprobs = content === undefined ? null : { content };
  return { index, message: { role: 'assistant', content: text }, logprobs, finish_reason: 'stop' };
}

function script(samples: readonly Sample[]): ReplyFunction {
  return () => ({
    json: {
      id: 'one',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: samples.map(choiceOf),
      usage: { prompt_tokens: 10, completion_tokens: 40, total_tokens: 50 },
    },
  });
}

function start(samples: readonly Sample[], parameters: Record<string, unknown> = {}) {
  const options = { stages: [deepconf], plan: 'deepconf', script: script(samples) };
  return startSolving({ ...options, parameters: { samples: samples.length, ...parameters } });
}

test('votes weighted by confidence', async () => {
  const rig = await start([
    ['Answer: 1', [2]],
    ['Answer: 1', [2]],
    ['So the answer is 2.', [4]],
    ['Answer: 2', [3]],
    ['Answer: 3', [6]],
  ]);
  const { text, body, finish } = await rig.solve('Which?');
  expect(text).toBe('So the answer is 2.');
  expect(body.headrace).toMatchObject({
    approach: 'deepconf',
    calls: 1,
    votes: [
      { answer: '2', count: 2, weight: 7 },
      { answer: '3', count: 1, weight: 6 },
      { answer: '1', count: 2, weight: 4 },
    ],
    kept: [1, 2, 3, 4, 5],
    chosen: 3,
  });
  expect(body.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 40, total_tokens: 50 });
  expect(finish.usage).toMatchObject({ totalTokens: 50 });
});

test('a tie goes to the answer that came first', async () => {
  const rig = await start([
    ['Answer: 1', [5]],
    ['Answer: 2', [5]],
  ]);
  expect(await rig.solve('Which?')).toMatchObject({ text: 'Answer: 1' });
});

test('an answer is as sure as its least sure window', async () => {
  const samples: Sample[] = [
    ['Answer: 1', [9, 9, 9, 1, 1]],
    ['Answer: 2', [3, 3, 3, 3, 3]],
  ];
  const narrow = await start(samples, { window: 2 });
  expect(await narrow.solve('Which?')).toMatchObject({ text: 'Answer: 2' });
  const wide = await start(samples);
  expect(await wide.solve('Which?')).toMatchObject({ text: 'Answer: 1' });
});

test.each([
  [0.1, [9]],
  [0.9, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].slice(1)],
  [0.55, [4, 5, 6, 7, 8, 9]],
  [1, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
])('keeps the share %f of the surest', async (keep, kept) => {
  const samples = Array.from({ length: 10 }, (_, at): Sample => [`Answer: ${at}`, [at + 1]]);
  const rig = await start(samples, { keep });
  const { body } = await rig.solve('Which?');
  expect(body.headrace.kept).toEqual(kept.map((at) => at + 1));
});

test('rounds the kept share up by what it is, not by how a computer writes it', async () => {
  const samples = Array.from({ length: 25 }, (_, at): Sample => [`Answer: ${at}`, [at + 1]]);
  const rig = await start(samples, { keep: 0.28 });
  const { body } = await rig.solve('Which?');
  expect(body.headrace.kept).toHaveLength(7);
});

test('asks for the log-probabilities in one call, with the fields of the request', async () => {
  const samples = Array.from({ length: 16 }, (): Sample => ['Answer: 1', [1]]);
  const rig = await startSolving({ stages: [deepconf], plan: 'deepconf', script: script(samples) });
  await rig.solve('Which?', { max_tokens: 50, stop: ['END'], user: 'me' });
  expect(rig.sent()).toHaveLength(1);
  expect(rig.sent()[0]).toMatchObject({
    n: 16,
    temperature: 0.7,
    logprobs: true,
    top_logprobs: 5,
    max_tokens: 50,
    stop: ['END'],
    user: 'me',
    messages: [{ role: 'user', content: 'Which?' }],
  });
});

test("the request's temperature goes before its own, and the parameter before both", async () => {
  const sample: Sample = ['Answer: 1', [1]];
  const plain = await start([sample]);
  await plain.solve('Which?', { temperature: 0.2 });
  expect(plain.sent()[0]).toMatchObject({ temperature: 0.2 });
  const set = await start([sample], { temperature: 1.1 });
  await set.solve('Which?', { temperature: 0.2 });
  expect(set.sent()[0]).toMatchObject({ temperature: 1.1 });
});

test('a backend without logprobs is named in the error', async () => {
  const rig = await start([
    ['Answer: 1', undefined],
    ['Answer: 1', []],
  ]);
  await expect(rig.solve('Which?')).rejects.toMatchObject({
    code: 'invalid_request',
    status: 400,
    message: expect.stringContaining('backend u '),
  });
});

test('samples without logprobs have no vote', async () => {
  const rig = await start([
    ['Answer: 1', undefined],
    ['Answer: 1', undefined],
    ['Answer: 2', [1]],
  ]);
  expect(await rig.solve('Which?')).toMatchObject({ text: 'Answer: 2', body: { headrace: { kept: [3], chosen: 3 } } });
});

test('a stream holds the chosen text alone', async () => {
  const rig = await start([
    ['Answer: 1', [1]],
    ['Answer: 2', [2]],
  ]);
  const { text, body, events } = await rig.solve('Which?', { stream: true, stream_options: { include_usage: true } });
  expect(text).toBe('Answer: 2');
  expect(body).not.toContain('Answer: 1');
  expect(events.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 50 } });
});
