import type { Answer } from '../types/answer.ts';
import type { AnswerFacts } from './answer-facts.ts';
import type { AnsweredBy } from './approach.ts';
import type { Choice, Outcome } from './outcome.ts';

/** The client's answer in one piece: the chosen reply's own, with the sum of all usage. */
export function renderWhole(outcome: Outcome, facts: AnswerFacts): Answer {
  const { response } = (outcome.choices[0] as Choice).reply;
  const { id, created, model } = response;
  const body = {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: outcome.choices.map(renderChoice),
    usage: facts.usageTold(),
    headrace: facts.told(),
  };
  return {
    status: 200,
    headers: [['content-type', 'application/json'], ...facts.headers(false)],
    body: Buffer.from(JSON.stringify(body)),
    ...(facts.answeredBy() as AnsweredBy),
    attempts: facts.calls,
    firstByteAt: performance.now(),
    finished: Promise.resolve({ outcome: 'complete', usage: facts.usage(), error: undefined, text: undefined }),
  };
}

function renderChoice({ reply, text }: Choice, index: number): object {
  const message = text === undefined ? reply.message : { ...reply.message, content: text };
  return { ...reply.choice, index, message, finish_reason: reply.finishReason };
}
