import { type Branch, maximumCallsOf, type Plan, placedOf } from '../plan.ts';
import { PlanError } from '../plan-error.ts';
import { classifyRequest } from '../prompts/router.ts';
import { readName } from '../read-name.ts';
import { type Path, plansOf, type RouterParameters, readWays, routerParameters, type Ways } from '../router-ways.ts';
import type { Solver, Task } from '../solver.ts';
import type { Stage } from '../stage.ts';
import type { NamedModel } from '../stage-needs.ts';

type Stages = () => ReadonlyMap<string, Stage>;

/**
 * Answers by another approach: the first whose rule fits the question, else the one that a model names, else the default.
 * @param stages all that there are, known by the time when parameters are read
 */
export function createRouter(stages: Stages): Solver<RouterParameters> {
  const known = new WeakMap<RouterParameters, Ways>();
  const waysOf = (parameters: RouterParameters) => {
    const ways = known.get(parameters) ?? readWays(parameters, stages());
    known.set(parameters, ways);
    return ways;
  };
  return {
    kind: 'solver',
    name: 'router',
    parameters: routerParameters.superRefine((parameters, context) => {
      try {
        readWays(parameters, stages());
      } catch (error) {
        if (!(error instanceof PlanError)) throw error;
        context.addIssue({ code: 'custom', message: error.message, path: [...error.path] });
      }
    }),
    keepsFormat: true,
    maximumCalls: (parameters, _choices, question) => {
      const { rules, classes, other } = waysOf(parameters);
      const classified = [...classes.values(), other].map((plan) => maximumCallsOf(plan, 1, question));
      const asked = parameters.classifier === undefined ? 0 : 1;
      return Math.max(...rules.map(({ plan }) => maximumCallsOf(plan, 1, question)), asked + Math.max(...classified));
    },
    missing: (settings, parameters) => {
      for (const { stage, parameters: own } of plansOf(waysOf(parameters)).flatMap(({ plan }) => placedOf(plan))) {
        const missing = stage.missing?.(settings, own);
        if (missing !== undefined) return `it may choose "${stage.name}", and ${missing}`;
      }
      return undefined;
    },
    models: (parameters) => [
      ...(parameters.classifier === undefined ? [] : [{ name: parameters.classifier, path: ['classifier'] }]),
      ...plansOf(waysOf(parameters)).flatMap(({ plan, path }) => modelsOf(plan, path)),
    ],
    mayRun: (parameters) => plansOf(waysOf(parameters)).flatMap(({ plan }) => plan.branches),
    solve: async (task, parameters) => {
      const { name, plan, by } = await choose(task, parameters, waysOf(parameters));
      const solution = await task.handOver(plan.branches[0] as Branch);
      return { ...solution, metadata: { routed: { approach: name, by }, ...solution.metadata } };
    },
  };
}

async function choose(task: Task, { classifier, default: other }: RouterParameters, ways: Ways) {
  const index = await fittingRule(task, ways);
  const rule = ways.rules[index];
  if (rule !== undefined) return { name: rule.name, plan: rule.plan, by: `rule ${index + 1}` };
  if (classifier !== undefined) {
    task.step(1, 2, 'classify');
    const names = [...ways.classes.keys()];
    const { text, finishReason } = await task.help({ material: classifyRequest(names), model: classifier });
    const name = finishReason === 'length' ? undefined : readName(text, names, ['approach', 'name']);
    if (name !== undefined) return { name, plan: ways.classes.get(name) as Plan, by: 'classifier' };
  }
  return { name: other, plan: ways.other, by: 'default' };
}

/** The last question of each router, and the rule that fits it, so that several choices of one request ask once. */
const lastQuestions = new WeakMap<Ways, { readonly question: string; readonly fitting: Promise<number> }>();

/** The place of the first rule that fits; -1: there is none. */
function fittingRule(task: Task, ways: Ways): Promise<number> {
  const question = JSON.stringify([task.question, task.original]);
  const last = lastQuestions.get(ways);
  if (last?.question === question) return last.fitting;
  const find = async () => {
    for (const [index, { test }] of ways.rules.entries()) {
      if (await test(task)) return index;
    }
    return -1;
  };
  const fitting = find();
  lastQuestions.set(ways, { question, fitting });
  return fitting;
}

function modelsOf(plan: Plan, path: Path): NamedModel[] {
  const placed = placedOf(plan);
  return placed.flatMap(({ stage, parameters }) => {
    const own = placed.length > 1 ? [...path, stage.name] : path;
    return (stage.models?.(parameters) ?? []).map((model) => ({ ...model, path: [...own, ...model.path] }));
  });
}
