import { describe, expect, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import { parsePlan } from '../plan.ts';
import { questionTypes } from '../prompts/spl.ts';
import { bon } from '../solvers/bon.ts';
import { cotReflection } from '../solvers/cot-reflection.ts';
import type { Stage } from '../stage.ts';
import { MemoryStrategyStore } from '../strategies/memory-strategy-store.ts';
import { StrategyLibrary } from '../strategies/strategy-library.ts';
import type { Strategy } from '../strategies/strategy-store.ts';
import { privacy } from './privacy.ts';
import { spl } from './spl.ts';

const stages = [spl, bon, cotReflection, privacy] as unknown as readonly Stage[];
const usage = { prompt_tokens: 4, completion_tokens: 1 };
const question = 'What is six times seven?';

type Script = Parameters<typeof startSolving>[0]['script'];
type Sent = Record<string, unknown>;

function strategy(text: string, uses: number, helped: number, refinedAt = 0): Strategy {
  return { id: text, text, uses, helped, refinedAt };
}

/** With these strategies for mathematics, of the caller that asks if nobody else is named. */
async function start(script: Script, strategies: readonly Strategy[], parameters: object = {}, more: object = {}) {
  const store = new MemoryStrategyStore();
  store.save('anonymous', 'mathematics', strategies);
  const rig = await startSolving({
    stages,
    plan: 'spl',
    parameters: { ...parameters },
    script,
    services: { strategies: new StrategyLibrary(store, { failed: () => undefined }) },
    ...more,
  });
  return { ...rig, store, stored: (caller = 'anonymous') => store.load(caller, 'mathematics') };
}

const shownIn = (request: Sent) => (request.messages as { content: string }[]).at(-1)?.content ?? '';

type Role = 'type' | 'answer' | 'judge' | 'create' | 'refine';

/** What a call is for: helpers have their own temperature, and answers of models are `the-answer`. */
function roleOf(request: Sent): Role {
  if (request.temperature !== 0.1) return 'answer';
  const shown = shownIn(request);
  if (questionTypes.every((type) => shown.includes(type))) return 'type';
  if (shown.includes('the-answer')) return shown.includes('"helped"') ? 'judge' : 'create';
  return 'refine';
}

function script(own: Partial<Record<Role, string | object>> = {}) {
  const replies = {
    type: 'mathematics',
    answer: 'the-answer',
    judge: '{"helped": []}',
    create: 'NONE',
    refine: 'NONE',
  };
  return ({ json }: { json: Sent }) => {
    const reply = { ...replies, ...own }[roleOf(json)];
    return typeof reply === 'string' ? { content: reply, usage } : reply;
  };
}

const roles = (rig: { sent(): Sent[] }) => rig.sent().map(roleOf);

describe('the prompt', () => {
  const known = [
    strategy('alpha', 10, 5),
    strategy('beta', 10, 9),
    strategy('gamma', 5, 2),
    strategy('delta', 20, 9),
    strategy('epsilon', 4, 4),
    strategy('zeta', 10, 3),
  ];

  test('holds the three best strategies that proved to help, and the request is otherwise as it was', async () => {
    const rig = await start(script(), known);
    const messages = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: question },
    ];
    const { text, body } = await rig.solve('', { messages, temperature: 0.7, user: 'u1', stop: 'x' });
    expect(text).toBe('the-answer');
    const [typed, answered] = rig.sent();
    expect(typed).toMatchObject({ temperature: 0.1, user: 'u1' });
    expect(typed).not.toHaveProperty('stop');
    expect(answered).toMatchObject({ temperature: 0.7, stop: 'x' });
    const system = answered?.messages[0].content as string;
    expect(system.startsWith('Be short.')).toBe(true);
    expect(system.match(/alpha|beta|gamma|delta|epsilon|zeta/g)).toEqual(['beta', 'alpha', 'delta']);
    expect(answered?.messages.slice(1)).toEqual(messages.slice(1));
    expect(body.headrace).toMatchObject({ calls: 2, spl: { type: 'mathematics', strategies: 3 } });
    expect(body.usage.total_tokens).toBe(10);
  });

  test.each([
    ['too few uses', strategy('alpha', 4, 4), 0],
    ['too little success', strategy('alpha', 10, 3), 0],
    ['just enough of both', strategy('alpha', 5, 2), 1],
  ])('%s', async (_, only, held) => {
    const rig = await start(script(), [only]);
    const { body } = await rig.solve(question);
    expect(JSON.stringify(rig.sent()[1]).includes('alpha')).toBe(held === 1);
    expect(body.headrace.spl.strategies).toBe(held);
  });

  test('strategies are those of the type and the caller', async () => {
    const rig = await start(script({ type: 'writing' }), known);
    expect((await rig.solve(question)).body.headrace.spl).toEqual({ type: 'writing', strategies: 0 });
    const other = await start(script(), known);
    const { body } = await other.solve(question, {}, undefined, 'somebody');
    expect(body.headrace.spl).toEqual({ type: 'mathematics', strategies: 0 });
    expect(other.sent()[1]).toEqual({ model: 'm', messages: [{ role: 'user', content: question }] });
  });

  test.each([
    ['**Mathematics**.', 'mathematics'],
    ['{"type": "logic"}', 'logic'],
    ['<think>writing?</think>It is translation', 'translation'],
    ['Hm.', 'other'],
    ['cooking', 'other'],
  ])('%s is of the type %s', async (reply, type) => {
    const rig = await start(script({ type: reply }), []);
    expect((await rig.solve(question)).body.headrace.spl.type).toBe(type);
  });

  test('a failure to find the type is the answer', async () => {
    const rig = await start(script({ type: { status: 404 } }), []);
    await expect(rig.solve(question)).rejects.toMatchObject({ status: 404 });
  });

  test('without `learn` nothing is learned', async () => {
    const rig = await start(script(), known);
    await rig.solve(question);
    expect(roles(rig)).toEqual(['type', 'answer']);
    expect(await rig.stored()).toEqual(known);
  });

  test('the calls of a solver behind it have the strategies', async () => {
    const rig = await start(
      ({ json }) => (json.n === 3 ? { content: ['a', 'b', 'c'], usage } : script()({ json })),
      known,
      {},
      { plan: 'spl&bon' },
    );
    await rig.solve(question);
    const sampled = rig.sent().find((one) => one.n === 3);
    expect(sampled?.messages[0].content).toContain('beta');
    expect(rig.sent()).toHaveLength(1 + 1 + 3);
  });
});

describe('learning', () => {
  test('judges what was used and what is untried, behind the answer', async () => {
    const known = [strategy('alpha', 5, 5), strategy('beta', 1, 0), strategy('gamma', 9, 0)];
    const rig = await start(script({ judge: '{"helped": [2]}' }), known, { learn: true });
    const { body, finish } = await rig.solve(question);
    expect(roles(rig)).toEqual(['type', 'answer', 'judge', 'create']);
    const judged = rig.sent().find((one) => roleOf(one) === 'judge') as Sent;
    expect(shownIn(judged)).toMatch(/alpha[\s\S]*beta/);
    expect(shownIn(judged)).not.toContain('gamma');
    expect(await rig.stored()).toEqual([strategy('alpha', 6, 5), strategy('beta', 2, 1), strategy('gamma', 9, 0)]);
    expect(body.headrace).toMatchObject({ calls: 2 });
    expect(body.usage.total_tokens).toBe(10);
    expect(finish.usage?.totalTokens).toBe(20);
  });

  test.each(['I liked both.', '{"helped": [3]}', '{"helped": "1"}'])('a verdict such as %s is none', async (judge) => {
    const known = [strategy('alpha', 5, 5), strategy('beta', 1, 0)];
    const rig = await start(script({ judge }), known, { learn: true });
    await rig.solve(question);
    expect(await rig.stored()).toEqual(known);
  });

  test('a strategy is created where none is near, and has no part in answers yet', async () => {
    const rig = await start(script({ create: 'Split the numbers into tens and ones.' }), [], { learn: true });
    await rig.solve(question);
    expect(await rig.stored()).toMatchObject([{ text: 'Split the numbers into tens and ones.', uses: 0, helped: 0 }]);
    const { body } = await rig.solve(question);
    expect(body.headrace.spl.strategies).toBe(0);
    expect(await rig.stored()).toMatchObject([{ uses: 1, helped: 0 }]);
    expect(await rig.stored('somebody')).toEqual([]);
  });

  test.each([
    ['NONE', {}],
    ['a very long one', { create: 'word '.repeat(500) }],
    ['a cut one', { create: { content: 'Split the num', finish_reason: 'length', usage } }],
    ['a failed one', { create: { status: 500 } }],
  ])('%s is no strategy', async (_, own) => {
    const rig = await start(script(own), [], { learn: true });
    const { status } = await rig.solve(question);
    expect(status).toBe(200);
    expect(await rig.stored()).toEqual([]);
  });

  test('where there is no room nothing is created, and one that proved not to help makes room', async () => {
    const full = [strategy('alpha', 5, 5), strategy('beta', 5, 3)];
    const rig = await start(script({ create: 'gamma' }), full, { learn: true, max_per_type: 2 });
    await rig.solve(question);
    expect(roles(rig)).not.toContain('create');
    const failing = [strategy('alpha', 5, 5), strategy('beta', 9, 0)];
    const other = await start(script({ create: 'gamma' }), failing, { learn: true, max_per_type: 2 });
    await other.solve(question);
    expect((await other.stored()).map(({ text }) => text)).toEqual(['alpha', 'gamma']);
  });

  test('every ten uses a strategy is reworded', async () => {
    const known = [strategy('alpha', 9, 9)];
    const rig = await start(script({ judge: '{"helped": [1]}', refine: 'alpha anew' }), known, { learn: true });
    await rig.solve(question);
    expect(roles(rig)).toEqual(['type', 'answer', 'judge', 'create', 'refine']);
    expect(await rig.stored()).toEqual([{ ...strategy('alpha', 10, 10, 10), text: 'alpha anew' }]);
    await rig.solve(question);
    expect(roles(rig).filter((role) => role === 'refine')).toHaveLength(1);
  });

  test('those that are near to each other then become one', async () => {
    const known = [strategy('count the tens first', 9, 9), strategy('count all the tens at first', 5, 0)];
    const own = { judge: '{"helped": [1]}', refine: 'NONE' };
    const rig = await start(script(own), known, { learn: true });
    await rig.solve(question);
    expect(await rig.stored()).toMatchObject([{ text: 'count the tens first', uses: 15, helped: 10, refinedAt: 15 }]);
  });

  test('from a streamed answer what was heard is learned from, filtered as the client saw it', async () => {
    const hidden = '<thinking>secret</thinking><output>the-answer</output>';
    const rig = await start(script({ answer: hidden }), [], { spl: { learn: true } }, { plan: 'spl&cot_reflection' });
    const { text } = await rig.solve(question, { stream: true, temperature: 0.6 });
    expect(text).toBe('the-answer');
    const created = rig.sent().find((one) => roleOf(one) === 'create') as Sent;
    expect(shownIn(created)).toContain('the-answer');
    expect(shownIn(created)).not.toContain('secret');
  });

  test('behind `privacy` it learns from placeholders', async () => {
    const rig = await start(
      script({ answer: 'the-answer for <EMAIL_1>' }),
      [],
      { spl: { learn: true } },
      { plan: 'privacy&spl' },
    );
    for (const stream of [false, true]) {
      const { text } = await rig.solve('Who is a@example.org?', { stream });
      expect(text).toBe('the-answer for a@example.org');
    }
    expect(rig.sent().filter((one) => roleOf(one) === 'create')).toHaveLength(2);
    expect(JSON.stringify(rig.sent())).not.toContain('a@example.org');
  });

  test('its calls are held to the budget of the request', async () => {
    const rig = await start(script(), [strategy('alpha', 5, 5)], { learn: true }, { budget: { maxCalls: 3 } });
    const { text, status } = await rig.solve(question);
    expect([text, status]).toEqual(['the-answer', 200]);
    expect(roles(rig)).toEqual(['type', 'answer', 'judge']);
  });

  test('a refused key ends it, which is told to the log', async () => {
    const rig = await start(script({ judge: { status: 401 } }), [strategy('alpha', 5, 5)], { learn: true });
    expect((await rig.solve(question)).text).toBe('the-answer');
    expect(roles(rig)).toEqual(['type', 'answer', 'judge']);
    expect(rig.failed).toMatchObject([{ code: 'upstream_auth_failed' }]);
  });

  test('an error teaches nothing', async () => {
    const rig = await start(script({ answer: { status: 404 } }), [strategy('alpha', 5, 5)], { learn: true });
    await rig.solve(question).catch(() => undefined);
    expect(roles(rig)).toEqual(['type', 'answer']);
  });

  test('requests at once lose nothing of what they learn', async () => {
    const rig = await start(script({ judge: '{"helped": [1]}' }), [strategy('alpha', 5, 5, 5)], { learn: true });
    await Promise.all(Array.from({ length: 4 }, () => rig.solve(question)));
    expect(await rig.stored()).toEqual([strategy('alpha', 9, 9, 5)]);
  });
});

test.each([{ learn: 'yes' }, { max_per_type: 0 }, { strategies: 3 }])('%j is refused', (parameters) => {
  const known = new Map(stages.map((stage) => [stage.name, stage]));
  expect(() => parsePlan('spl', { ...parameters }, known)).toThrow(/spl/);
});
