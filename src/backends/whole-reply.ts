import { JsonIndex, parseField } from '../bytes/json-index.ts';
import { JsonSyntaxError } from '../bytes/json-scanner.ts';
import { applySplices } from '../bytes/splice.ts';
import { readUsage } from '../types/usage.ts';
import type { BackendReply, BackendRequest, UpstreamFailure } from './backend.ts';
import { choicesText } from './event-filter.ts';
import type { Failures } from './failures.ts';
import { holdsOutput, surelyHoldsText } from './first-output.ts';
import { readQuota } from './read-quota.ts';
import type { UpstreamHeaders } from './transport.ts';
import { readErrorBody } from './upstream-error-body.ts';

/** An answer that came in one piece. */
export interface WholeAnswer {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  readonly body: Buffer;
  readonly firstByteAt: number;
}

/** Reads an answer that came in one piece: its usage, and its `model` under the public name. */
export function readWholeReply(
  answer: WholeAnswer,
  request: BackendRequest,
  failures: Failures,
): BackendReply | UpstreamFailure {
  const { status, headers, body } = answer;
  if (status < 200 || status > 299) return failures.fromStatus(status, headers, body, request.key);
  if (body.length === 0) return failures.unreadable('an empty body', status);
  let index: JsonIndex;
  try {
    index = JsonIndex.read(body);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    return failures.unreadable('a body that is no JSON object');
  }
  request.watch?.readWhole();
  if (isError(index)) return failures.fromErrorBody(readErrorBody(body), headers);
  const reply = toReply(answer, index, request);
  return request.generates && isEmpty(index) ? failures.empty(reply) : reply;
}

function toReply(answer: WholeAnswer, index: JsonIndex, { rules }: BackendRequest): BackendReply {
  const { status, headers, body, firstByteAt } = answer;
  const usageField = index.find('usage');
  const usage = usageField === undefined ? undefined : readUsage(parseField(body, usageField));
  const model = rules.answerModel === undefined ? undefined : index.find('model');
  const named =
    model === undefined ? body : applySplices(body, [{ ...model, text: JSON.stringify(rules.answerModel) }]);
  const text = rules.keepText ? () => choicesText(index.get('choices')) : undefined;
  const finished = Promise.resolve({ outcome: 'complete' as const, usage, error: undefined, text });
  return { status, headers, body: named, firstByteAt, quota: readQuota(headers), finished };
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

function isEmpty(index: JsonIndex): boolean {
  const choices = index.find('choices');
  if (choices === undefined) return true;
  return !surelyHoldsText(index.bytes, choices.start, choices.end) && !holdsOutput(parseField(index.bytes, choices));
}
