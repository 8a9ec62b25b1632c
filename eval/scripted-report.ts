import { type Check, none, type Report, same } from '../test/chaos/report.ts';
import type { Measurement } from './measure.ts';
import type { ScriptedRun } from './scripted-run.ts';

/**
 * What a run showed, and whether it is what the closed forms and the rules of the approaches say.
 * @param tasks how many were wanted of each
 */
export function reportScripted({ measurements, logged }: ScriptedRun, tasks: number): Report {
  const sum = (pick: (measured: Measurement) => number) =>
    measurements.reduce((total, measured) => total + pick(measured), 0);
  return {
    title: 'Approaches with scripted models',
    columns: [
      'approach',
      'n is',
      'tasks',
      'right',
      'closed form',
      'tolerance',
      'holds',
      'calls per task',
      'tokens per task',
      'p50 ms',
    ],
    rows: measurements.map(rowOf),
    checks: [
      none('every approach is right as often as its closed form says', measurements.flatMap(outOfTolerance)),
      none(
        'every task was asked in the time that there was',
        measurements.flatMap((one) => unasked(one, tasks)),
      ),
      ...faultChecks(measurements),
      same(
        'requests in the log',
        logged.requests,
        sum((one) => one.tasks),
      ),
      same(
        'tokens in the log',
        logged.tokens,
        sum((one) => one.tokens),
      ),
    ],
  };
}

/** How far the measured share may be from the probability: four standard deviations. */
export function toleranceOf({ due, tasks }: Pick<Measurement, 'due' | 'tasks'>): number {
  return 4 * Math.sqrt((due * (1 - due)) / Math.max(1, tasks));
}

export function isWithinTolerance(measured: Pick<Measurement, 'due' | 'tasks' | 'right'>): boolean {
  return measured.tasks > 0 && Math.abs(measured.right / measured.tasks - measured.due) <= toleranceOf(measured);
}

function rowOf(measured: Measurement): (string | number)[] {
  const { name, kind, tasks, right, due, calls, tokens, milliseconds } = measured;
  const perTask = (value: number, digits: number) => (tasks === 0 ? '-' : (value / tasks).toFixed(digits));
  const middle = milliseconds[Math.floor(milliseconds.length / 2)];
  return [
    ...[name, takesN[kind], tasks, perTask(right, 4), due.toFixed(4), toleranceOf(measured).toFixed(4)],
    isWithinTolerance(measured) ? 'yes' : '**NO**',
    ...[perTask(calls, 3), perTask(tokens, 0), middle?.toFixed(1) ?? '-'],
  ];
}

const takesN = {
  honours: 'honoured',
  ignores: 'ignored',
  refuses: 'refused',
  copies: 'copied',
  second: 'honoured, after another backend failed',
} as const;

function outOfTolerance(measured: Measurement): string[] {
  const { name, kind, right, tasks, due } = measured;
  if (isWithinTolerance(measured)) return [];
  return [`${kind}-${name}: ${right} of ${tasks}, due ${due.toFixed(4)} within ${toleranceOf(measured).toFixed(4)}`];
}

function unasked({ name, kind, tasks }: Measurement, wanted: number): string[] {
  return tasks === wanted ? [] : [`${kind}-${name}: ${tasks} of ${wanted}`];
}

function faultChecks(measurements: readonly Measurement[]): Check[] {
  const all = (pick: (faults: Measurement['faults']) => readonly string[]) =>
    measurements.flatMap(({ faults }) => pick(faults));
  return [
    none(
      'every request was answered',
      all(({ answers }) => answers),
    ),
    none(
      'every answer took exactly the calls that it should, and says so',
      all(({ calls }) => calls),
    ),
    none(
      'the usage of every answer is the sum over all of its calls',
      all(({ usage }) => usage),
    ),
    none(
      'no candidate was copied, mixed up, or shown with its thinking',
      all(({ prompts }) => prompts),
    ),
  ];
}
