import { isUtf8 } from 'node:buffer';
import { learnTokens, presentedKeys } from './call-secrets.ts';
import type { ObservedCall } from './observed-call.ts';
import type { Redactor } from './redactor.ts';

/** Characters of a body that a log line holds. */
const maximumCharacters = 8192;
/** So much more is looked at, so that no secret is cut in two before it is masked. */
const marginBytes = 64 * 1024;

/** The bodies of a call as its log line holds them: masked, and then cut. */
export function logBodies(call: ObservedCall, redactor: Redactor): object {
  learnTokens(call, redactor);
  const presented = presentedKeys(call, redactor);
  return {
    request_body: toText(call.request.body, redactor, presented),
    answer_body: toText(call.answer.join(), redactor, presented),
  };
}

function toText(body: Buffer, redactor: Redactor, presented: readonly string[]): string {
  const bytes = body.subarray(0, marginBytes);
  if (bytes.length === body.length && !isUtf8(bytes)) return `(${body.length} bytes that are no text)`;
  const text = redactor.mask(bytes.toString(), presented);
  return text.length > maximumCharacters ? `${text.slice(0, maximumCharacters)}...` : text;
}
