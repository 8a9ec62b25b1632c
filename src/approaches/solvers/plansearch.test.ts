import { describe, expect, it } from 'vitest';
import { startSolving } from '../../../test/harness/solving.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import { plansearch } from './plansearch.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const said = (body: Record<string, unknown> | undefined) => JSON.stringify(body?.messages);
const first = JSON.stringify(['FIRST-A', 'FIRST-B', 'FIRST-C']);
const derived = '1. DERIVED-A\n2. DERIVED-B\n   and more\n3. DERIVED-C';

/** The four steps in turn; a list in place of one gives its entries in turn. */
function startOne(replies: readonly MockReply[], parameters: Record<string, unknown> = {}) {
  const script = (_: unknown, turn: number) => ({ usage, ...(replies[turn] ?? { status: 500 }) });
  return startSolving({ stages: [plansearch], plan: 'plansearch', parameters, script });
}

const four: readonly MockReply[] = [
  { content: first },
  { content: derived },
  { content: 'SOLUTION' },
  { content: 'PROGRAM' },
];

/** Several plans: a program is named after its solution, and a solution after its number. */
function startSeveral(
  plans: number,
  programs: Record<number, MockReply>,
  choice: MockReply,
  seen: Partial<typeof four> = four,
) {
  let solutions = 0;
  const script = (request: { json: Record<string, unknown> }, turn: number): MockReply => {
    const text = JSON.stringify(request.json.messages);
    if (turn < 2) return { usage, ...seen[turn] };
    if (/PROGRAM-\d/.test(text)) return { usage, ...choice };
    const solution = /SOLUTION-(\d)/.exec(text)?.[1];
    if (solution === undefined) return { usage, content: `SOLUTION-${++solutions}` };
    return { usage, content: `PROGRAM-${solution}`, ...programs[Number(solution)] };
  };
  return startSolving({ stages: [plansearch], plan: 'plansearch', parameters: { plans }, script });
}

/** What the calls for solutions were shown. */
function basesOf(sent: readonly Record<string, unknown>[]): string[][] {
  const calls = sent.slice(2).map((body) => JSON.stringify(body.messages));
  const planning = calls.filter((text) => !/SOLUTION-|PROGRAM-/.test(text));
  return planning.map((text) => [...text.matchAll(/(?:FIRST|DERIVED)-\w/g)].map(([name]) => name).toSorted());
}

describe('plansearch with one plan', () => {
  it('makes 4 calls, each with what it builds on', async () => {
    const rig = await startOne(four);
    const { text, body, finish } = await rig.solve('QUESTION');
    expect(text).toBe('PROGRAM');
    const [one, two, three, last] = rig.sent();
    expect(rig.sent().map(({ temperature }) => temperature)).toEqual([0.7, 0.7, 0.7, 0.1]);
    for (const call of rig.sent()) expect(call.messages[0]).toEqual({ role: 'user', content: 'QUESTION' });
    expect(said(one)).not.toContain('FIRST');
    expect(said(two)).toMatch(/FIRST-A.*FIRST-B.*FIRST-C/);
    expect(said(three)).toMatch(/FIRST-A.*FIRST-C.*DERIVED-A.*DERIVED-B.*and more.*DERIVED-C/);
    expect(said(last)).toContain('SOLUTION');
    expect(said(last)).not.toMatch(/FIRST|DERIVED/);
    expect(body.headrace).toMatchObject({ approach: 'plansearch', calls: 4 });
    expect(body.usage).toMatchObject({ prompt_tokens: 40, completion_tokens: 20, total_tokens: 60 });
    expect(finish.usage).toMatchObject({ totalTokens: 60 });
  });

  it.each([0, 1, 2])('asks once more for step %i if it was cut off, and ends if it is again', async (at) => {
    const cut = { content: 'HALF', finish_reason: 'length' };
    const mended = await startOne(four.toSpliced(at, 0, cut));
    expect((await mended.solve('QUESTION')).text).toBe('PROGRAM');
    expect(mended.sent()).toHaveLength(5);
    expect(mended.sent().map(said).join('')).not.toContain('HALF');

    const hopeless = await startOne(four.toSpliced(at, 0, cut, cut));
    await expect(hopeless.solve('QUESTION')).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
    expect(hopeless.sent()).toHaveLength(at + 2);
  });

  it.each([0, 1, 2, 3])('ends with the error of step %i', async (at) => {
    const rig = await startOne(four.with(at, { status: 422 }));
    await expect(rig.solve('QUESTION')).rejects.toMatchObject({ status: 422 });
    expect(rig.sent()).toHaveLength(at + 1);
  });

  it('gives a program that the limit of the client cut', async () => {
    const rig = await startOne(four.with(3, { content: 'HALF A PROG', finish_reason: 'length' }));
    const { text, body } = await rig.solve('QUESTION', { max_tokens: 3 });
    expect(text).toBe('HALF A PROG');
    expect(body.choices[0].finish_reason).toBe('length');
  });

  it('sends the fields of the request with the last call only', async () => {
    const rig = await startOne(four, { temperature: 0.3, helper_max_tokens: 77 });
    await rig.solve('QUESTION', { temperature: 0.9, max_completion_tokens: 50, stop: ['X'], seed: 4, user: 'me' });
    const sent = rig.sent();
    expect(sent[3]).toMatchObject({ temperature: 0.3, max_completion_tokens: 50, stop: ['X'], seed: 4, user: 'me' });
    for (const body of sent.slice(0, 3)) {
      expect(Object.keys(body).toSorted()).toEqual(['max_tokens', 'messages', 'model', 'temperature', 'user']);
    }
  });

  it('asks for as many observations as it is told, and for the language', async () => {
    const rig = await startOne(four, { observations: 9, language: 'FORTRAN' });
    await rig.solve('QUESTION');
    const [one, two, three, last] = rig.sent().map(said);
    for (const text of [one, two]) expect(text).toContain('9');
    expect(three).not.toContain('FORTRAN');
    expect(last).toContain('FORTRAN');
  });

  it('streams the program as it comes', async () => {
    const rig = await startOne(four);
    const solved = await rig.solve('QUESTION', { stream: true });
    expect(solved.text).toBe('PROGRAM');
    expect(rig.sent().map(({ stream }) => stream === true)).toEqual([false, false, false, true]);
    expect(solved.finish.usage).toMatchObject({ promptTokens: 40, completionTokens: 20 });
    expect(solved.body).not.toMatch(/FIRST|DERIVED|SOLUTION/);
  });
});

describe('plansearch with several plans', () => {
  it('builds each on another subset, and gives the program that is chosen', async () => {
    const rig = await startSeveral(4, {}, { content: 'Best: 3' });
    const { text, body } = await rig.solve('QUESTION', { seed: 1 });
    const sent = rig.sent();
    expect(sent).toHaveLength(11);
    expect(plansearch.maximumCalls({ observations: 3, plans: 4 })).toBe(11);
    expect(body.headrace).toMatchObject({ calls: 11, chosen: 3 });
    expect(body.usage.total_tokens).toBe(165);
    const bases = basesOf(sent);
    expect(bases).toHaveLength(4);
    expect(new Set(bases.map(String)).size).toBe(4);
    for (const basis of bases) {
      expect(basis.filter((name) => name.startsWith('FIRST'))).toHaveLength(2);
      expect(basis.filter((name) => name.startsWith('DERIVED'))).toHaveLength(2);
    }
    const selection = sent[10];
    expect(selection?.temperature).toBe(0.3);
    const shown = [...(said(selection) ?? '').matchAll(/PROGRAM-\d/g)].map(String);
    expect(shown.toSorted()).toEqual(['PROGRAM-1', 'PROGRAM-2', 'PROGRAM-3', 'PROGRAM-4']);
    expect(text).toBe(shown[2]);
  });

  it('takes the subsets by the seed', async () => {
    const taken = async (seed: number) => {
      const rig = await startSeveral(2, {}, { content: 'Best: 1' });
      await rig.solve('QUESTION', { seed });
      return basesOf(rig.sent()).map(String).toSorted().join(' | ');
    };
    expect(await taken(1)).toBe(await taken(1));
    const all = await Promise.all([1, 2, 3, 4, 5].map(taken));
    expect(new Set(all).size).toBeGreaterThan(1);
  });

  it('takes smaller subsets where there are few observations', async () => {
    const few = [{ content: '["FIRST-A"]' }, { content: '["DERIVED-A"]' }];
    const rig = await startSeveral(3, {}, { content: 'Best: 1' }, few);
    await rig.solve('QUESTION');
    const bases = basesOf(rig.sent()).map(String).toSorted();
    expect(bases).toEqual(['DERIVED-A', 'DERIVED-A,FIRST-A', 'FIRST-A']);
  });

  it('leaves out programs that fail, and takes the first where the choice fails', async () => {
    const rig = await startSeveral(3, { 1: { status: 422 } }, { content: 'BOTH', finish_reason: 'length' });
    const { text, body } = await rig.solve('QUESTION');
    expect(said(rig.sent()[8])).not.toContain('PROGRAM-1');
    expect(text).toBe(/PROGRAM-\d/.exec(said(rig.sent()[8]) ?? '')?.[0]);
    expect(body.headrace.chosen).toBe(1);
  });

  it('chooses nothing where one is left, and ends with the error where none is', async () => {
    const failed = { status: 422 };
    const one = await startSeveral(2, { 1: failed }, { status: 500 });
    expect((await one.solve('QUESTION')).text).toBe('PROGRAM-2');
    expect(one.sent()).toHaveLength(6);
    const none = await startSeveral(2, { 1: failed, 2: failed }, { status: 500 });
    await expect(none.solve('QUESTION')).rejects.toMatchObject({ status: 422 });
  });
});

describe('plansearch with several plans and `n`', () => {
  it.each([2, 4])('gives a program of its own for each of %i choices, without a comparison', async (n) => {
    const rig = await startSeveral(3, {}, { status: 500 });
    const { body, finish } = await rig.solve('QUESTION', { n });
    const texts = body.choices.map((choice: { message: { content: string } }) => choice.message.content);
    expect(texts.toSorted()).toEqual(Array.from({ length: n }, (_, at) => `PROGRAM-${at + 1}`));
    expect(body.choices.map(({ index }: { index: number }) => index)).toEqual(texts.map((_: string, at: number) => at));
    expect(rig.sent()).toHaveLength(2 + 2 * n);
    expect(body.headrace).toMatchObject({ calls: 2 + 2 * n });
    expect(finish.usage).toMatchObject({ totalTokens: 15 * (2 + 2 * n) });
    const bases = basesOf(rig.sent()).map((basis) => basis.join());
    expect(new Set(bases).size).toBe(n);
    expect(plansearch.maximumCalls({ plans: 3, observations: 3 }, n)).toBe(2 + 2 * n);
  });

  it('streams them, each whole', async () => {
    const rig = await startSeveral(2, {}, { status: 500 });
    const { events } = await rig.solve('QUESTION', { n: 2, stream: true });
    const ends = events.filter((event) => event.choices[0]?.finish_reason === 'stop');
    expect(ends.map((event) => event.choices[0].index)).toEqual([0, 1]);
  });

  it('leaves out those that fail', async () => {
    const rig = await startSeveral(3, { 2: { status: 500 } }, { status: 500 });
    const { body } = await rig.solve('QUESTION', { n: 3 });
    expect(body.choices).toHaveLength(2);
  });

  it('is not that with one plan', async () => {
    const rig = await startOne([...four, ...four], {});
    const { body } = await rig.solve('QUESTION', { n: 1 });
    expect(body.choices).toHaveLength(1);
    expect(plansearch.givesChoices?.({ plans: 1, observations: 3 })).toBe(false);
  });
});
