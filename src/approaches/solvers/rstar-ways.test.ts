import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rstar } from './rstar.ts';
import { type Asked, answering, asked, fields, shallow, startRstar } from './test-rstar.ts';

describe('the ways of rstar', () => {
  it('tries each first step, finishes what is open at the depth, and checks each way', async () => {
    const rig = await startRstar({}, shallow);
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
    const rig = await startRstar({}, { depth: 1, rollouts: 9 });
    const { body } = await rig.solve('QUESTION', fields);
    expect(body.headrace).toMatchObject({ calls: 11, votes: [{ answer: '7', count: 4 }] });
  });

  it('keeps within its bound, goes by the seed, and takes each step only where it fits', async () => {
    expect(rstar.maximumCalls(rstar.parameters.parse({}))).toBe(25);
    const run = async (seed: number, rollouts: number, depth: number) => {
      const rig = await startRstar({}, { rollouts, depth });
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
      const rig = await startRstar({}, { rollouts: 1 });
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

  it('goes on where the rewards were', async () => {
    let calls = 0;
    for (let seed = 0; seed < 6; seed++) {
      const finishes = [{ content: 'no idea' }, ...['5', '6', '7', '5'].map((answer) => answering(answer))];
      const rig = await startRstar({ finishes }, { depth: 2, rollouts: 5, exploration: 0 });
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

  it('cuts each way before its end, from a random step on', async () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 6; seed++) {
      const rig = await startRstar({}, { depth: 3, rollouts: 4 });
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
});
