import { GatewayError } from '../gateway-error.ts';
import { linkedController } from '../linked-controller.ts';

/** What a request may take at most; undefined: as much as it wants. */
export interface Budget {
  readonly maxCalls: number;
  readonly deadlineMs: number | undefined;
  /** Nano-dollars. */
  readonly maxCost: number | undefined;
  readonly whenSpent: 'best' | 'error';
}

export type SpentReason = 'deadline' | 'max_calls' | 'max_cost';

/** Thrown where a budget ends an approach; whoever runs it decides what becomes of that. */
export class BudgetSpent extends Error {
  readonly reason: SpentReason;

  constructor(reason: SpentReason) {
    super(`the budget of the approach is spent: ${reason}`);
    this.reason = reason;
  }
}

/** Watches over the budget of one request, and ends all of its calls when it is spent. */
export class Spending {
  /** Aborted when the client leaves, or nothing more may be spent. */
  readonly signal: AbortSignal;
  calls = 0;
  spent: SpentReason | undefined;
  /** What ended the work before its time; a budget that the very last call used up has ended nothing. */
  stopped: SpentReason | undefined;
  readonly #budget: Budget;
  readonly #controller: AbortController;
  readonly #timer: NodeJS.Timeout | undefined;
  #cost = 0;

  /** What becomes of the best candidate that there is then. */
  get whenSpent(): Budget['whenSpent'] {
    return this.#budget.whenSpent;
  }

  constructor(budget: Budget, client: AbortSignal) {
    this.#budget = budget;
    this.#controller = linkedController(client);
    this.signal = this.#controller.signal;
    const { deadlineMs } = budget;
    if (deadlineMs !== undefined) this.#timer = setTimeout(() => this.#end('deadline'), deadlineMs);
  }

  /**
   * A call is about to be made.
   * @throws BudgetSpent
   */
  begin(): void {
    if (this.spent === undefined && this.calls >= this.#budget.maxCalls) this.#end('max_calls');
    if (this.spent !== undefined) throw new BudgetSpent(this.spent);
    this.calls++;
  }

  /** @param nano what a call cost, in nano-dollars; undefined: nobody knows */
  charge(nano: number | undefined): void {
    this.#cost += nano ?? 0;
    const { maxCost } = this.#budget;
    if (maxCost !== undefined && this.#cost >= maxCost && this.spent === undefined) this.#end('max_cost');
  }

  /** No answer is going to come of it: what is still on its way is ended. */
  abandon(): void {
    this.close();
    this.#controller.abort();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #end(reason: SpentReason): void {
    this.spent = reason;
    this.#controller.abort();
  }
}

/** What the client is told where nothing better is there when a budget is spent. */
export function spentError(reason: SpentReason): GatewayError {
  const headers = [['x-should-retry', 'false']] as const;
  if (reason === 'deadline') {
    return new GatewayError('upstream_timeout', 'the deadline of the approach came before any answer', { headers });
  }
  return new GatewayError('approach_budget_exceeded', `the approach has spent its ${reason} before any answer`, {
    headers,
  });
}
