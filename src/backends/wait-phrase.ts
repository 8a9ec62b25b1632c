import { bounded, readResetTime } from './reset-time.ts';

const unit = '(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])';
const amount = `\\d+(?:\\.\\d+)?\\s?${unit}`;
const phrase = new RegExp(
  `\\b(?:try again|retry|wait)(?: (?:in|after|for))? (?:about |approximately |~)?((?:${amount}(?:,? and |,? )?)+)`,
  'i',
);
const pieces = new RegExp(`(\\d+(?:\\.\\d+)?)\\s?(${unit})`, 'gi');
/** More of a message is not looked at. */
const longestMessage = 4000;

/**
 * How long the words of an error ask to wait, such as "try again in 6m0s" or "retry after 30 seconds", in milliseconds
 * and at most a day; undefined where they do not.
 */
export function readWaitPhrase(message: string): number | undefined {
  const found = phrase.exec(message.slice(0, longestMessage))?.[1];
  if (found === undefined) return undefined;
  let sum = 0;
  for (const [, value, name] of found.matchAll(pieces)) sum += Number(value) * unitMs(name as string);
  return bounded(sum);
}

/** What an error object says in a field of its own: the `retryDelay` of a `google.rpc.RetryInfo`. */
export function readRetryDelay(error: Readonly<Record<string, unknown>> | undefined): number | undefined {
  if (!Array.isArray(error?.details)) return undefined;
  for (const detail of error.details as unknown[]) {
    const delay = (detail as { retryDelay?: unknown } | null)?.retryDelay;
    const waitMs = typeof delay === 'string' ? readResetTime(delay) : undefined;
    if (waitMs !== undefined) return waitMs;
  }
  return undefined;
}

function unitMs(name: string): number {
  const lower = name.toLowerCase();
  if (lower.startsWith('ms') || lower.startsWith('milli')) return 1;
  if (lower.startsWith('s')) return 1000;
  if (lower.startsWith('m')) return 60_000;
  return lower.startsWith('h') ? 3_600_000 : 86_400_000;
}
