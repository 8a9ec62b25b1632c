import type { ApproachesConfig } from '../config/approaches-config.ts';
import type { Reach } from './approach.ts';
import { parseParameters } from './parameters.ts';
import { PlanError } from './plan-error.ts';
import type { Solver } from './solver.ts';
import type { Stage, Transform, Wrapper } from './stage.ts';
import type { NamedModel } from './stage-needs.ts';

/** One stage with its parameters, checked and with their defaults. */
export interface Placed<S extends Stage = Stage> {
  readonly stage: S;
  readonly parameters: unknown;
}

/** What is done one after the other. */
export interface Branch {
  readonly before: readonly Placed<Transform | Wrapper>[];
  /** Undefined: a plain call. */
  readonly solver: Placed<Solver> | undefined;
}

/** What a name such as `readurls&moa` or `bon|moa` stands for. */
export interface Plan {
  /** As it was written. */
  readonly name: string;
  /** Done at once; each gives a choice. */
  readonly branches: readonly Branch[];
}

/**
 * Reads a name or a pipeline.
 * @param written the parameters; of a pipeline by the names of its stages
 * @throws PlanError
 */
export function parsePlan(
  name: string,
  written: Readonly<Record<string, unknown>>,
  stages: ReadonlyMap<string, Stage>,
): Plan {
  const branches = name.split('|').map((branch) => branch.split('&').map((part) => part.trim()));
  const isPipeline = branches.length > 1 || (branches[0]?.length ?? 0) > 1;
  const names = new Set(branches.flat());
  if (isPipeline) {
    if (names.has('none')) throw new PlanError('"none" stands for a plain call and has no place in a pipeline');
    for (const key of Object.keys(written)) {
      if (!names.has(key)) throw new PlanError(`the parameters of "${key}" belong to no stage of ${name}`, [key]);
    }
  }
  const parametersOf = (stage: Stage) =>
    isPipeline ? parseParameters(stage, written[stage.name] ?? {}, [stage.name]) : parseParameters(stage, written);
  return { name, branches: branches.map((parts) => parseBranch(parts, parametersOf, stages, name)) };
}

function parseBranch(
  parts: readonly string[],
  parametersOf: (stage: Stage) => unknown,
  stages: ReadonlyMap<string, Stage>,
  whole: string,
): Branch {
  const before: Placed<Transform | Wrapper>[] = [];
  let solver: Placed<Solver> | undefined;
  for (const part of parts) {
    if (part === 'none') continue;
    const stage = stages.get(part);
    if (stage === undefined) throw unknownStage(part, stages);
    if (solver !== undefined) {
      const what = stage.kind === 'solver' ? 'a second solver' : `a ${stage.kind} behind a solver`;
      throw new PlanError(`"${part}" is ${what} in ${whole}; a pipeline ends with its only solver`);
    }
    const parameters = parametersOf(stage);
    if (stage.kind === 'solver') solver = { stage, parameters };
    else before.push({ stage, parameters });
  }
  return { before, solver };
}

function unknownStage(name: string, stages: ReadonlyMap<string, Stage>): PlanError {
  const known = [...stages.keys(), 'none'].toSorted().join(', ');
  return new PlanError(`there is no approach "${name.slice(0, 100)}"; the approaches are ${known}`);
}

/** All stages of a plan, each once for every place that it has. */
export function placedOf({ branches }: Plan): readonly Placed[] {
  return branches.flatMap(({ before, solver }) => [...before, ...(solver === undefined ? [] : [solver])]);
}

/** The same, with those that a stage may let answer in its place. */
export function allPlacedOf(plan: Plan): readonly Placed[] {
  return placedOf(plan).flatMap((placed) => {
    const { stage, parameters } = placed;
    const branches = stage.kind === 'solver' ? (stage.mayRun?.(parameters) ?? []) : [];
    return [placed, ...placedOf({ name: plan.name, branches })];
  });
}

/**
 * Checks that all that a plan needs is set up.
 * @throws PlanError
 */
export function checkSetUp(plan: Plan, settings: ApproachesConfig): void {
  for (const { stage, parameters } of placedOf(plan)) {
    const missing = stage.missing?.(settings, parameters);
    if (missing !== undefined) throw new PlanError(`the approach "${stage.name}" cannot be used here: ${missing}`);
  }
}

/** The models that the parameters of a plan name, with where they stand in what was written. */
export function modelsOf(plan: Plan): readonly NamedModel[] {
  const isPipeline = /[&|]/.test(plan.name);
  return placedOf(plan).flatMap(({ stage, parameters }) => {
    const named = stage.models?.(parameters) ?? [];
    return isPipeline ? named.map(({ name, path }) => ({ name, path: [stage.name, ...path] })) : named;
  });
}

/** One run of a branch, and how many of the client's choices it gives. */
export interface PlannedRun {
  readonly branch: Branch;
  readonly choices: number;
}

/** The runs of a branch for so many choices: one for each, or one for all where its solver gives several by itself. */
export function runsOf(branch: Branch, choices: number): readonly PlannedRun[] {
  const { before, solver } = branch;
  const isWrapped = before.some(({ stage }) => stage.kind === 'wrapper'); // wrappers see one reply of a run
  const givesAll = !isWrapped && solver?.stage.givesChoices?.(solver.parameters) === true;
  return givesAll ? [{ branch, choices }] : Array.from({ length: choices }, () => ({ branch, choices: 1 }));
}

/** The most calls of a plan for so many choices, where the backends honour `n`. */
export function maximumCallsOf(plan: Plan, choices: number, question?: number): number {
  return reachOf(plan, choices, question).calls;
}

/**
 * What a plan takes at most for so many choices, where the backends honour `n`.
 * @param question the most tokens that the question has; left out: as many as there may be
 */
export function reachOf({ branches }: Plan, choices: number, question = Number.POSITIVE_INFINITY): Reach {
  const runs = branches.flatMap((branch) => runsOf(branch, choices)).map((run) => reachOfRun(run, question));
  const sumOf = (key: keyof Reach) => runs.reduce((sum, run) => sum + run[key], 0);
  return { calls: sumOf('calls'), prompts: sumOf('prompts'), outputs: sumOf('outputs') };
}

function reachOfRun({ branch: { before, solver }, choices }: PlannedRun, asked: number): Reach {
  const added = before.map(({ stage, parameters }) =>
    stage.kind === 'transform' ? stage.maximumTokens(parameters) : 0,
  );
  const question = added.reduce((sum, tokens) => sum + tokens, asked);
  let calls = solver === undefined ? 1 : solver.stage.maximumCalls(solver.parameters, choices, question);
  let prompts = Math.min(calls, solver?.stage.wholePrompts?.(solver.parameters) ?? calls);
  for (const { stage, parameters } of before.toReversed()) {
    const isWrapper = stage.kind === 'wrapper';
    const all = isWrapper ? stage.maximumCalls(calls, parameters, question) : calls + stage.maximumCalls(parameters);
    const own = all - calls;
    prompts += Math.min(own, (isWrapper ? stage.wholePrompts?.(parameters) : undefined) ?? own);
    calls = all;
  }
  return { calls, prompts, outputs: calls + (solver?.stage.furtherOutputs?.(solver.parameters) ?? 0) };
}
