import type { ModelLimits } from '../config/backend-config.ts';
import type { GatewayError } from '../gateway-error.ts';
import { tokenBound } from '../models/token-bound.ts';
import type { PromptTokens } from '../models/token-counter.ts';
import type { Call, FittedCall } from '../types/call.ts';
import type { Candidate } from '../types/route.ts';
import { reservedTokens } from './admit.ts';
import type { Say } from './explain.ts';
import { readChoices, readOutputTokens } from './output-fields.ts';

export interface LimitFacts {
  readonly call: Call;
  readonly candidate: Candidate;
  readonly forceContextWindow: number | undefined;
  /** Undefined where the call was refused. */
  readonly fitted: FittedCall | undefined;
  /** The exact count, where one was made. */
  readonly tokens: PromptTokens | undefined;
  readonly refusal: GatewayError | undefined;
}

/** What is held against the limits. */
interface Sizes {
  /** Tokens of the prompt, or of its largest entry; undefined: not known. */
  readonly prompt: number | undefined;
  /** `at most ` before a bound. */
  readonly words: string;
  readonly total: number | undefined;
  /** What the client asked for. */
  readonly asked: number | undefined;
  /** What goes upstream: what was asked for, else the model's default. */
  readonly output: number | undefined;
  readonly choices: number;
}

const unknownHere = 'how much of it is left now, only the running gateway knows';

/** Says how large the call is, and of each limit whether it holds. */
export function explainLimits(facts: LimitFacts, say: Say): void {
  const { candidate, forceContextWindow, refusal, tokens, call } = facts;
  const limits: Partial<ModelLimits> = candidate.config?.limits ?? {};
  const tokenizer = candidate.config?.tokenizer ?? 'o200k_base';
  const bound = tokenBound(call.body, tokenizer);
  say('prompt tokens', describeCount(tokens, bound, tokenizer));
  if (tokens !== undefined && tokens.uncounted.length > 0) say('not counted', tokens.uncounted.join(', '));
  // Another refusal, such as of a `max_tokens` that is no number, comes before any limit is looked at.
  const judged = refusal === undefined || /_exceeded$/.test(refusal.code);
  const sizes = judged ? readSizes(facts, bound) : undefined;
  let any = false;
  const limit = (name: string, value: number | undefined, judge: (value: number, sizes: Sizes) => string) => {
    if (value === undefined) return;
    any = true;
    say(`limit ${name}`, `${value}: ${sizes === undefined ? 'not looked at' : judge(value, sizes)}`);
  };
  limit('force_context_window', forceContextWindow, judgeWindow);
  limit('context_window', limits.contextWindow, judgeWindow);
  limit('max_input_tokens', limits.maxInputTokens, judgeInput);
  limit('max_output_tokens', limits.maxOutputTokens, judgeOutput);
  limit('tokens_per_minute', limits.tokensPerMinute, (value, sizes) => judgeTokenRate(value, sizes, facts));
  limit('requests_per_minute', limits.requestsPerMinute, () => `the call takes 1; ${unknownHere}`);
  if (!any) say('limits', 'none');
}

function describeCount(tokens: PromptTokens | undefined, bound: number | undefined, tokenizer: string): string {
  if (tokens !== undefined) {
    const largest = tokens.largest === tokens.total ? '' : `, of which the largest entry has ${tokens.largest}`;
    return `${tokens.total}${largest}, counted exactly with ${tokenizer}`;
  }
  if (bound === undefined) return 'not counted, as no limit needs it';
  return `at most ${bound}, a bound by the size of the body, since a token is at least one byte; not counted`;
}

function readSizes({ call, candidate, fitted, tokens }: LimitFacts, bound: number | undefined): Sizes {
  const added = fitted?.defaults.find(([name]) => name === 'max_tokens' || name === 'max_completion_tokens');
  const { asked, choices } =
    fitted === undefined ? readAsked(call, candidate) : { asked: fitted.askedOutputTokens, choices: fitted.choices };
  return {
    prompt: tokens?.largest ?? bound,
    words: tokens === undefined ? 'at most ' : '',
    total: tokens?.total,
    asked,
    output: asked ?? (added === undefined ? undefined : Number(added[1])),
    choices,
  };
}

/** What a call asked for that was refused over a limit; `n` counts only where there is a rate of tokens. */
function readAsked({ protocol, fields }: Call, { config }: Candidate): Pick<Sizes, 'asked' | 'choices'> {
  if (!protocol.generates) return { asked: undefined, choices: 1 };
  const isRated = config?.limits.tokensPerMinute !== undefined;
  return { asked: readOutputTokens(fields)?.tokens, choices: isRated ? readChoices(fields) : 1 };
}

function judgeInput(value: number, { prompt, words }: Sizes): string {
  if (prompt === undefined) return 'not looked at';
  return `${verdict(prompt <= value)}, the prompt has ${words}${prompt}`;
}

function judgeWindow(value: number, sizes: Sizes): string {
  const { prompt, words, output, asked } = sizes;
  if (prompt === undefined) return 'not looked at';
  if (output === undefined) return judgeInput(value, sizes);
  const more = asked === undefined ? `${output} more are the default` : `${output} more are asked for`;
  return `${verdict(prompt + output <= value)}, the prompt has ${words}${prompt}, and ${more}`;
}

function judgeOutput(value: number, { asked, output }: Sizes): string {
  if (asked !== undefined) return `${verdict(asked <= value)}, ${asked} are asked for`;
  return output === undefined ? 'holds, none are asked for' : `holds, ${output} are the default`;
}

function judgeTokenRate(value: number, sizes: Sizes, { fitted, candidate }: LimitFacts): string {
  if (fitted !== undefined) return `the call reserves ${reservedTokens(fitted, candidate)}; ${unknownHere}`;
  const { total, asked, choices } = sizes;
  if (total === undefined) return 'not looked at';
  const needed = total + choices * (asked ?? 0);
  return needed <= value ? `holds, the call needs ${needed}` : `broken for good, the call needs ${needed}`;
}

function verdict(holds: boolean): string {
  return holds ? 'holds' : 'broken';
}
