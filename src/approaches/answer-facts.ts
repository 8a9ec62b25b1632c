import type { Outcome } from './outcome.ts';
import type { Spending } from './spending.ts';
import { toOpenAi, type UsageLedger } from './usage-ledger.ts';

/** What an answer tells of how it came about. */
export interface AnswerFacts {
  /** What ran, such as `moa` or `none; skipped=tools`. */
  readonly approach: string;
  readonly spending: Spending;
  readonly ledger: UsageLedger;
}

/** The `headrace` object of an answer. */
export function headraceFacts(
  { approach, spending, ledger }: AnswerFacts,
  { metadata }: Pick<Outcome, 'metadata'>,
): object {
  return {
    approach,
    calls: spending.calls,
    ...metadata,
    ...(spending.spent !== undefined && { stopped: spending.spent }),
    usage_by_model: ledger.byModel(),
  };
}

/** The headers of an answer; how many calls there were is not known before a stream ends. */
export function factHeaders({ approach, spending }: AnswerFacts, isStream: boolean): [string, string][] {
  const headers: [string, string][] = [['x-headrace-approach', approach]];
  if (isStream) return headers;
  headers.push(['x-headrace-calls', String(spending.calls)]);
  if (spending.spent !== undefined) headers.push(['x-headrace-stopped', spending.spent]);
  return headers;
}

/** The sum over all upstream answers, in OpenAI's form. */
export function usageOf({ ledger }: AnswerFacts): object {
  return toOpenAi(ledger.total());
}
