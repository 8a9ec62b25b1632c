import type { ApproachesConfig } from '../config/approaches-config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Answer } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { Usage } from '../types/usage.ts';
import type { AnswerFacts } from './answer-facts.ts';
import type { Approach, Ask } from './approach.ts';
import { BranchRun } from './branch-run.ts';
import { type ChatRequest, readChatRequest } from './chat-request.ts';
import type { Outcome } from './outcome.ts';
import { maximumCallsOf, type Plan } from './plan.ts';
import { renderStream } from './render-stream.ts';
import { renderWhole } from './render-whole.ts';
import type { SampleMemory } from './sample-memory.ts';
import { type Budget, BudgetSpent, Spending, spentError } from './spending.ts';
import { Upstream } from './upstream.ts';
import { UsageLedger } from './usage-ledger.ts';

/** What running approaches needs of the world. */
export interface ApproachPorts {
  readonly memory: SampleMemory;
  readonly keepAliveMs: number;
  /** Counts what a backend did not report. */
  readonly count: (sent: Buffer, text: string) => Promise<Usage>;
  /** Nano-dollars of what was used at `backend:model`; undefined: unknown. */
  readonly costOf: (target: string, usage: Usage) => number | undefined;
  /** What holds for the approaches of the whole gateway. */
  readonly settings: ApproachesConfig;
  /** How many tokens each text has. */
  readonly tokens: (texts: readonly string[]) => Promise<readonly number[]>;
}

/** A plan with the budget that holds for it, as one approach. */
export class PlannedApproach implements Approach {
  readonly name: string;
  readonly maximumCalls: number;
  readonly #plan: Plan;
  readonly #budget: Budget;
  readonly #ports: ApproachPorts;

  /** @param choices how many the client wants */
  constructor(plan: Plan, budget: Budget, ports: ApproachPorts, choices = 1) {
    this.name = plan.name;
    this.maximumCalls = Math.min(budget.maxCalls, maximumCallsOf(plan, choices));
    this.#plan = plan;
    this.#budget = budget;
    this.#ports = ports;
  }

  async run(call: Call, ask: Ask): Promise<Answer> {
    const request = readChatRequest(call);
    const spending = new Spending(this.#budget, call.signal);
    const ledger = new UsageLedger();
    const { count, costOf, keepAliveMs } = this.#ports;
    const upstream = new Upstream(call, { ask, spending, ledger, count, costOf });
    const facts: AnswerFacts = { approach: this.name, spending, ledger };
    const toError = (thrown: unknown) => finalError(thrown, spending);
    const solving = this.#solve(call, request, upstream, spending);
    solving.then(
      () => spending.close(),
      () => spending.abandon(), // whoever waits for it is told why
    );
    try {
      if (!call.stream) return renderWhole(await solving, facts);
      return await renderStream(solving, { facts, wantsUsage: call.wantsUsage, keepAliveMs, toError });
    } catch (thrown) {
      throw toError(thrown);
    }
  }

  async #solve(call: Call, request: ChatRequest, upstream: Upstream, spending: Spending): Promise<Outcome> {
    const { branches } = this.#plan;
    const runs = branches.flatMap((branch) => Array.from({ length: request.choices }, () => branch));
    const isOnly = runs.length === 1;
    const { memory, settings, tokens } = this.#ports;
    const options = { upstream, memory, settings, tokens, key: call.model, spending, budget: this.#budget };
    const settled = await Promise.allSettled(
      runs.map((branch) => new BranchRun(branch, { ...options, canStream: call.stream && isOnly }).run(request)),
    );
    const done = settled.filter((one) => one.status === 'fulfilled').map((one) => one.value);
    const [first] = done;
    if (first === undefined) throw (settled[0] as PromiseRejectedResult).reason;
    const metadata = isOnly ? first.metadata : { choices: done.map((one) => one.metadata) };
    const choices = done.map(({ reply, text }) => ({ reply, text }));
    return { choices, live: first.live, filter: first.filter, metadata };
  }
}

/** After more than one call a client's repeating would repeat them all. */
function finalError(thrown: unknown, spending: Spending): GatewayError {
  if (thrown instanceof BudgetSpent) return spentError(thrown.reason);
  if (spending.spent !== undefined) return spentError(spending.spent);
  if (!(thrown instanceof GatewayError)) throw thrown;
  if (spending.calls <= 1 || thrown.headers.some(([name]) => name === 'x-should-retry')) return thrown;
  return thrown.with({ headers: [...thrown.headers, ['x-should-retry', 'false']] });
}
