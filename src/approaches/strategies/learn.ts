import { createRequest, judgeRequest, readHelped, readStrategy, refineRequest } from '../prompts/spl.ts';
import type { Task } from '../solver.ts';
import { dueForRefinement, hopeful, untried, withNew, withRefined, withVerdicts } from './strategies.ts';
import type { Strategy } from './strategy-store.ts';

/** What one answer has to teach. */
export interface Lesson {
  /** Of the question. */
  readonly type: string;
  /** The strategies that its prompt held. */
  readonly used: readonly Strategy[];
  readonly answer: string;
  /** How many strategies are kept. */
  readonly most: number;
}

/** The most calls of one lesson: judge, create, refine. */
export const lessonCalls = 3;

/** Strategies that no prompt held yet and that are judged beside those that one held. */
const mostTrials = 3;

/**
 * Learns from one answer: judges strategies by it, creates one where there is room and none is near, and rewords one that
 * is due. A call that fails is left out; what was learned before it stays.
 */
export async function learn(task: Task, lesson: Lesson): Promise<void> {
  await judge(task, lesson);
  await create(task, lesson);
  await refine(task, lesson);
}

async function judge(task: Task, { type, used, answer }: Lesson): Promise<void> {
  const { strategies } = task.services;
  const inUse = new Set(used.map(({ id }) => id));
  const trials = untried(await strategies.load(task.caller, type)).filter(({ id }) => !inUse.has(id));
  const judged = [...used, ...trials.slice(0, mostTrials)];
  if (judged.length === 0) return;
  const texts = judged.map(({ text }) => text);
  const reply = await task.tryHelp({ material: judgeRequest(answer, texts) });
  const helped = reply && readHelped(reply.text, judged.length);
  if (helped === undefined) return;
  const verdicts = new Map(judged.map(({ id }, index) => [id, helped.has(index + 1)]));
  await strategies.change(task.caller, type, (all) => withVerdicts(all, verdicts));
}

async function create(task: Task, { type, answer, most }: Lesson): Promise<void> {
  const { strategies } = task.services;
  const known = hopeful(await strategies.load(task.caller, type));
  if (known.length >= most) return;
  const texts = known.map(({ text }) => text);
  const reply = await task.tryHelp({ material: createRequest(answer, type, texts) });
  const text = reply && readStrategy(reply.text);
  if (text !== undefined) await strategies.change(task.caller, type, (all) => withNew(all, text, most));
}

async function refine(task: Task, { type }: Lesson): Promise<void> {
  const { strategies } = task.services;
  const due = dueForRefinement(await strategies.load(task.caller, type));
  if (due === undefined) return;
  const reply = await task.tryHelp({ material: refineRequest(due.text, due.uses, due.helped) });
  if (reply === undefined) return;
  await strategies.change(task.caller, type, (all) => withRefined(all, due.id, readStrategy(reply.text)));
}
