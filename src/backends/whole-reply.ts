import { JsonIndex, parseField } from '../bytes/json-index.ts';
import { JsonSyntaxError } from '../bytes/json-scanner.ts';
import { applySplices } from '../bytes/splice.ts';
import type { Finish } from '../types/answer.ts';
import { readUsage } from '../types/usage.ts';
import type { UpstreamFailure } from './backend.ts';
import { choicesText, type EventFilterRules } from './event-filter.ts';
import type { Failures } from './failures.ts';
import { readErrorBody } from './upstream-error-body.ts';

/** Reads a success that came in one piece: its usage, and its `model` under the public name. */
export function readWholeReply(
  body: Buffer,
  rules: EventFilterRules,
  failures: Failures,
): { body: Buffer; finished: Promise<Finish> } | UpstreamFailure {
  let index: JsonIndex;
  try {
    index = JsonIndex.read(body);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return failures.unreadable('a body that is no JSON object');
  }
  if (isError(index)) return failures.fromErrorBody(readErrorBody(body));
  const usageField = index.find('usage');
  const usage = usageField === undefined ? undefined : readUsage(parseField(body, usageField));
  const model = rules.answerModel === undefined ? undefined : index.find('model');
  const answer =
    model === undefined ? body : applySplices(body, [{ ...model, text: JSON.stringify(rules.answerModel) }]);
  const text = rules.keepText ? () => choicesText(index.get('choices')) : undefined;
  return { body: answer, finished: Promise.resolve({ outcome: 'complete', usage, error: undefined, text }) };
}

function isError(index: JsonIndex): boolean {
  if (index.find('choices') !== undefined) return false;
  const error = index.find('error');
  if (error !== undefined && index.find('data') === undefined) {
    const value = parseField(index.bytes, error);
    if (value) return true;
  }
  return index.get('object') === 'error';
}
