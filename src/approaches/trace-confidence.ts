/**
 * How sure a model was of one reply: a token's confidence is minus the mean of its top log-probabilities, and the reply
 * is as sure as its least sure window of that many tokens. Tokens without top log-probabilities are left out.
 * @param choice one choice of a chat answer with `logprobs`
 * @returns undefined where there are no top log-probabilities at all
 */
export function traceConfidence(choice: Readonly<Record<string, unknown>>, window: number): number | undefined {
  const tokens = tokenConfidences(choice.logprobs);
  if (tokens.length === 0) return undefined;
  const size = Math.min(window, tokens.length);
  let sum = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (const [index, confidence] of tokens.entries()) {
    sum += confidence - (tokens[index - size] ?? 0);
    if (index >= size - 1) lowest = Math.min(lowest, sum / size);
  }
  return lowest;
}

function tokenConfidences(logprobs: unknown): number[] {
  return listIn(logprobs, 'content').flatMap((token) => {
    const tops = listIn(token, 'top_logprobs')
      .map((top) => (isRecord(top) ? top.logprob : undefined))
      .filter((value) => typeof value === 'number');
    return tops.length === 0 ? [] : [-tops.reduce((sum, value) => sum + value, 0) / tops.length];
  });
}

function listIn(value: unknown, key: string): unknown[] {
  const list = isRecord(value) ? value[key] : undefined;
  return Array.isArray(list) ? list : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
