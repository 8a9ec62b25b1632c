import type { Answer } from '../types/answer.ts';
import { type AnswerFacts, factHeaders, headraceFacts, usageOf } from './answer-facts.ts';
import type { Choice, Outcome } from './outcome.ts';
import type { Reply } from './reply.ts';

/** The client's answer in one piece: the chosen reply's own, with the sum of all usage. */
export function renderWhole(outcome: Outcome, facts: AnswerFacts): Answer {
  const first = outcome.choices[0]?.reply as Reply;
  const { id, created, model } = first.response;
  const body = {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: outcome.choices.map(renderChoice),
    usage: usageOf(facts),
    headrace: headraceFacts(facts, outcome),
  };
  const usage = facts.ledger.total();
  return {
    status: 200,
    headers: [['content-type', 'application/json'], ...factHeaders(facts, false)],
    body: Buffer.from(JSON.stringify(body)),
    ...whoGave(first),
    attempts: facts.spending.calls,
    firstByteAt: performance.now(),
    finished: Promise.resolve({ outcome: 'complete', usage, error: undefined, text: undefined }),
  };
}

function renderChoice({ reply, text }: Choice, index: number): object {
  const message = text === undefined ? reply.message : { ...reply.message, content: text };
  return { ...reply.choice, index, message, finish_reason: reply.finishReason };
}

/** The backend and the model of a reply. */
export function whoGave({ target }: Reply): { backend: string; model: string } {
  const colon = target.indexOf(':');
  return { backend: target.slice(0, colon), model: target.slice(colon + 1) };
}
