import { parseParameters } from './parameters.ts';
import { PlanError } from './plan-error.ts';
import type { Solver } from './solver.ts';
import type { Stage, Transform, Wrapper } from './stage.ts';

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

/** The most calls of a plan for so many choices, where the backends honour `n`. */
export function maximumCallsOf({ branches }: Plan, choices: number): number {
  return branches.reduce((sum, branch) => sum + callsOf(branch), 0) * choices;
}

function callsOf({ before, solver }: Branch): number {
  let calls = solver === undefined ? 1 : solver.stage.maximumCalls(solver.parameters);
  for (const { stage, parameters } of before.toReversed()) {
    calls = stage.kind === 'wrapper' ? stage.maximumCalls(calls, parameters) : calls + stage.maximumCalls(parameters);
  }
  return calls;
}
