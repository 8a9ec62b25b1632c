import { type Action, actionRequest } from './prompts/rstar.ts';
import type { Reply } from './reply.ts';
import type { Task } from './solver.ts';
import { tryAnswer } from './try-answer.ts';
import { mostPromising, type Visited } from './upper-confidence.ts';

interface Node extends Visited {
  /** Undefined: the root. */
  readonly action: Action | undefined;
  readonly children: Map<Action, Step>;
}

/** One step on the way to an answer, and all steps that were tried after it. */
export interface Step extends Node {
  readonly action: Action;
  readonly reply: Reply;
}

export interface StepTreeOptions {
  /** The most steps of a way before it is finished. */
  readonly depth: number;
  /** The constant of UCT. */
  readonly exploration: number;
  readonly temperature: number;
}

/** All ways of steps that were gone from a question on; a step that was made once is not asked for again. */
export class StepTree {
  /** Why ways could not be finished. */
  readonly failures: unknown[] = [];
  readonly #root: Node = { action: undefined, children: new Map(), visits: 0, total: 0 };
  readonly #task: Task;
  readonly #options: StepTreeOptions;

  constructor(task: Task, options: StepTreeOptions) {
    this.#task = task;
    this.#options = options;
  }

  /**
   * One way from the question to an answer, which its last step holds.
   * @returns undefined where the call for the answer failed
   * @throws GatewayError of any other step
   */
  async walk(): Promise<Step[] | undefined> {
    const steps: Step[] = [];
    let node = this.#root;
    while (node.action !== 'finish') {
      const action = this.#choose(node, steps.length);
      const step = node.children.get(action) ?? (await this.#make(steps, action));
      if (step === undefined) return undefined;
      node.children.set(action, step);
      steps.push(step);
      node = step;
    }
    return steps;
  }

  /** Adds a reward to each step of a way. */
  reward(steps: readonly Step[], reward: number): void {
    for (const node of [this.#root, ...steps]) {
      node.visits++;
      node.total += reward;
    }
  }

  /** Untried ones first, at random; where all are tried, as UCT says; at the full depth only the finish. */
  #choose(node: Node, made: number): Action {
    const { depth, exploration } = this.#options;
    if (made >= depth) return 'finish';
    const untried = actionsAfter(node.action).filter((action) => !node.children.has(action));
    if (untried.length > 0) return untried[Math.floor(this.#task.random() * untried.length)] as Action;
    return mostPromising(node, [...node.children.values()], exploration).action;
  }

  async #make(steps: readonly Step[], action: Action): Promise<Step | undefined> {
    const options = { material: actionRequest(textsOf(steps), action), temperature: this.#options.temperature };
    const reply =
      action === 'finish'
        ? await tryAnswer(this.#task, options, (error) => this.failures.push(error))
        : await this.#task.help({ ...options, isWhole: true });
    return reply && { action, reply, children: new Map(), visits: 0, total: 0 };
  }
}

/** What may follow; a question is said anew only at the start, and a smaller one is answered anew right after it. */
function actionsAfter(action: Action | undefined): Action[] {
  const always: Action[] = ['thought', 'finish', 'subquestion'];
  if (action === undefined) return [...always, 'rephrase'];
  return action === 'subquestion' ? [...always, 'anew'] : always;
}

/** The texts of steps, in order. */
export function textsOf(steps: readonly Step[]): string[] {
  return steps.map(({ reply }) => reply.text);
}
