import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CandidateScript, candidateScript, divide, materialOf } from '../../../test/harness/candidate-script.ts';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import { genselect } from './genselect.ts';

/** `c01` to `c32`. */
const names = Array.from({ length: 32 }, (_, at) => `c${String(at + 1).padStart(2, '0')}`);

function start(script: Partial<CandidateScript>, options: Partial<SolvingOptions> = {}) {
  const whole = candidateScript({ candidates: names, ...script });
  return startSolving({ stages: [genselect], plan: 'genselect', script: whole, ...options });
}

/** The candidates that are shown, in their order. */
function shownIn(material: string): string[] {
  return material.match(/^c\d\d$/gm) ?? [];
}

/** Chooses the one with the highest number. */
function highest(material: string): string {
  const shown = shownIn(material);
  return `Best: ${shown.indexOf(shown.toSorted().at(-1) ?? '') + 1}`;
}

describe('genselect', () => {
  test('gives the candidate that one comparison chooses', async () => {
    const rig = await start({ shown: () => 'Best: 3', usage: { prompt_tokens: 6, completion_tokens: 1 } });
    const { text, body, finish } = await rig.solve('Which?', { user: 'someone', max_tokens: 30, stop: ['X'] });
    expect(text).toBe('c03');
    expect(body.headrace).toMatchObject({ approach: 'genselect', calls: 2, chosen: 3 });
    expect(body.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 2, total_tokens: 14 });
    expect(finish.usage).toMatchObject({ totalTokens: 14 });
    const [sampling, comparison] = rig.sent();
    expect(sampling).toMatchObject({ n: 4, temperature: 0.7, user: 'someone', max_tokens: 30, stop: ['X'] });
    expect(comparison).toMatchObject({ temperature: 0.3, user: 'someone', messages: [{ content: 'Which?' }, {}] });
    for (const field of ['n', 'max_tokens', 'stop']) expect(comparison).not.toHaveProperty(field);
    expect(shownIn(materialOf(comparison ?? {}))).toEqual(names.slice(0, 4));
  });

  test.each([
    ['not to be read', 'I like them all'],
    ['out of range', '5'],
    ['cut off', { content: '3', finish_reason: 'length' }],
    ['failed', { status: 503 }],
  ])('gives the first where the choice is %s', async (_, reply) => {
    const rig = await start({ shown: () => reply });
    expect(await rig.solve('?')).toMatchObject({ text: 'c01', body: { headrace: { chosen: 1, calls: 2 } } });
  });

  test('a refused key ends it', async () => {
    const rig = await start({ shown: () => ({ status: 401 }) });
    await expect(rig.solve('?')).rejects.toMatchObject({ code: 'upstream_auth_failed' });
  });

  test('compares many in groups, and then the winners', async () => {
    const rig = await start({ shown: highest }, { parameters: { candidates: 9, group_size: 4, judge: 'u:wise' } });
    const { text, body } = await rig.solve('?');
    expect(text).toBe('c09');
    expect(body.headrace).toMatchObject({ chosen: 9, calls: 5 });
    const { shown } = divide(rig.sent());
    expect(shown.map(({ model }) => model)).toEqual(Array(4).fill('wise'));
    const groups = shown.map((call) => shownIn(materialOf(call)));
    expect(groups.slice(0, 3).flat().toSorted()).toEqual(names.slice(0, 9));
    expect(groups[3]).toEqual(
      groups
        .slice(0, 3)
        .map((group) => group.at(-1))
        .toSorted(),
    );
  });

  test('failed candidates are left out; one that is left needs no comparison', async () => {
    const candidates = [{ status: 500 }, 'c01', '<think>Hm', { status: 500 }];
    const rig = await start({ candidates, several: 'refused' });
    expect(await rig.solve('?')).toMatchObject({ text: 'c01', body: { headrace: { chosen: 1, calls: 5 } } });
  });

  test('whatever the sizes are, the best is found within the calls that it said', async () => {
    const counts = fc.record({
      candidates: fc.integer({ min: 2, max: 32 }),
      group_size: fc.integer({ min: 2, max: 32 }),
    });
    await fc.assert(
      fc.asyncProperty(counts, async (parameters) => {
        const rig = await start({ shown: highest }, { parameters });
        const { text, body } = await rig.solve('?');
        expect(text).toBe(names[parameters.candidates - 1]);
        expect(body.headrace.calls).toBe(genselect.maximumCalls(parameters));
        const sizes = divide(rig.sent()).shown.map((call) => shownIn(materialOf(call)).length);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(parameters.group_size);
        expect(Math.min(...sizes)).toBeGreaterThan(1);
      }),
      { numRuns: 15 },
    );
  });

  test('a group of 8 or less is one comparison', () => {
    const most = (candidates: number) => genselect.maximumCalls({ candidates, group_size: 8 });
    expect([2, 4, 8, 9, 32].map(most)).toEqual([2, 2, 2, 4, 6]);
  });

  test('a stream holds the chosen text only', async () => {
    const rig = await start({ shown: () => 'Best: 2' });
    const { text, body, events } = await rig.solve('?', { stream: true });
    expect(text).toBe('c02');
    expect(body).not.toMatch(/c01|c03|c04/);
    expect(events.at(-1)).toMatchObject({ headrace: { calls: 2, chosen: 2 } });
  });

  test.each([{ candidates: 1 }, { candidates: 33 }, { group_size: 1 }, { judge: '' }, { candidate: 4 }])(
    'refuses %o',
    async (parameters) => {
      await expect(start({}, { parameters })).rejects.toThrow(Object.keys(parameters)[0]);
    },
  );
});
