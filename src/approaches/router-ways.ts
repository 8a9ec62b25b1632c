import * as z from 'zod';
import { commonParameters } from './parameters.ts';
import { maximumCallsOf, type Plan, parsePlan, placedOf } from './plan.ts';
import { PlanError } from './plan-error.ts';
import { type Test, testOf, when } from './router-rule.ts';
import type { Stage } from './stage.ts';

const rule = z.strictObject({
  when,
  approach: z.string().min(1).describe('A name or a pipeline without |.'),
  parameters: z.record(z.string(), z.unknown()).default({}).describe('Its parameters; of a pipeline by its stages.'),
});
const shape = {
  helper_max_tokens: commonParameters.helper_max_tokens,
  rules: z.array(rule).max(20).default([]).describe('The first that fits decides.'),
  classifier: z.string().min(1).optional().describe('The public name of a model that chooses where no rule fits.'),
  approaches: z
    .array(z.string().min(1))
    .min(1)
    .max(50)
    .optional()
    .describe('What the classifier chooses among; if left out, all solvers that need nothing to be set up, and none.'),
  default: z.string().min(1).default('none').describe('Where nothing else decides.'),
};
/** What a route or a request may set of a router. */
export const routerParameters = z.strictObject(shape);

export type RouterParameters = z.output<typeof routerParameters>;

/** What a router's parameters stand for. */
export interface Ways {
  readonly rules: readonly { readonly name: string; readonly test: Test; readonly plan: Plan }[];
  /** What the classifier chooses among, by name; none where there is no classifier. */
  readonly classes: ReadonlyMap<string, Plan>;
  readonly other: Plan;
}

/** @throws PlanError whose path leads into the parameters */
export function readWays(
  { rules, classifier, approaches, default: other }: RouterParameters,
  stages: ReadonlyMap<string, Stage>,
): Ways {
  if (approaches !== undefined && classifier === undefined) {
    throw new PlanError('these are what a classifier chooses among; add classifier', ['approaches']);
  }
  const classes = approaches ?? (classifier === undefined ? [] : unconditional(stages));
  return {
    rules: rules.map(({ approach, parameters, when: written }, index) => ({
      name: approach,
      test: testOf(written, ['rules', index, 'when']),
      plan: readPlan(approach, parameters, stages, ['rules', index]),
    })),
    classes: new Map(
      classes.map((name, index) => [name, readPlan(name, {}, stages, ['approaches', index], ['approaches', index])]),
    ),
    other: readPlan(other, {}, stages, ['default'], ['default']),
  };
}

export type Path = readonly (string | number)[];

/** @param nameAt where the name stands, if not at `approach` */
function readPlan(
  name: string,
  parameters: Readonly<Record<string, unknown>>,
  stages: ReadonlyMap<string, Stage>,
  at: Path,
  nameAt: Path = [...at, 'approach'],
): Plan {
  try {
    const plan = parsePlan(name, parameters, stages);
    if (plan.branches.length > 1) throw new PlanError(`"${name}" gives several answers, and a router one; leave | out`);
    if (placedOf(plan).some(({ stage }) => stage.name === 'router')) {
      throw new PlanError('a router does not choose a router; write its rules here');
    }
    return plan;
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    throw new PlanError(error.message, error.path.length === 0 ? nameAt : [...at, 'parameters', ...error.path]);
  }
}

/** `none`, and the solvers that need nothing to be set up and have a bound of their own. */
function unconditional(stages: ReadonlyMap<string, Stage>): string[] {
  const solvers = [...stages.values()].filter(
    (stage) => stage.kind === 'solver' && stage.missing === undefined && stage.name !== 'router',
  );
  const bounded = solvers.filter(({ name }) => Number.isFinite(maximumCallsOf(parsePlan(name, {}, stages), 1)));
  return ['none', ...bounded.map(({ name }) => name)];
}

/** All that may be chosen, and where their parameters stand. */
export function plansOf({ rules, classes, other }: Ways): { readonly plan: Plan; readonly path: Path }[] {
  return [
    ...rules.map(({ plan }, index) => ({ plan, path: ['rules', index, 'parameters'] })),
    ...[...classes.values()].map((plan, index) => ({ plan, path: ['approaches', index] })),
    { plan: other, path: ['default'] },
  ];
}
