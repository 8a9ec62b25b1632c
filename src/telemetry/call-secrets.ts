import type { ObservedCall } from './observed-call.ts';
import type { Redactor } from './redactor.ts';

const shortestKey = 8;

/** Tokens that were granted are secrets of which the configuration knows nothing. */
export function learnTokens(call: ObservedCall, redactor: Redactor): void {
  for (const { wires } of call.attempts) {
    for (const { request } of wires) {
      const value = request.credential[1];
      if (value !== undefined && !redactor.knows(value)) learnToken(value, redactor);
    }
  }
}

function learnToken(value: string, redactor: Redactor): void {
  const bare = withoutScheme(value);
  if (!redactor.knows(bare)) redactor.learn(bare);
}

const none: readonly string[] = [];

/** The keys that the client sent and that are not known; one too short to be told from a word is left out. */
export function presentedKeys(call: ObservedCall, redactor: Redactor): readonly string[] {
  const headers = call.request.headers();
  const first = unknownKey(headers.authorization, redactor);
  const second = unknownKey(headers['x-api-key'], redactor);
  if (first === undefined && second === undefined) return none;
  return [first, second].filter((key) => key !== undefined);
}

function unknownKey(value: string | string[] | undefined, redactor: Redactor): string | undefined {
  if (typeof value !== 'string') return undefined;
  const bare = withoutScheme(value);
  return bare.length < shortestKey || redactor.knows(bare) ? undefined : bare;
}

function withoutScheme(value: string): string {
  const space = value.indexOf(' ');
  return space < 0 ? value : value.slice(space + 1).trim();
}
