import type { MockReply, ReplyFunction } from '../../src/mock/mock-reply.ts';
import type { SolvingRig } from './solving.ts';

/** How a backend plays candidates and whatever is asked about them. */
export interface CandidateScript {
  /** Given in turn to calls that hold nothing but the question. */
  readonly candidates: readonly (string | MockReply)[];
  /** The reply to a call that is shown material, by that and by the number of such calls before it. */
  readonly shown?: (material: string, turn: number) => string | MockReply;
  /** What becomes of `n`; honoured if left out. */
  readonly several?: 'honoured' | 'ignored' | 'refused';
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number };
}

/** A backend for a conversation of one question. */
export function candidateScript({ candidates, shown, several = 'honoured', usage }: CandidateScript): ReplyFunction {
  let given = 0;
  let turn = 0;
  const used = usage === undefined ? {} : { usage };
  const next = () => replyOf(candidates[given++ % candidates.length] ?? '');
  return ({ json }) => {
    const messages = json.messages as { content: string }[];
    const last = messages.at(-1)?.content ?? '';
    if (messages.length > 1) return { ...used, ...replyOf(shown?.(last, turn++) ?? 'Score: 5') };
    const count = Number(json.n ?? 1);
    if (count > 1 && several === 'refused') {
      return {
        status: 400,
        json: { error: { message: 'Only one completion choice is allowed', type: 'invalid_request' } },
      };
    }
    if (count === 1 || several === 'ignored') return { ...used, ...withoutSeveral(next()) };
    const replies = Array.from({ length: count }, next);
    return { ...used, ...(replies.find(({ content }) => content === undefined) ?? { content: textsOf(replies) }) };
  };
}

type Body = ReturnType<SolvingRig['sent']>[number];

/** The text of the last message of a call. */
export function materialOf(call: Body): string {
  return call.messages.at(-1).content;
}

/** The calls that hold nothing but the question, and those that are shown material. */
export function divide(calls: readonly Body[]): { plain: Body[]; shown: Body[] } {
  return {
    plain: calls.filter(({ messages }) => messages.length === 1),
    shown: calls.filter(({ messages }) => messages.length > 1),
  };
}

function replyOf(reply: string | MockReply): MockReply {
  return typeof reply === 'string' ? { content: reply } : reply;
}

function textsOf(replies: readonly MockReply[]): string[] {
  return replies.map(({ content }) => String(content));
}

/** One choice, whatever `n` says. */
function withoutSeveral(reply: MockReply): MockReply {
  if (reply.content === undefined) return reply;
  const message = { role: 'assistant', content: reply.content };
  const choices = [{ index: 0, message, finish_reason: reply.finish_reason ?? 'stop' }];
  return { json: { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices } };
}
