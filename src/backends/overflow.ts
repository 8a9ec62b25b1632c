import type { UpstreamErrorBody } from './upstream-error-body.ts';

/** Wordings by which servers say that the prompt is too long for the model. */
const wordings: readonly RegExp[] = [
  /maximum (context|prompt|model) length/i,
  /context[ _]length[ _]exceeded/i,
  /prompt (is )?too long/i,
  /input is too long for (the )?requested model/i,
  /input length and `?max_tokens`? exceed context limit/i,
  /exceed(s|ed)? (the |max )?(available |model'?s? |maximum |max )?context (size|length|window|limit)/i,
  /context window exceeds limit/i,
  /input token count\b.{0,80}?(exceeds the maximum|only supports up to)/i,
  /prompt token count\b.{0,80}?exceeds the (limit|maximum)/i,
  /input tokens exceed the configured limit/i,
  /exceeded model token limit/i,
  /exceed_context_size_error/i,
  /(longer|greater) than the (model's |maximum )?context/i,
  /context length of only \d+ tokens/i,
  /n_keep\W{0,3}\d+\W{0,3}>= ?n_ctx/i,
  /too many input tokens/i,
  /too many (input )?tokens.*(context|limit)/i,
  /too many tokens: .{0,80}\bprompt cannot exceed/i,
  /`inputs`( tokens \+ `max_new_tokens`)? must (be <=|have less than) \d+/i,
  /reduce the length of the (messages|prompt|input)/i,
];

/** Whether a backend's 4xx says that the input is longer than the model's context. */
export function saysOverflow(said: UpstreamErrorBody): boolean {
  return hasOverflowCode(said) || wordings.some((wording) => wording.test(said.message));
}

/** Whether it says so by a code, which some servers give with a 500. */
export function hasOverflowCode({ names }: UpstreamErrorBody): boolean {
  return names?.includes('context_length_exceeded') === true || names?.includes('exceed_context_size_error') === true;
}

/** What the model takes and what the request had, in tokens; `null`: not said. */
export interface OverflowFigures {
  readonly model: string | null;
  readonly limit: number | null;
  readonly measured: number | null;
}

/** How the limit is said; where a second group is there, it is what the request had, and the other way round in `swapped`. */
const both: readonly { readonly pattern: RegExp; readonly swapped?: true }[] = [
  { pattern: /too long: (\d+) tokens > (\d+)/i, swapped: true },
  { pattern: /too long: (\d+), model maximum context length: (\d+)/i, swapped: true },
  { pattern: /token count (?:\(|is |of )(\d+)\)? .{0,80}?(?:\(|up to |limit of )(\d+)/i, swapped: true },
  { pattern: /\((\d+) tokens\) (?:exceeds|is longer).{0,60}?\((\d+) tokens\)/i, swapped: true },
  { pattern: /contains (\d+) tokens .{0,80}?model with (\d+) maximum/i, swapped: true },
  { pattern: /\(length (\d+)\) is longer than the maximum model length of (\d+)/i, swapped: true },
  { pattern: /keep the first (\d+) tokens.{0,120}?context length of only (\d+)/i, swapped: true },
  { pattern: /n_keep\W{0,3}(\d+)\W{0,3}>= ?n_ctx\W{0,3}(\d+)/i, swapped: true },
  { pattern: /length is (\d+) while limit is (\d+)/i, swapped: true },
  { pattern: /must (?:be <=|have less than) (\d+)(?: tokens)?\. given: (\d+)/i },
  { pattern: /max input tokens: (\d+), request input token count: (\d+)/i },
  { pattern: /cannot exceed (\d+) - received (\d+)/i },
  { pattern: /model token limit: (\d+) \(requested: (\d+)\)/i },
  { pattern: /configured limit of (\d+) tokens\. your messages resulted in (\d+)/i },
  {
    pattern:
      /maximum (?:context|prompt|model) length (?:is|of) (\d+)(?: tokens)?.{0,40}?\b(?:resulted in|you requested(?: about| a total of)?|request has|request contains) (\d+)/i,
  },
];
const limitOnly =
  /(?:(?:maximum|max) (?:context|prompt|model) length (?:is|of)|context length of(?: only)?|max context length) (\d+)/i;
const sum = /exceed context limit: (\d+) \+ (\d+) > (\d+)/i;
/** More of a message is not looked at. */
const longestMessage = 4000;

/** The figures of an overflow, where the backend says them: in fields, as a gateway like this one does, or in words. */
export function overflowFigures({ error, detail, message }: UpstreamErrorBody): OverflowFigures {
  const known = ofGateway(detail);
  if (known !== undefined) return known;
  const { n_ctx: limit, n_prompt_tokens: measured } = error ?? {};
  if (typeof limit === 'number' && typeof measured === 'number') return { model: null, limit, measured };
  return { model: null, ...inWords(message.slice(0, longestMessage).replace(/(?<=\d),(?=\d{3})/g, '')) };
}

function ofGateway(detail: unknown): OverflowFigures | undefined {
  const { code, details } = (detail ?? {}) as { code?: unknown; details?: Record<string, unknown> | null };
  const { model, limit, measured } = details ?? {};
  if (code !== 'input_limit_exceeded' || typeof model !== 'string') return undefined;
  return typeof limit === 'number' && typeof measured === 'number' ? { model, limit, measured } : undefined;
}

function inWords(message: string): Pick<OverflowFigures, 'limit' | 'measured'> {
  for (const { pattern, swapped } of both) {
    const found = pattern.exec(message);
    if (found === null) continue;
    const [first, second] = [Number(found[1]), Number(found[2])];
    return swapped ? { limit: second, measured: first } : { limit: first, measured: second };
  }
  const added = sum.exec(message);
  if (added !== null) return { limit: Number(added[3]), measured: Number(added[1]) + Number(added[2]) };
  const limit = limitOnly.exec(message)?.[1];
  return { limit: limit === undefined ? null : Number(limit), measured: null };
}
