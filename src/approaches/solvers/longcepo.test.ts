import { describe, expect, test } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import { parsePlan } from '../plan.ts';
import type { Stage } from '../stage.ts';
import { longcepo } from './longcepo.ts';

const stages = [longcepo] as unknown as readonly Stage[];
const usage = { prompt_tokens: 4, completion_tokens: 1 };
const question = 'Which owl is called Minerva?';

type Script = Parameters<typeof startSolving>[0]['script'];
type Sent = Record<string, unknown>;
type Role = 'restate' | 'plan' | 'summary' | 'extract' | 'merge' | 'reduce' | 'last';

/** A token is a word here. */
function start(script: Script, parameters: object = {}, budget = {}) {
  return startSolving({
    stages,
    plan: 'longcepo',
    parameters: { chunk_tokens: 10, ...parameters },
    script,
    budget: { maxCalls: 1000, ...budget },
  });
}

function shownIn(request: Sent): string {
  return (request.messages as { content: string }[]).at(-1)?.content ?? '';
}

/** The pieces of the text, by the words `w1` ... in it; `s1` ... are summaries, `f1` ... findings. */
function marksIn(request: Sent, letter: string): number[] {
  const marks = shownIn(request).match(new RegExp(`\\b${letter}\\d+\\b`, 'g')) ?? [];
  return marks.map((mark) => Number(mark.slice(1)));
}

/** What a call is for, by the texts that stand in it; findings of two pieces look like a merge. */
function roleOf(request: Sent): Role {
  const shown = shownIn(request);
  const isAsked = /qmain|suba|subb/.test(shown);
  if (marksIn(request, 'w').length > 0) return isAsked ? 'extract' : 'summary';
  const findings = marksIn(request, 'f').length;
  if (findings > 0) return findings === 2 && !shown.includes('merged') ? 'merge' : 'reduce';
  if (shown.includes('answer-of')) return 'last';
  return shown.includes('qmain') ? 'plan' : 'restate';
}

/** The question that a call is about: the last one that stands in it. */
function askedIn(request: Sent): string {
  return (
    shownIn(request)
      .match(/qmain|suba|subb/g)
      ?.at(-1) ?? ''
  );
}

const replies: Record<Role, (request: Sent) => string> = {
  restate: () => 'qmain',
  plan: () => '1. suba\n2. subb',
  summary: (request) => `s${(marksIn(request, 'w')[0] as number) / 10}`,
  extract: (request) => `f${(marksIn(request, 'w')[0] as number) / 10} ${'x '.repeat(9)}`,
  merge: (request) => `merged f${marksIn(request, 'f')[0]} ${'y '.repeat(8)}`,
  reduce: (request) => `answer-of-${askedIn(request)}`,
  last: () => 'The first.',
};

function script(own: Partial<typeof replies> = {}): Script {
  return ({ json }) => {
    const reply = { ...replies, ...own }[roleOf(json)];
    return { content: reply(json), usage };
  };
}

function textOf(chunks: number, words = 10): string {
  const paragraph = (at: number) => Array.from({ length: words }, (_, word) => `w${at * 10 + word}`).join(' ');
  return `${Array.from({ length: chunks }, (_, at) => paragraph(at)).join('\n\n')}\n\n${question}`;
}

describe('longcepo', () => {
  test('a context of one chunk is asked about as it is', async () => {
    const rig = await start(() => ({ content: 'The first.', usage }));
    const { body } = await rig.solve(textOf(1));
    expect(rig.sent()).toEqual([{ model: 'm', messages: [{ role: 'user', content: textOf(1) }] }]);
    expect(body.headrace).toMatchObject({ approach: 'longcepo', calls: 1 });
  });

  test('a longer one is read for each question of a plan and then for the question itself', async () => {
    const rig = await start(script());
    const { text, body } = await rig.solve(textOf(4), { user: 'u1', max_tokens: 50, temperature: 0.3 });
    expect(text).toBe('The first.');
    const roles = rig.sent().map(roleOf);
    const count = (role: Role) => roles.filter((one) => one === role).length;
    expect([count('restate'), count('plan'), count('summary'), count('last')]).toEqual([1, 1, 4, 1]);
    expect([count('extract'), count('reduce'), count('merge')]).toEqual([12, 3, 0]);
    expect(roles.at(-1)).toBe('last');
    expect(
      rig
        .sent()
        .filter((one) => roleOf(one) === 'reduce')
        .map(askedIn),
    ).toEqual(['suba', 'subb', 'qmain']);
    expect(body.headrace).toMatchObject({ calls: 22, chunks: 4, sub_questions: 2 });
    expect(body.usage).toMatchObject({ total_tokens: 22 * 5 });
    for (const one of rig.sent().slice(0, -1)) {
      expect(one).toMatchObject({ temperature: 0.7, user: 'u1' });
      expect(one).not.toHaveProperty('max_tokens');
    }
    expect(rig.sent().at(-1)).toMatchObject({ temperature: 0.3, max_tokens: 50 });
  });

  test('where the request is silent, the last call has its temperature; it holds all answers and the question as asked', async () => {
    const rig = await start(script());
    await rig.solve(textOf(3));
    const last = rig.sent().at(-1) as Sent;
    expect(last.temperature).toBe(0.7);
    for (const one of ['suba', 'subb', 'qmain']) expect(shownIn(last)).toContain(`answer-of-${one}`);
    expect(shownIn(last).endsWith(question)).toBe(true);
    expect(shownIn(last)).not.toMatch(/\bw\d/);
  });

  test('later questions are shown the answers of earlier ones', async () => {
    const rig = await start(script());
    await rig.solve(textOf(3));
    const known = (role: Role, asked: string) =>
      rig
        .sent()
        .filter((one) => roleOf(one) === role && askedIn(one) === asked)
        .map((one) => shownIn(one).match(/answer-of-\w+/g) ?? []);
    expect(known('extract', 'suba')).toEqual([[], [], []]);
    expect(known('extract', 'subb')).toEqual(Array(3).fill(['answer-of-suba']));
    expect(known('reduce', 'qmain')).toEqual([['answer-of-suba', 'answer-of-subb']]);
  });

  test.each([
    [
      2,
      [
        [1, 2],
        [0, 2],
        [1, 3],
        [2, 4],
        [2, 3],
      ],
    ],
    [0, [[], [], [], [], []]],
    [
      100,
      [
        [1, 2, 3, 4],
        [0, 2, 3, 4],
        [0, 1, 3, 4],
        [0, 1, 2, 4],
        [0, 1, 2, 3],
      ],
    ],
  ])('a piece is shown with the summaries of the %i nearest others', async (neighbours, expected) => {
    const rig = await start(script(), { neighbours, sub_questions: 0 });
    await rig.solve(textOf(5));
    const shown = rig
      .sent()
      .filter((one) => roleOf(one) === 'extract')
      .toSorted((one, other) => (marksIn(one, 'w')[0] as number) - (marksIn(other, 'w')[0] as number))
      .map((one) => marksIn(one, 's'));
    expect(shown).toEqual(expected);
    expect(rig.sent().filter((one) => roleOf(one) === 'summary')).toHaveLength(neighbours === 0 ? 0 : 5);
  });

  test('no sub-questions: no plan, and the question alone is answered', async () => {
    const rig = await start(script(), { sub_questions: 0 });
    const { body } = await rig.solve(textOf(2));
    expect(rig.sent().map(roleOf)).not.toContain('plan');
    expect(body.headrace).toMatchObject({ calls: 1 + 2 + (2 + 1) + 1, sub_questions: 0 });
  });

  test('a plan of too many questions is cut', async () => {
    const rig = await start(script({ plan: () => '1. suba\n2. subb\n3. subc' }), { sub_questions: 1 });
    const { body } = await rig.solve(textOf(2));
    expect(body.headrace).toMatchObject({ sub_questions: 1 });
  });

  test('a piece that says nothing is dropped; where none says anything, nothing is made of it', async () => {
    const own = {
      extract: (request: Sent) => {
        if (askedIn(request) === 'suba') return 'NOTHING.';
        return marksIn(request, 'w').includes(10) ? replies.extract(request) : 'Nothing';
      },
    };
    const rig = await start(script(own), { sub_questions: 1 });
    await rig.solve(textOf(3));
    const reduced = rig.sent().filter((one) => roleOf(one) === 'reduce');
    expect(reduced.map((one) => [askedIn(one), marksIn(one, 'f')])).toEqual([['qmain', [1]]]);
    expect(roleOf(rig.sent().at(-1) as Sent)).toBe('last');
  });

  test('findings are merged in pairs until they fit the window', async () => {
    const rig = await start(script(), { sub_questions: 0, window_tokens: 35 });
    await rig.solve(textOf(5));
    const merges = rig.sent().filter((one) => roleOf(one) === 'merge');
    expect(merges.map((one) => marksIn(one, 'f')).toSorted()).toEqual([
      [0, 1],
      [2, 3],
    ]);
    const [reduced] = rig.sent().filter((one) => roleOf(one) === 'reduce');
    expect(marksIn(reduced as Sent, 'f')).toEqual([0, 2, 4]);
  });

  test('of a single finding that does not fit, the beginning is kept', async () => {
    const long = Array.from({ length: 30 }, (_, at) => `n${at}`).join(' ');
    const own = { extract: (request: Sent) => (marksIn(request, 'w').includes(0) ? `f0 ${long}` : 'NOTHING') };
    const rig = await start(script(own), { sub_questions: 0, window_tokens: 12 });
    await rig.solve(textOf(2));
    const [reduced] = rig.sent().filter((one) => roleOf(one) === 'reduce');
    expect(marksIn(reduced as Sent, 'n')).toEqual(Array.from({ length: 11 }, (_, at) => at));
  });

  test('a step that is cut off is asked again, and then it is an error', async () => {
    let turn = 0;
    const cutOnce: Script = ({ json }) => {
      const content = replies[roleOf(json)](json);
      const isCut = roleOf(json) === 'plan' && turn++ === 0;
      return { content, usage, finish_reason: isCut ? 'length' : 'stop' };
    };
    const rig = await start(cutOnce, { sub_questions: 1 });
    const { body } = await rig.solve(textOf(2));
    expect(body.headrace).toMatchObject({ calls: 2 + 1 + 2 + 2 * 3 + 1 });
    const hopeless = await start(({ json }) => ({
      content: 'half',
      finish_reason: json.temperature ? 'length' : 'stop',
    }));
    await expect(hopeless.solve(textOf(2))).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });

  test('a step that fails ends it with that error', async () => {
    const rig = await start((seen) =>
      roleOf(seen.json) === 'reduce' ? { status: 404 } : { content: replies[roleOf(seen.json)](seen.json) },
    );
    const error = await rig.solve(textOf(2)).catch((thrown) => thrown);
    expect(error.status).toBe(404);
    expect(error.headers).toContainEqual(['x-should-retry', 'false']);
    expect(rig.sent().map(roleOf)).not.toContain('last');
  });

  test('the last call is streamed as it comes, and nothing else', async () => {
    const rig = await start(script());
    const { text, events } = await rig.solve(textOf(3), { stream: true });
    expect(text).toBe('The first.');
    expect(
      rig
        .sent()
        .filter(({ stream }) => stream === true)
        .map(roleOf),
    ).toEqual(['last']);
    expect(events.at(-1)).toMatchObject({ headrace: { approach: 'longcepo', chunks: 3 } });
  });

  test('the budget bounds it', async () => {
    const rig = await start(script(), {}, { maxCalls: 5 });
    await expect(rig.solve(textOf(4))).rejects.toMatchObject({ code: 'approach_budget_exceeded' });
    expect(rig.sent().length).toBeLessThanOrEqual(5);
  });

  test('the conversation before it is kept', async () => {
    const rig = await start(script(), { sub_questions: 0 });
    const messages = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi' },
      { role: 'user', content: textOf(2) },
    ];
    await rig.solve('', { messages });
    for (const one of rig.sent()) expect((one.messages as unknown[]).slice(0, 3)).toEqual(messages.slice(0, 3));
  });

  test.each([{ chunk_tokens: 0 }, { neighbours: -1 }, { sub_questions: 99 }, { window_token: 10 }])(
    '%j is refused',
    (parameters) => {
      const known = new Map(stages.map((stage) => [stage.name, stage]));
      expect(() => parsePlan('longcepo', parameters, known)).toThrow(/longcepo/);
    },
  );
});
