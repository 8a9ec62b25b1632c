import { describe, expect, it } from 'vitest';
import type { MockReply } from '../../mock/mock-reply.ts';
import { answering, asked, fields, shallow, startRstar } from './test-rstar.ts';

/**
 * What is given where the ways come to these answers, and the check finds some of them again. It takes a seed by which
 * each check shows which way it belongs to.
 */
async function weigh(answers: readonly string[], kept: readonly boolean[]): Promise<string> {
  for (let seed = 0; seed < 100; seed++) {
    const ways: string[] = [];
    const script = ({ json }: { json: Record<string, unknown> }, turn: number): MockReply => {
      const { action, isCheck, steps } = asked(json);
      if (action !== 'finish') return { content: `STEP-${turn}` };
      if (!isCheck) return answering(answers[ways.push(steps[0] ?? '') - 1] as string, `WAY-${ways.length}. `);
      const way = ways.indexOf(steps[0] ?? '');
      return answering(kept[way] ? (answers[way] as string) : '999');
    };
    const rig = await startRstar({}, shallow, { script });
    const { text } = await rig.solve('QUESTION', { special: true, seed });
    const checks = rig
      .sent()
      .map(asked)
      .filter(({ isCheck }) => isCheck);
    if (checks.filter(({ steps }) => steps.length === 0).length === 1) return text;
  }
  throw new Error('no seed fits');
}

describe('rstar', () => {
  it('gives a kept way before the majority', async () => {
    const rig = await startRstar(
      { finishes: [answering('5', 'A '), answering('7')], checks: [answering('5.0')] },
      shallow,
    );
    const { text, body } = await rig.solve('QUESTION', fields);
    expect(text).toBe('A Final answer: 5');
    expect(body.headrace).toMatchObject({
      kept: 1,
      votes: [
        { answer: '7', count: 3 },
        { answer: '5', count: 1 },
      ],
    });
  });

  it.each([
    ['more kept ones', ['5', '5', '7', '7'], [true, false, true, true], 3],
    ['more ways in all', ['7', '5', '5', '5'], [true, true, false, false], 2],
    ['the earlier one, where both are equal', ['5', '7', '5', '7'], [false, true, true, false], 2],
  ])('gives of the kept ways that of the answer with %s', async (_, answers, kept, way) => {
    expect(await weigh(answers, kept)).toBe(`WAY-${way}. Final answer: ${answers[way - 1]}`);
  });

  it.each([
    ['nothing', { content: 'no idea' }],
    ['an error', { status: 422 }],
    ['half', { content: 'Final answer: 5', finish_reason: 'length' }],
  ])('gives the majority where the checks say %s', async (_, check) => {
    const finishes = [answering('5'), answering('7', 'A '), answering('7', 'B '), answering('8')];
    const rig = await startRstar({ finishes, checks: [check] }, shallow);
    const { text, body } = await rig.solve('QUESTION', fields);
    expect(text).toBe('A Final answer: 7');
    expect(body.headrace.kept).toBe(0);
  });

  it('gives a reply without an answer that can be read only where there is no other', async () => {
    const some = await startRstar(
      { finishes: [{ content: 'DON’T KNOW' }, { content: 'DON’T KNOW' }, answering('7')] },
      shallow,
    );
    const { text, body } = await some.solve('QUESTION', fields);
    expect(text).toBe('Final answer: 7');
    expect(body.headrace).toMatchObject({ calls: 9, votes: [{ answer: '7', count: 2 }] });
    const none = await startRstar({ finishes: [{ content: 'A HAIKU' }] }, shallow);
    const solved = await none.solve('QUESTION', fields);
    expect(solved.text).toBe('A HAIKU');
    expect(solved.body.headrace).toMatchObject({ calls: 7, kept: 0 });
  });

  it('leaves out ways whose finish fails; all: the first error', async () => {
    const some = await startRstar({ finishes: [{ status: 422 }, answering('7')] }, shallow);
    const { text, body } = await some.solve('QUESTION', fields);
    expect(text).toBe('Final answer: 7');
    expect(body.headrace.votes).toEqual([{ answer: '7', count: 3 }]);
    const none = await startRstar({ finishes: [{ status: 422 }, { status: 404 }] }, { ...shallow, rollouts: 8 });
    await expect(none.solve('QUESTION', fields)).rejects.toMatchObject({
      status: 422,
      headers: expect.arrayContaining([['x-should-retry', 'false']]),
    });
  });

  it('ends where a step fails, or the key is refused', async () => {
    const broken = await startRstar({ steps: [{ status: 422 }] }, shallow);
    await expect(broken.solve('QUESTION', fields)).rejects.toMatchObject({ status: 422 });
    const refused = await startRstar({ finishes: [{ status: 401 }] }, shallow);
    await expect(refused.solve('QUESTION', fields)).rejects.toMatchObject({ code: 'upstream_auth_failed' });
  });

  it('asks once more for a step that was cut off, and ends if it is again', async () => {
    const cut = { content: 'HALF', finish_reason: 'length' };
    const mended = await startRstar({ steps: [cut] }, shallow);
    expect((await mended.solve('QUESTION', fields)).body.headrace.calls).toBe(12);
    expect(JSON.stringify(mended.sent())).not.toContain('HALF');
    const hopeless = await startRstar({ steps: [cut, cut] }, shallow);
    await expect(hopeless.solve('QUESTION', fields)).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });

  it('sends the fields of the request with what can be the answer only', async () => {
    const rig = await startRstar({}, { ...shallow, helper_max_tokens: 77 });
    const request = { special: true, temperature: 0.4, max_tokens: 50, stop: ['X'], seed: 4, user: 'me' };
    await rig.solve('QUESTION', request);
    const answers = rig.sent().filter(({ special }) => special);
    expect(answers).toHaveLength(4);
    for (const body of answers) expect(body).toMatchObject(request);
    for (const body of rig.sent().filter(({ special }) => !special)) {
      expect(Object.keys(body).toSorted()).toEqual(['max_tokens', 'messages', 'model', 'temperature', 'user']);
      expect(body.temperature).toBe(0.2);
    }
  });

  it('gives the answer of most ways so far where the budget ends it', async () => {
    const finishes = [answering('5'), answering('7', 'A '), answering('7', 'B '), answering('8')];
    const rig = await startRstar({ finishes }, shallow, { budget: { maxCalls: 7 } });
    const { text, headers } = await rig.solve('QUESTION', fields);
    expect(text).toBe('B Final answer: 7');
    expect(headers['x-headrace-stopped']).toBe('max_calls');
  });

  it('streams the chosen reply alone', async () => {
    const rig = await startRstar({}, shallow);
    const solved = await rig.solve('QUESTION', { ...fields, stream: true });
    expect(solved.text).toBe('WAY-1. Final answer: 7');
    expect(solved.body).not.toMatch(/STEP-|WAY-[234]/);
  });
});
