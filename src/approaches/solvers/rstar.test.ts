import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SolvingOptions, startSolving } from '../../../test/harness/solving.ts';
import type { MockReply } from '../../mock/mock-reply.ts';
import { type Action, actionRequest } from '../prompts/rstar.ts';
import { rstar } from './rstar.ts';

const usage = { prompt_tokens: 10, completion_tokens: 5 };
const fields = { special: true, seed: 1 };
const actions: readonly Action[] = ['thought', 'finish', 'subquestion', 'anew', 'rephrase'];

interface Asked {
  readonly action: Action;
  /** It came after all ways were gone: neither the answer nor a step. */
  readonly isCheck: boolean;
  /** The steps that were shown. */
  readonly steps: readonly string[];
}

function asked(body: Record<string, unknown>): Asked {
  const material = String((body.messages as { content: string }[]).at(-1)?.content);
  const action = actions.find((one) => material.endsWith(actionRequest([], one))) as Action;
  const isCheck = action === 'finish' && body.special === undefined;
  return { action, isCheck, steps: [...material.matchAll(/STEP-\d+/g)].map(String) };
}

interface Script {
  /** What finishes a way, in turn; the last one repeats. */
  readonly finishes?: readonly MockReply[];
  readonly checks?: readonly MockReply[];
  readonly steps?: readonly MockReply[];
}

const answering = (answer: string, more = '') => ({ content: `${more}Final answer: ${answer}` });

function start(script: Script, parameters: Record<string, unknown> = {}, options: Partial<SolvingOptions> = {}) {
  const counts = { step: 0, finish: 0, check: 0 };
  const pick = (from: readonly MockReply[] | undefined, at: number) => from?.[Math.min(at, from.length - 1)];
  const reply = (body: Record<string, unknown>): MockReply => {
    const { action, isCheck } = asked(body);
    if (isCheck) return pick(script.checks, counts.check++) ?? answering('7');
    if (action === 'finish') return pick(script.finishes, counts.finish++) ?? answering('7', `WAY-${counts.finish}. `);
    counts.step++;
    return script.steps?.[counts.step - 1] ?? { content: `STEP-${counts.step}` };
  };
  return startSolving({
    stages: [rstar],
    plan: 'rstar',
    parameters,
    script: ({ json }) => ({ usage, ...reply(json) }),
    ...options,
  });
}

/** Each of the 4 first steps once: 3 need a finishing call. */
const shallow = { depth: 1, rollouts: 4 };

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
    const rig = await start({}, shallow, { script });
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
  it('tries each first step, finishes what is open at the depth, and checks each way', async () => {
    const rig = await start({}, shallow);
    const { text, body } = await rig.solve('QUESTION', fields);
    expect(text).toBe('WAY-1. Final answer: 7');
    const calls = rig.sent().map(asked);
    const isFirst = ({ isCheck, steps }: Asked) => !isCheck && steps.length === 0;
    expect(
      calls
        .filter(isFirst)
        .map(({ action }) => action)
        .toSorted(),
    ).toEqual(['finish', 'rephrase', 'subquestion', 'thought']);
    expect(calls.filter(({ isCheck }) => isCheck)).toHaveLength(4);
    expect(calls.slice(0, 7).some(({ isCheck }) => isCheck)).toBe(false);
    expect(calls).toHaveLength(11);
    expect(body.headrace).toMatchObject({ approach: 'rstar', calls: 11, votes: [{ answer: '7', count: 4 }], kept: 4 });
    expect(body.usage).toMatchObject({ prompt_tokens: 110, completion_tokens: 55, total_tokens: 165 });
    expect(new Set(rig.sent().map(({ temperature }) => temperature))).toEqual(new Set([0.2]));
    for (const call of rig.sent()) expect(call.messages[0]).toEqual({ role: 'user', content: 'QUESTION' });
  });

  it('makes no call for a way that it goes a second time', async () => {
    const rig = await start({}, { depth: 1, rollouts: 9 });
    const { body } = await rig.solve('QUESTION', fields);
    expect(body.headrace).toMatchObject({ calls: 11, votes: [{ answer: '7', count: 4 }] });
  });

  it('keeps within its bound, goes by the seed, and takes each step only where it fits', async () => {
    expect(rstar.maximumCalls(rstar.parameters.parse({}))).toBe(25);
    const run = async (seed: number, rollouts: number, depth: number) => {
      const rig = await start({}, { rollouts, depth });
      await rig.solve('QUESTION', { ...fields, seed });
      return rig.sent();
    };
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1000),
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 4 }),
        async (seed, rollouts, depth) => {
          const sent = await run(seed, rollouts, depth);
          const most = rstar.maximumCalls({ ...rstar.parameters.parse({}), rollouts, depth });
          expect(sent.length).toBeLessThanOrEqual(most);
          const calls = sent.map(asked);
          const made = calls.filter(({ action }) => action !== 'finish').map(({ action }) => action);
          for (const { action, steps } of calls) {
            expect(steps.length).toBeLessThanOrEqual(depth);
            const before = made[Number(steps.at(-1)?.slice('STEP-'.length)) - 1];
            if (action === 'rephrase') expect(steps).toEqual([]);
            if (action === 'anew') expect(before).toBe('subquestion');
          }
          const rollingOf = (bodies: readonly object[]) => bodies.map((body) => JSON.stringify(body)).toSorted();
          expect(rollingOf(await run(seed, rollouts, depth))).toEqual(rollingOf(sent));
        },
      ),
      { numRuns: 15 },
    );
  }, 60_000);

  it('goes other ways with other seeds', async () => {
    const ways = new Set<string>();
    for (let seed = 0; seed < 8; seed++) {
      const rig = await start({}, { rollouts: 1 });
      await rig.solve('QUESTION', { ...fields, seed });
      ways.add(
        rig
          .sent()
          .filter((body) => !asked(body).isCheck)
          .map((body) => asked(body).action)
          .join(),
      );
    }
    expect(ways.size).toBeGreaterThan(2);
  });

  it('gives a kept way before the majority', async () => {
    const rig = await start({ finishes: [answering('5', 'A '), answering('7')], checks: [answering('5.0')] }, shallow);
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

  it('goes on where the rewards were', async () => {
    let calls = 0;
    for (let seed = 0; seed < 6; seed++) {
      const finishes = [{ content: 'no idea' }, ...['5', '6', '7', '5'].map((answer) => answering(answer))];
      const rig = await start({ finishes }, { depth: 2, rollouts: 5, exploration: 0 });
      await rig.solve('QUESTION', { ...fields, seed });
      const made = rig
        .sent()
        .map(asked)
        .filter(({ isCheck }) => !isCheck);
      const ends = made.flatMap(({ action }, index) => (action === 'finish' ? [index] : []));
      const best = made[ends[1] as number]?.steps[0];
      for (const { steps } of made.slice((ends[3] as number) + 1)) {
        expect(steps[0]).toBe(best);
        calls++;
      }
    }
    expect(calls).toBeGreaterThan(0);
  });

  it.each([
    ['nothing', { content: 'no idea' }],
    ['an error', { status: 422 }],
    ['half', { content: 'Final answer: 5', finish_reason: 'length' }],
  ])('gives the majority where the checks say %s', async (_, check) => {
    const finishes = [answering('5'), answering('7', 'A '), answering('7', 'B '), answering('8')];
    const rig = await start({ finishes, checks: [check] }, shallow);
    const { text, body } = await rig.solve('QUESTION', fields);
    expect(text).toBe('A Final answer: 7');
    expect(body.headrace.kept).toBe(0);
  });

  it('cuts each way before its end, from a random step on', async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 6; seed++) {
      const rig = await start({}, { depth: 3, rollouts: 4 });
      await rig.solve('QUESTION', { ...fields, seed });
      const calls = rig.sent().map(asked);
      const ways = calls.filter(({ action, isCheck }) => action === 'finish' && !isCheck);
      const checks = calls.filter(({ isCheck }) => isCheck);
      expect(checks).toHaveLength(ways.length);
      for (const { steps } of checks) {
        lengths.add(steps.length);
        expect(ways.some((way) => steps.every((step, index) => way.steps[index] === step))).toBe(true);
      }
    }
    expect(lengths.size).toBeGreaterThan(1);
  });

  it('gives a reply without an answer that can be read only where there is no other', async () => {
    const some = await start(
      { finishes: [{ content: 'DON’T KNOW' }, { content: 'DON’T KNOW' }, answering('7')] },
      shallow,
    );
    const { text, body } = await some.solve('QUESTION', fields);
    expect(text).toBe('Final answer: 7');
    expect(body.headrace).toMatchObject({ calls: 9, votes: [{ answer: '7', count: 2 }] });
    const none = await start({ finishes: [{ content: 'A HAIKU' }] }, shallow);
    const solved = await none.solve('QUESTION', fields);
    expect(solved.text).toBe('A HAIKU');
    expect(solved.body.headrace).toMatchObject({ calls: 7, kept: 0 });
  });

  it('leaves out ways whose finish fails; all: the first error', async () => {
    const some = await start({ finishes: [{ status: 422 }, answering('7')] }, shallow);
    const { text, body } = await some.solve('QUESTION', fields);
    expect(text).toBe('Final answer: 7');
    expect(body.headrace.votes).toEqual([{ answer: '7', count: 3 }]);
    const none = await start({ finishes: [{ status: 422 }, { status: 404 }] }, { ...shallow, rollouts: 8 });
    await expect(none.solve('QUESTION', fields)).rejects.toMatchObject({
      status: 422,
      headers: expect.arrayContaining([['x-should-retry', 'false']]),
    });
  });

  it('ends where a step fails, or the key is refused', async () => {
    const broken = await start({ steps: [{ status: 422 }] }, shallow);
    await expect(broken.solve('QUESTION', fields)).rejects.toMatchObject({ status: 422 });
    const refused = await start({ finishes: [{ status: 401 }] }, shallow);
    await expect(refused.solve('QUESTION', fields)).rejects.toMatchObject({ code: 'upstream_auth_failed' });
  });

  it('asks once more for a step that was cut off, and ends if it is again', async () => {
    const cut = { content: 'HALF', finish_reason: 'length' };
    const mended = await start({ steps: [cut] }, shallow);
    expect((await mended.solve('QUESTION', fields)).body.headrace.calls).toBe(12);
    expect(JSON.stringify(mended.sent())).not.toContain('HALF');
    const hopeless = await start({ steps: [cut, cut] }, shallow);
    await expect(hopeless.solve('QUESTION', fields)).rejects.toMatchObject({ code: 'upstream_error', status: 502 });
  });

  it('sends the fields of the request with what can be the answer only', async () => {
    const rig = await start({}, { ...shallow, helper_max_tokens: 77 });
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
    const rig = await start({ finishes }, shallow, { budget: { maxCalls: 7 } });
    const { text, headers } = await rig.solve('QUESTION', fields);
    expect(text).toBe('B Final answer: 7');
    expect(headers['x-headrace-stopped']).toBe('max_calls');
  });

  it('streams the chosen reply alone', async () => {
    const rig = await start({}, shallow);
    const solved = await rig.solve('QUESTION', { ...fields, stream: true });
    expect(solved.text).toBe('WAY-1. Final answer: 7');
    expect(solved.body).not.toMatch(/STEP-|WAY-[234]/);
  });
});
