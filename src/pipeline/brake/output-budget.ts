import { setTimeout as wait } from 'node:timers/promises';
import type { Empty, Purse, Taken } from './purse.ts';

/** Tokens of output that are asked for at once, as many as are there. */
const steps = [256, 64, 16, 4, 1, 0] as const;
/** With fewer tokens left, more are asked for. */
const fewTokens = 64;
/** Characters that are counted again at most. */
const longestTail = 4096;
/** What is not there may be given back, or come from another process, a moment later. */
const graceMs = 250;
/** So many times it is waited for. */
const longestGrace = 4;

export interface OutputBudgetPorts {
  readonly purse: Purse;
  /** What all calls have taken when this one has a prompt and an output of so many tokens. */
  readonly taken: (promptTokens: number, outputTokens: number) => Taken;
  /** Exact counts. */
  readonly countPrompt: () => Promise<number>;
  readonly countText: (text: string) => Promise<number>;
}

/**
 * What a stream may still generate. That a token is at least a byte of text proves for most pieces that they fit; where
 * it does not, they are counted, and more is reserved before they pass.
 */
export class OutputBudget {
  readonly #ports: OutputBudgetPorts;
  #promptTokens: number;
  #isPromptExact = false;
  /** Tokens of output that are reserved. */
  #allowed: number;
  /** Tokens of what passed, as far as it is counted; and of that, what stands before `#tail`. */
  #counted = 0;
  #settled = 0;
  /** The last of what is counted: with what follows it is counted again, since tokens reach over pieces. */
  #tail = '';
  #uncounted: string[] = [];
  #uncountedBytes = 0;

  /** @param promptTokens a bound that the prompt does not exceed */
  constructor(promptTokens: number, ports: OutputBudgetPorts) {
    this.#ports = ports;
    this.#promptTokens = promptTokens;
    this.#allowed = this.#mostReserved();
  }

  /** Whether a text is proven to fit, and then takes it. */
  take(text: string): boolean {
    const bytes = Buffer.byteLength(text);
    if (this.#counted + this.#uncountedBytes + bytes > this.#allowed) return false;
    this.#uncounted.push(text);
    this.#uncountedBytes += bytes;
    return true;
  }

  /** Takes a text for which more may have to be reserved. @returns why it does not fit; undefined: it does */
  async takeCounted(text: string): Promise<Empty | undefined> {
    const { countText } = this.#ports;
    const tail = this.#tail + this.#uncounted.join('') + text;
    const counted = this.#settled + (await countText(tail));
    this.#uncounted = [];
    this.#uncountedBytes = 0;
    this.#counted = counted;
    this.#tail = tail.length > longestTail ? '' : tail;
    if (this.#tail === '') this.#settled = counted;
    if (counted + fewTokens <= this.#allowed) return undefined;
    let empty = this.#reserve(counted, steps.slice(0, 1));
    if (empty === undefined) return undefined;
    if (!this.#isPromptExact) await this.#countPrompt();
    if (counted + fewTokens <= this.#allowed) return undefined;
    empty = this.#reserve(counted, steps.slice(1));
    if (counted <= this.#allowed) return undefined;
    return this.#waitFor(counted, empty);
  }

  async #waitFor(counted: number, first: Empty | undefined): Promise<Empty | undefined> {
    let empty = first;
    // Where the limit itself has enough left, it lies with other processes, which give it back.
    for (let turn = 0; turn < (empty?.limit === undefined ? longestGrace : 1); turn++) {
      await wait(graceMs);
      empty = this.#reserve(counted, steps);
      if (counted <= this.#allowed) return undefined;
    }
    return empty ?? { limit: undefined };
  }

  #reserve(counted: number, wanted: readonly number[]): Empty | undefined {
    const { purse, taken } = this.#ports;
    let empty: Empty | undefined;
    for (const step of wanted) {
      if (counted + step <= this.#allowed) break;
      empty = purse.reserve(taken(this.#promptTokens, counted + step));
      if (empty !== undefined) continue;
      this.#allowed = counted + step;
      return undefined;
    }
    return empty;
  }

  async #countPrompt(): Promise<void> {
    this.#promptTokens = await this.#ports.countPrompt();
    this.#isPromptExact = true;
    this.#allowed = Math.max(this.#allowed, this.#mostReserved());
  }

  /** The most output that what is reserved holds. */
  #mostReserved(): number {
    const { purse, taken } = this.#ports;
    const fits = (tokens: number) => purse.holds(taken(this.#promptTokens, tokens));
    if (!fits(0)) return 0;
    let least = 0;
    let most = 1;
    while (most < 2 ** 40 && fits(most)) {
      least = most;
      most *= 2;
    }
    while (most - least > 1) {
      const middle = Math.floor((least + most) / 2);
      if (fits(middle)) least = middle;
      else most = middle;
    }
    return least;
  }
}
