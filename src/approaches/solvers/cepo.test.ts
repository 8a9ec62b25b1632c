import { describe, expect, test } from 'vitest';
import { type CepoScript, countSteps, startCepo, stepOf } from '../../../test/harness/cepo-script.ts';
import { startSolving } from '../../../test/harness/solving.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import { cepo } from './cepo.ts';

const least = { candidates: 1, plans: 1 };
const cut: MockReply = { content: 'loose end', finish_reason: 'length' };

describe('one candidate', () => {
  test('is planned, executed, refined and answered, each step with what it builds on', async () => {
    const rig = await startCepo({}, { ...least, temperatures: {} });
    const { text, body, finish } = await rig.solve('Which?');
    expect(text).toBe('final 0');
    expect(body.headrace).toMatchObject({ approach: 'cepo', calls: 4 });
    expect(body.usage).toMatchObject({ prompt_tokens: 40, completion_tokens: 12, total_tokens: 52 });
    expect(finish.usage).toMatchObject({ totalTokens: 52 });
    const sent = rig.sent();
    expect(sent.map(({ temperature }) => temperature)).toEqual([0.55, 0.25, 0.1, 0]);
    for (const [index, known] of [
      [1, 'plan 0'],
      [2, 'execute 0'],
      [3, 'refine 0'],
    ] as const) {
      expect(JSON.stringify(sent[index]?.messages)).toContain(known);
    }
    for (const call of sent) {
      expect(call.messages[0]).toEqual({ role: 'user', content: 'Which?' });
      expect(call).not.toHaveProperty('reasoning_effort');
      expect(call).not.toHaveProperty('max_tokens');
    }
  });

  test('passes its answer on as a stream of its own', async () => {
    const rig = await startCepo({}, least);
    const { text, body, events, finish } = await rig.solve('Which?', { stream: true });
    expect(text).toBe('final 0');
    expect(body).not.toMatch(/plan|execute|refine/);
    expect(rig.sent().map(({ stream }) => stream === true)).toEqual([false, false, false, true]);
    expect(events.at(-1)).toMatchObject({ headrace: { calls: 4 } });
    expect(finish.usage).toMatchObject({ totalTokens: 52 });
  });

  test('plans that are cut off, themselves or in their execution, are dropped and tried again', async () => {
    const replies: CepoScript = {
      plan: (turn) => (turn === 1 ? cut : `plan ${turn}`),
      execute: (turn) => (turn === 0 ? cut : `execute ${turn}`),
    };
    const rig = await startCepo(replies, { candidates: 1 });
    expect(await rig.solve('Which?')).toMatchObject({ text: 'final 0' });
    expect(countSteps(rig.sent())).toEqual({ plan: 5, execute: 4, refine: 1, final: 1 });
    const refine = JSON.stringify(rig.sent().at(-2)?.messages);
    for (const known of ['execute 1', 'execute 2', 'execute 3']) expect(refine).toContain(known);
    for (const call of rig.sent()) expect(JSON.stringify(call.messages)).not.toContain('loose end');
  });

  test('makes no more tries than allowed, and does with the plans that came', async () => {
    const replies: CepoScript = { plan: (turn) => (turn === 2 ? 'plan 2' : cut) };
    const rig = await startCepo(replies, { candidates: 1, plan_attempts: 4 });
    expect(await rig.solve('Which?')).toMatchObject({ text: 'final 0' });
    expect(countSteps(rig.sent())).toEqual({ plan: 4, execute: 1, refine: 1, final: 1 });
  });

  test('without any plan the question is asked plainly', async () => {
    const rig = await startCepo({ plan: () => cut }, { candidates: 1 });
    expect(await rig.solve('Which?')).toMatchObject({ text: 'final 0', body: { headrace: { calls: 7 } } });
    expect(rig.sent().at(-1)).toMatchObject({ temperature: 0, messages: [{ role: 'user', content: 'Which?' }] });
    expect(rig.sent().at(-1)?.messages).toHaveLength(1);
  });

  test('does without a plan that failed, as long as another comes', async () => {
    const rig = await startCepo(
      { execute: (turn) => (turn === 0 ? { status: 500 } : `execute ${turn}`) },
      { candidates: 1 },
    );
    expect(await rig.solve('Which?')).toMatchObject({ text: 'final 0' });
    expect(countSteps(rig.sent())).toEqual({ plan: 4, execute: 4, refine: 1, final: 1 });
  });

  test.each([
    ['plan', 1],
    ['execute', 2],
    ['refine', 3],
    ['final', 4],
  ] as const)('a failed step %s ends it with its error', async (step, calls) => {
    const rig = await startCepo({ [step]: () => ({ status: 404 }) }, least);
    await expect(rig.solve('Which?')).rejects.toMatchObject({ status: 404 });
    expect(rig.sent()).toHaveLength(calls);
  });

  test('refining that was cut off is asked for once more, and then it is an error', async () => {
    const once = await startCepo({ refine: (turn) => (turn === 0 ? cut : 'refined') }, least);
    expect(await once.solve('Which?')).toMatchObject({ text: 'final 0', body: { headrace: { calls: 5 } } });
    expect(JSON.stringify(once.sent().at(-1)?.messages)).toContain('refined');
    const twice = await startCepo({ refine: () => cut }, least);
    await expect(twice.solve('Which?')).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });
});

test('each step has its own temperature and limit, and the effort is sent if it is set', async () => {
  const parameters = {
    candidates: 2,
    plans: 1,
    temperatures: { plan: 0.9, execute: 0.8, refine: 0.7, final: 0.6, rate: 0.5 },
    max_tokens_by_step: { plan: 90, execute: 80, refine: 70, final: 60, rate: 50 },
    reasoning_effort: 'low',
    helper_max_tokens: 999,
  };
  const rig = await startSolving({ stages: [cepo], plan: 'cepo', parameters, script: () => ({ content: '5' }) });
  await rig.solve('Which?', { temperature: 1.3, max_completion_tokens: 44 });
  const sent = rig
    .sent()
    .map(({ temperature, max_tokens, reasoning_effort }) => ({ temperature, max_tokens, reasoning_effort }));
  const each = [0.9, 0.8, 0.7, 0.6, 0.5].map((temperature) => ({
    temperature,
    max_tokens: Math.round(temperature * 100),
    reasoning_effort: 'low',
  }));
  expect(sent.toSorted((one, other) => other.temperature - one.temperature)).toEqual(each.flatMap((one) => [one, one]));
  for (const call of rig.sent()) expect(call).not.toHaveProperty('max_completion_tokens');
});

test("the request's fields reach the answer, and helper calls the user alone", async () => {
  const fields = {
    temperature: 0.9,
    max_tokens: 70,
    stop: ['END'],
    seed: 3,
    user: 'me',
    response_format: { type: 'text' },
  };
  const rig = await startCepo({}, { ...least, helper_max_tokens: 500 });
  await rig.solve('Which?', { ...fields, reasoning_effort: 'high' });
  expect(rig.sent().at(-1)).toMatchObject({ ...fields, reasoning_effort: 'high' });
  for (const call of rig.sent().slice(0, -1)) {
    expect(call).toMatchObject({ user: 'me', max_tokens: 500 });
    for (const field of ['stop', 'seed', 'response_format', 'reasoning_effort']) expect(call).not.toHaveProperty(field);
  }
});

test('diverse plans follow lines of attack that one call finds first', async () => {
  const plan = (turn: number) => (turn === 0 ? '1. by sums 2. by cases' : `plan ${turn}`);
  const rig = await startCepo({ plan }, { candidates: 1, plans: 2, diverse_plans: true });
  expect(await rig.solve('Which?')).toMatchObject({ text: 'final 0', body: { headrace: { calls: 7 } } });
  const plans = rig
    .sent()
    .filter((call) => stepOf(call) === 'plan')
    .slice(1);
  const materials = plans.map((call) => call.messages.at(-1).content as string);
  for (const material of materials) expect(material).toContain('by cases');
  expect(new Set(materials).size).toBe(2);
});

test('a spent budget gives the best rated answer so far', async () => {
  const rate = (_: number, material: string): string | MockReply => {
    if (material.includes('final 0')) return '3';
    return material.includes('final 1') ? '7' : { hang: true };
  };
  const rig = await startCepo({ rate }, { plans: 1 }, { budget: { deadlineMs: 1500 } });
  expect(await rig.solve('Which?')).toMatchObject({ text: 'final 1', headers: { 'x-headrace-stopped': 'deadline' } });
});

test('says beforehand how many calls it makes at most', () => {
  const most = (written: object) => cepo.maximumCalls(cepo.parameters.parse(written));
  expect(most({})).toBe(45);
  expect(most({ candidates: 1, plans: 1, plan_attempts: 1 })).toBe(4);
  expect(most({ rating: 'pairwise', diverse_plans: true })).toBe(49);
  expect(most({ rating: 'majority' })).toBe(42);
});
