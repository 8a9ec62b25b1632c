import * as z from 'zod';
import { GatewayError } from '../../gateway-error.ts';
import { commonParameters, count } from '../parameters.ts';
import { extractAnswer } from '../reading/extract-answer.ts';
import { voteOf } from '../reading/vote-of.ts';
import type { Reply } from '../reply.ts';
import type { Solver } from '../solver.ts';
import { traceConfidence } from '../trace-confidence.ts';

const parameters = z.strictObject({
  ...commonParameters,
  samples: count('Answers, of which the most confident ones vote.', 128, 16),
  window: count(
    'Tokens over which confidence is averaged; the least confident stretch of an answer counts.',
    1_000_000,
    2048,
  ),
  keep: z
    .number()
    .gt(0)
    .max(1)
    .default(0.9)
    .describe('The share of the answers, the most confident ones, that vote; 0.1 is the strict variant.'),
});

/**
 * Deep think with confidence, its offline form: of many answers the most confident vote, each with its confidence as
 * its weight (Y. Fu and others, "Deep Think with Confidence", arXiv 2508.15260). Needs a backend that gives logprobs.
 */
export const deepconf: Solver<z.output<typeof parameters>> = {
  kind: 'solver',
  name: 'deepconf',
  parameters,
  keepsFormat: false,
  maximumCalls: () => 1,
  furtherOutputs: ({ samples }) => samples - 1,
  solve: async (task, { samples, window, keep }) => {
    task.step(1, 1, 'samples');
    const replies = await task.sample(samples, { temperature: 0.7, fields: { logprobs: true, top_logprobs: 5 } });
    const traces = replies.flatMap((reply, index): Trace[] => {
      const confidence = traceConfidence(reply.choice, window);
      return confidence === undefined ? [] : [{ reply, number: index + 1, confidence }];
    });
    if (traces.length === 0) throw withoutLogprobs(replies[0] as Reply);
    const kept = mostConfident(traces, keep);
    const groups = weightedVote(kept);
    const votes = groups.map(({ answer, members, weight }) => ({ answer, count: members.length, weight }));
    const [winner] = groups.flatMap(({ members }) => members);
    const { reply, number } = winner as Trace;
    return { reply, metadata: { votes, kept: kept.map((trace) => trace.number), chosen: number } };
  },
};

interface Trace {
  readonly reply: Reply;
  /** From 1, among all samples. */
  readonly number: number;
  /** The higher the surer, never negative. */
  readonly confidence: number;
}

/** Some of them, in their order; of equally confident ones the earliest. */
function mostConfident(traces: readonly Trace[], share: number): Trace[] {
  const size = Math.ceil(Number((traces.length * share).toFixed(6))); // .28 * 25 is a little more than 7
  const ranked = traces.toSorted((one, other) => other.confidence - one.confidence);
  return ranked.slice(0, Math.max(1, size)).toSorted((one, other) => one.number - other.number);
}

/** The groups of the same answer, by the sum of their confidence; of equal ones the earliest first. */
function weightedVote(traces: readonly Trace[]) {
  const texts = traces.map(({ reply }) => reply.text);
  const groups = voteOf(texts.map(extractAnswer), texts).map(({ answer, first, members }) => {
    const own = members.map((index) => traces[index] as Trace);
    return { answer, first, members: own, weight: own.reduce((sum, { confidence }) => sum + confidence, 0) };
  });
  return groups.toSorted((one, other) => other.weight - one.weight || one.first - other.first);
}

function withoutLogprobs({ target }: Reply): GatewayError {
  const backend = target.slice(0, target.indexOf(':'));
  const model = target.slice(backend.length + 1);
  return new GatewayError(
    'invalid_request',
    `deepconf needs the log-probabilities of the tokens, and backend ${backend} gives none for ${model}; choose a model that supports "logprobs" with "top_logprobs", or another approach`,
    { param: 'model' },
  );
}
