import type { ApproachesConfig } from '../config/approaches-config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Answer, Finish } from '../types/answer.ts';
import type { Call } from '../types/call.ts';
import type { Usage } from '../types/usage.ts';
import type { Afterwork, Work } from './afterwork.ts';
import { AnswerFacts } from './answer-facts.ts';
import type { Approach, ApproachRun, Ask, Reach } from './approach.ts';
import { type BranchOptions, BranchRun } from './branch-run.ts';
import { type ChatRequest, readChatRequest } from './chat-request.ts';
import type { Choice, Outcome } from './outcome.ts';
import { type Plan, reachOf, runsOf } from './plan.ts';
import { Progress } from './progress.ts';
import { renderStream } from './render-stream.ts';
import { renderWhole } from './render-whole.ts';
import type { SampleMemory } from './sample-memory.ts';
import type { ApproachServices } from './services.ts';
import { type Budget, BudgetSpent, Spending, spentError } from './spending.ts';
import type { StageOutcome } from './stage.ts';
import { Upstream } from './upstream.ts';
import { UsageLedger } from './usage-ledger.ts';

/** A client that sends it with `true` sees the steps as comments in its stream. */
const progressHeader = 'x-headrace-progress';

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
  readonly services: ApproachServices;
}

/** What is known of a request before it is run. */
export interface Expected {
  /** How many the client wants. */
  readonly choices: number;
  /** The text of the last user message. */
  readonly question: string;
}

/** A plan with the budget that holds for it, as one approach. */
export class PlannedApproach implements Approach {
  readonly name: string;
  readonly reach: Reach;
  readonly measure?: () => Promise<Reach>;
  readonly #plan: Plan;
  readonly #budget: Budget;
  readonly #ports: ApproachPorts;

  constructor(plan: Plan, budget: Budget, ports: ApproachPorts, expected: Expected) {
    const { choices, question } = expected;
    this.name = plan.name;
    const within = ({ calls, prompts, outputs }: Reach): Reach => ({
      calls: Math.min(budget.maxCalls, calls),
      prompts: Math.min(budget.maxCalls, prompts),
      outputs: Math.min(budget.maxCalls, calls) + (outputs - calls),
    });
    const anyhow = reachOf(plan, choices);
    if (Number.isFinite(anyhow.calls)) this.reach = within(anyhow);
    else {
      // A token is at least one byte.
      this.reach = within(reachOf(plan, choices, Buffer.byteLength(question)));
      this.measure = async () => within(reachOf(plan, choices, (await ports.tokens([question]))[0]));
    }
    this.#plan = plan;
    this.#budget = budget;
    this.#ports = ports;
  }

  async run(call: Call, ask: Ask, began?: (run: ApproachRun) => void): Promise<Answer> {
    const request = readChatRequest(call);
    const spending = new Spending(this.#budget, call.signal);
    const ledger = new UsageLedger();
    const { count, costOf, keepAliveMs, services } = this.#ports;
    const upstream = new Upstream(call, { ask, spending, ledger, count, costOf });
    const facts = new AnswerFacts(this.name, spending, ledger);
    began?.(facts);
    const progress = call.header(progressHeader) === 'true' ? new Progress() : undefined;
    const toError = (thrown: unknown) => finalError(thrown, spending);
    const works: Work[] = [];
    const solving = this.#solve(call, request, { ask, upstream, spending, progress, works });
    solving.then(
      (outcome) => {
        facts.outcome = outcome;
        if (outcome.live === undefined) spending.close();
      },
      () => spending.abandon(), // whoever waits for it is told why
    );
    try {
      const { signal: client, wantsUsage } = call;
      const how = { facts, spending, client, progress, wantsUsage, keepAliveMs, toError };
      const answer = call.stream ? await renderStream(solving, how) : renderWhole(await solving, facts);
      if (!call.stream && works.length === 0) return answer;
      const { afterwork } = services;
      const settled = answer.finished.then((finish) =>
        finishAfter(finish, { afterwork, works, upstream, spending, facts }),
      );
      return { ...answer, settled };
    } catch (thrown) {
      throw toError(thrown);
    }
  }

  async #solve(call: Call, request: ChatRequest, tools: Tools): Promise<Outcome> {
    const { ask, upstream, spending, progress, works } = tools;
    const runs = this.#plan.branches.flatMap((branch) => runsOf(branch, request.choices));
    const isOnly = runs.length === 1 && request.choices === 1;
    const { memory, settings, tokens, services } = this.#ports;
    const options: Omit<BranchOptions, 'choices' | 'canStream'> = {
      upstream,
      memory,
      settings,
      tokens,
      services,
      spending,
      key: call.model,
      caller: ask.askedBy,
      stepped: (number, of, name) => progress?.step(number, of, name),
      afterwards: (work) => works.push(work),
    };
    const settled = await Promise.allSettled(
      runs.map(({ branch, choices }) =>
        new BranchRun(branch, { ...options, choices, canStream: call.stream && isOnly }).run(request),
      ),
    );
    const done = settled.filter((one) => one.status === 'fulfilled').map((one) => one.value);
    const [first] = done;
    if (first === undefined) throw (settled[0] as PromiseRejectedResult).reason;
    const metadata = runs.length === 1 ? first.metadata : { choices: done.map((one) => one.metadata) };
    return { choices: done.flatMap(choicesOf), live: first.live, filter: first.filter, best: first.best, metadata };
  }
}

/** What one request is worked on with. */
interface Tools {
  readonly ask: Ask;
  readonly upstream: Upstream;
  readonly spending: Spending;
  readonly progress: Progress | undefined;
  /** What is to be done behind the answer. */
  readonly works: Work[];
}

interface Rest extends Pick<Tools, 'upstream' | 'spending' | 'works'> {
  readonly afterwork: Afterwork;
  readonly facts: AnswerFacts;
}

/** Does what is left to do behind a whole answer; the request's record is written then, as it has those calls too. */
async function finishAfter(finish: Finish, { afterwork, works, upstream, spending, facts }: Rest): Promise<Finish> {
  if (works.length === 0 || finish.outcome !== 'complete') return finish;
  const endedAt = performance.now();
  upstream.letOthersGoFirst();
  await afterwork.run(works, () => spending.abandon());
  return { ...finish, usage: facts.usage(), endedAt };
}

function choicesOf({ reply, text, others = [] }: StageOutcome): Choice[] {
  return [{ reply, text }, ...others.map((other) => ({ reply: other, text: undefined }))];
}

/** After more than one call a client's repeating would repeat them all. */
function finalError(thrown: unknown, spending: Spending): GatewayError {
  if (thrown instanceof BudgetSpent) return spentError(thrown.reason);
  if (spending.spent !== undefined) return spentError(spending.spent);
  if (!(thrown instanceof GatewayError)) throw thrown;
  if (spending.calls <= 1 || thrown.headers.some(([name]) => name === 'x-should-retry')) return thrown;
  return thrown.with({ headers: [...thrown.headers, ['x-should-retry', 'false']] });
}
