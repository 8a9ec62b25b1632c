import type { Usage } from '../types/usage.ts';
import type { ApproachRecord } from '../types/usage-record.ts';
import type { AnsweredBy, ApproachRun } from './approach.ts';
import type { Outcome } from './outcome.ts';
import type { Spending } from './spending.ts';
import { toOpenAi, type UsageLedger } from './usage-ledger.ts';
import { withoutTexts } from './without-texts.ts';

/** What an answer tells of how it came about. */
export class AnswerFacts implements ApproachRun {
  /** What came of it; undefined: nothing yet. */
  outcome: Outcome | undefined;
  readonly #approach: string;
  readonly #spending: Spending;
  readonly #ledger: UsageLedger;

  /** @param approach what runs, such as `moa` */
  constructor(approach: string, spending: Spending, ledger: UsageLedger) {
    this.#approach = approach;
    this.#spending = spending;
    this.#ledger = ledger;
  }

  get calls(): number {
    return this.#spending.calls;
  }

  /** The `headrace` object of an answer. */
  told(): object {
    const { stopped } = this.#spending;
    return {
      approach: this.#approach,
      calls: this.calls,
      ...this.outcome?.metadata,
      ...(stopped !== undefined && { stopped }),
      usage_by_model: this.#ledger.byModel(),
    };
  }

  /** The headers of an answer; how many calls there were is not known before a stream ends. */
  headers(isStream: boolean): [string, string][] {
    const headers: [string, string][] = [['x-headrace-approach', this.#approach]];
    if (isStream) return headers;
    headers.push(['x-headrace-calls', String(this.calls)]);
    const { stopped } = this.#spending;
    if (stopped !== undefined) headers.push(['x-headrace-stopped', stopped]);
    return headers;
  }

  usage(): Usage {
    return this.#ledger.total();
  }

  /** The sum over all upstream answers, in OpenAI's form. */
  usageTold(): object {
    return toOpenAi(this.usage());
  }

  record(): ApproachRecord {
    return {
      name: this.#approach,
      calls: this.calls,
      models: this.#ledger.models(),
      stopped: this.#spending.stopped,
      facts: withoutTexts(this.outcome?.metadata ?? {}),
    };
  }

  answeredBy(): AnsweredBy | undefined {
    const target = this.outcome?.choices[0]?.reply.target;
    if (target === undefined) return undefined;
    const colon = target.indexOf(':');
    return { backend: target.slice(0, colon), model: target.slice(colon + 1) };
  }
}
