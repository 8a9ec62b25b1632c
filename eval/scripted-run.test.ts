import { describe, expect, it } from 'vitest';
import { allCases } from './cases.ts';
import { isWithinTolerance, reportScripted } from './scripted-report.ts';
import { runScripted } from './scripted-run.ts';

const some = { seed: 1, atOnce: 8, seconds: 150 };

describe('the evaluation without a model', { timeout: 180_000 }, () => {
  it('finds every approach as good as its closed form, whatever a backend makes of n, and where one fails', async () => {
    const tasks = 200;
    const cases = allCases({});
    const run = await runScripted({ ...some, cases, kinds: ['honours', 'ignores', 'refuses', 'second'], tasks });
    const report = reportScripted(run, tasks);
    expect(report.checks.filter(({ isGood }) => !isGood)).toEqual([]);
    expect(report.rows).toHaveLength(20);
    expect(run.measurements.every(({ right }) => right > 0 && right < tasks)).toBe(true);
  });

  it('finds the same of streams', async () => {
    const tasks = 100;
    const run = await runScripted({ ...some, cases: allCases({}), kinds: ['honours', 'refuses'], tasks, stream: true });
    const report = reportScripted(run, tasks);
    expect(report.checks.filter(({ isGood }) => !isGood)).toEqual([]);
    expect(run.measurements.every(({ right }) => right > 0 && right < tasks)).toBe(true);
  });

  it('sees copied candidates: then nothing is gained', async () => {
    const cases = allCases({}).filter(({ name }) => name === 'bon' || name === 'moa');
    const { measurements } = await runScripted({ ...some, cases, kinds: ['copies'], tasks: 300 });
    expect(measurements.map((measured) => [measured.name, isWithinTolerance(measured)])).toEqual([
      ['bon', false],
      ['moa', false],
    ]);
    const ofCopies = { bon: 0.6, moa: 0.6 * 0.9 };
    for (const measured of measurements) {
      expect(isWithinTolerance({ ...measured, due: ofCopies[measured.name as keyof typeof ofCopies] })).toBe(true);
    }
    expect(measurements[1]?.faults.prompts).toHaveLength(600);
  });

  it('says what was not asked in the time that there was', async () => {
    const run = await runScripted({
      ...some,
      cases: allCases({}).slice(0, 1),
      kinds: ['honours'],
      tasks: 5,
      seconds: 0,
    });
    const wrong = reportScripted(run, 5).checks.filter(({ isGood }) => !isGood);
    expect(wrong.map(({ detail }) => detail)).toContain('1: honours-none: 0 of 5');
  });
});
