import { isJsonObject, type JsonObject } from '../json-object.ts';
import type { MockReply, MockUsage } from '../mock-reply.ts';
import type { Profile } from '../profiles/profile.ts';

/** What a default answer is made of. */
export interface AnswerContext {
  /** The request's body. */
  readonly body: JsonObject;
  readonly reply: MockReply;
  readonly profile: Profile;
  /** undefined: the words are counted; null: no usage. */
  readonly usage: MockUsage | null | undefined;
  /** Counts the answers of this server, from 1; part of the answer's id. */
  readonly serial: number;
}

export function modelOf(context: AnswerContext): string {
  return typeof context.body.model === 'string' ? context.body.model : 'mock';
}

/** How many choices the answer has: `n` where the profile heeds it. */
export function choiceCount(context: AnswerContext): number {
  const { n } = context.body;
  return context.profile.heedsN && typeof n === 'number' && Number.isInteger(n) && n > 0 ? n : 1;
}

/** The words that the answer may have; undefined: any number. */
export function wordLimit(body: JsonObject): number | undefined {
  const limits = [body.max_completion_tokens, body.max_tokens].filter((limit) => typeof limit === 'number');
  return limits.find((limit) => limit > 0);
}

export function wantsStream(body: JsonObject): boolean {
  return body.stream === true;
}

export function wantsStreamUsage(body: JsonObject): boolean {
  return isJsonObject(body.stream_options) && body.stream_options.include_usage === true;
}

/** The pinned text of the choice with this index, if there is one. */
export function pinnedContent(reply: MockReply, index: number): string | undefined {
  const { content } = reply;
  return content === undefined || typeof content === 'string' ? content : content[index % content.length];
}

export function secondsNow(): number {
  return Math.floor(Date.now() / 1000);
}
