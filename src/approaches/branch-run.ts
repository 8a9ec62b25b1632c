import type { ApproachesConfig } from '../config/approaches-config.ts';
import type { Work } from './afterwork.ts';
import type { ChatRequest } from './chat-request.ts';
import { withQuestion } from './conversation.ts';
import type { Branch, Placed } from './plan.ts';
import { asksForForm } from './response-format.ts';
import type { SampleMemory } from './sample-memory.ts';
import type { ApproachServices } from './services.ts';
import type { Solver } from './solver.ts';
import { SolverTask } from './solver-task.ts';
import type { Spending } from './spending.ts';
import { BudgetSpent } from './spending.ts';
import type { StageOutcome, Transform, Wrapper } from './stage.ts';
import type { Upstream } from './upstream.ts';

export interface BranchOptions {
  readonly upstream: Upstream;
  readonly memory: SampleMemory;
  /** The name that the client asked for. */
  readonly key: string;
  /** How many choices this run is to give; above 1 only where the branch gives several by itself. */
  readonly choices: number;
  /** Told which step begins. */
  readonly stepped: (number: number, of: number, name: string) => void;
  readonly spending: Spending;
  readonly canStream: boolean;
  readonly settings: ApproachesConfig;
  readonly tokens: (texts: readonly string[]) => Promise<readonly number[]>;
  readonly caller: string;
  readonly services: ApproachServices;
  /** Told what is to be done behind the answer. */
  readonly afterwards: (work: Work) => void;
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
    const isChecked = asksForForm(request.fields.response_format);
    const task = this.#task(request, solver?.parameters, keepsFormat, canStream && !isChecked);
    try {
      const solution = solver === undefined ? { reply: await task.last() } : await solve(solver, task);
      const live = solution.reply.isLive ? task.live : undefined;
      return { ...solution, live, best: task.best, metadata: solution.metadata ?? {} };
    } catch (thrown) {
      const { spending } = this.#options;
      const isSpent = thrown instanceof BudgetSpent || spending.spent !== undefined;
      if (!isSpent || spending.whenSpent === 'error' || task.best === undefined) throw thrown;
      spending.stopped = spending.spent;
      return { reply: task.best, metadata: {} };
    }
  }

  #task(request: ChatRequest, parameters: unknown, keepsFormat: boolean, canStream: boolean): SolverTask {
    const { upstream, memory, key, choices, stepped, settings, tokens, spending, caller, services, afterwards } =
      this.#options;
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
      choices,
      stepped,
      settings,
      tokens,
      signal: spending.signal,
      caller,
      services,
      afterwards,
      runBranch: (branch) => runInPlace(branch, request, { ...this.#options, canStream }),
    });
  }
}

function solve({ stage, parameters }: Placed<Solver>, task: SolverTask) {
  return stage.solve(task, parameters);
}

/** Another branch on the same request; where its solver has an output form of its own, `response_format` goes before it. */
async function runInPlace(branch: Branch, request: ChatRequest, options: BranchOptions): Promise<StageOutcome> {
  const isSkipped = asksForForm(request.fields.response_format) && branch.solver?.stage.keepsFormat === false;
  const run = new BranchRun(isSkipped ? { ...branch, solver: undefined } : branch, options);
  const outcome = await run.run(request);
  return isSkipped ? { ...outcome, metadata: { ...outcome.metadata, skipped: 'response_format' } } : outcome;
}

/** The question is kept, and what was added stands behind it. */
function withAdded(request: ChatRequest, added: string): ChatRequest {
  const question = `${request.question}\n\n${added}`;
  return { ...request, question, messages: withQuestion(request.messages, question) };
}
