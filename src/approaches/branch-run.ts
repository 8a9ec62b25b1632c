import type { ApproachesConfig } from '../config/approaches-config.ts';
import type { ChatRequest } from './chat-request.ts';
import { withQuestion } from './conversation.ts';
import type { Branch, Placed } from './plan.ts';
import type { SampleMemory } from './sample-memory.ts';
import type { Solver } from './solver.ts';
import { SolverTask } from './solver-task.ts';
import type { Budget, Spending } from './spending.ts';
import { BudgetSpent } from './spending.ts';
import type { StageOutcome, Transform, Wrapper } from './stage.ts';
import type { Upstream } from './upstream.ts';

export interface BranchOptions {
  readonly upstream: Upstream;
  readonly memory: SampleMemory;
  /** What stands for the route. */
  readonly key: string;
  readonly spending: Spending;
  readonly budget: Budget;
  readonly canStream: boolean;
  readonly settings: ApproachesConfig;
  readonly tokens: (texts: readonly string[]) => Promise<readonly number[]>;
}

/** One branch of a plan, run once for one choice. */
export class BranchRun {
  readonly #branch: Branch;
  readonly #options: BranchOptions;

  constructor(branch: Branch, options: BranchOptions) {
    this.#branch = branch;
    this.#options = options;
  }

  run(request: ChatRequest): Promise<StageOutcome> {
    return this.#from(0, request, this.#options.canStream);
  }

  async #from(at: number, request: ChatRequest, canStream: boolean): Promise<StageOutcome> {
    const placed = this.#branch.before[at];
    if (placed === undefined) return this.#solve(request, canStream);
    const { stage, parameters } = placed as Placed<Transform | Wrapper>;
    const task = this.#task(request, parameters, true, false);
    if (stage.kind === 'wrapper') {
      const next = (changed: ChatRequest) => this.#from(at + 1, changed, canStream && stage.keepsStream(changed));
      return stage.wrap(request, next, task, parameters);
    }
    const added = await stage.apply(task, parameters);
    return this.#from(at + 1, added === '' ? request : withAdded(request, added), canStream);
  }

  async #solve(request: ChatRequest, canStream: boolean): Promise<StageOutcome> {
    const { solver } = this.#branch;
    const keepsFormat = solver?.stage.keepsFormat ?? true;
    const isChecked = request.fields.response_format !== undefined;
    const task = this.#task(request, solver?.parameters, keepsFormat, canStream && !isChecked);
    try {
      const solution = solver === undefined ? { reply: await task.last() } : await solve(solver, task);
      return { ...solution, live: solution.reply.isLive ? task.live : undefined, metadata: solution.metadata ?? {} };
    } catch (thrown) {
      const { spending, budget } = this.#options;
      const isSpent = thrown instanceof BudgetSpent || spending.spent !== undefined;
      if (!isSpent || budget.whenSpent === 'error' || task.best === undefined) throw thrown;
      return { reply: task.best, metadata: {} };
    }
  }

  #task(request: ChatRequest, parameters: unknown, keepsFormat: boolean, canStream: boolean): SolverTask {
    const { upstream, memory, key, settings, tokens, spending } = this.#options;
    const common = (parameters ?? {}) as { temperature?: number; helper_max_tokens?: number };
    return new SolverTask({
      request,
      upstream,
      memory,
      key,
      temperature: common.temperature,
      helperMaxTokens: common.helper_max_tokens,
      keepsFormat,
      canStream,
      stepped: () => undefined,
      settings,
      tokens,
      signal: spending.signal,
    });
  }
}

function solve({ stage, parameters }: Placed<Solver>, task: SolverTask) {
  return stage.solve(task, parameters);
}

/** The question is kept, and what was added stands behind it. */
function withAdded(request: ChatRequest, added: string): ChatRequest {
  const question = `${request.question}\n\n${added}`;
  return { ...request, question, messages: withQuestion(request.messages, question) };
}
