import type { ModelConfig, ModelLimits } from '../config/backend-config.ts';
import { GatewayError } from '../gateway-error.ts';
import { least } from '../models/directory.ts';
import { tokenBound } from '../models/token-bound.ts';
import type { PromptTokens, TokenCounter } from '../models/token-counter.ts';
import type { Call, FittedCall } from '../types/call.ts';
import type { Candidate } from '../types/route.ts';
import { readChoices, readOutputTokens } from './output-fields.ts';

export interface FitPorts {
  readonly counter: TokenCounter;
  readonly forceContextWindow: number | undefined;
  /** Told the kinds of parts that could not be counted. */
  readonly uncounted: (kinds: readonly string[]) => void;
}

/** What limits a call to one model; undefined: nothing does. */
interface Bounds {
  readonly input: number | undefined;
  readonly window: number | undefined;
  readonly output: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly tokenizer: string;
}

const outputNames = ['max_tokens', 'max_completion_tokens'] as const;

/**
 * Holds a call against the limits of its model. Where a bound proves that it fits, nothing is counted.
 * @throws GatewayError `context_length_exceeded`, `output_limit_exceeded` or `invalid_request`
 */
export function fit(call: Call, candidate: Candidate, ports: FitPorts): FittedCall | Promise<FittedCall> {
  const bounds = readBounds(candidate, ports.forceContextWindow);
  const { generates } = call.protocol;
  const asked = bounds !== undefined && generates ? readOutputTokens(call.fields) : undefined;
  const defaults = generates ? absentParameters(call, candidate.config) : [];
  const choices = bounds?.tokensPerMinute !== undefined && generates ? readChoices(call.fields) : 1;
  const draft: FittedCall = { ...call, promptTokens: undefined, askedOutputTokens: asked?.tokens, choices, defaults };
  if (bounds === undefined) return draft;
  const wanted = largest(asked?.tokens, defaultOutput(defaults)) ?? 0;
  if (bounds.tokensPerMinute === undefined && isProven(call, bounds, wanted) && wanted <= (bounds.output ?? wanted)) {
    return draft;
  }
  return ports.counter.measure(call.protocol.kind, call.body, bounds.tokenizer, call.signal).then((tokens) => {
    if (tokens.uncounted.length > 0) ports.uncounted(tokens.uncounted);
    const model = candidate.model.slice(0, 256);
    checkInput(tokens, model, bounds, call);
    checkOutput(tokens, model, bounds, asked, choices);
    return { ...draft, promptTokens: tokens.total, defaults: lowerDefaults(defaults, tokens, bounds) };
  });
}

function readBounds({ config, conditions }: Candidate, forced: number | undefined): Bounds | undefined {
  const limits: Partial<ModelLimits> = config?.limits ?? {};
  const window = least(limits.contextWindow, forced);
  const input = least(least(limits.maxInputTokens, conditions?.maxContext), window);
  const { maxOutputTokens: output, tokensPerMinute } = limits;
  if (input === undefined && output === undefined && tokensPerMinute === undefined) return undefined;
  return { input, window, output, tokensPerMinute, tokenizer: config?.tokenizer ?? 'o200k_base' };
}

/** Whether the size of the body alone proves that prompt and wanted output fit: a token is at least one byte. */
function isProven(call: Call, bounds: Bounds, wanted: number): boolean {
  if (bounds.input === undefined) return true;
  const bound = tokenBound(call.body, bounds.tokenizer);
  return bound !== undefined && bound <= bounds.input && bound + wanted <= (bounds.window ?? Number.POSITIVE_INFINITY);
}

function checkInput(tokens: PromptTokens, model: string, bounds: Bounds, call: Call): void {
  const perMinute = bounds.tokensPerMinute ?? Number.POSITIVE_INFINITY;
  const overInput = tokens.largest > (bounds.input ?? Number.POSITIVE_INFINITY);
  if (!overInput && tokens.total <= perMinute) return;
  const limit = overInput ? (bounds.input as number) : perMinute;
  const measured = overInput ? tokens.largest : tokens.total;
  // "prompt is too long" and "maximum context length is N tokens" are the words that agents and LangChain look for.
  const most = overInput
    ? `the maximum context length is ${limit} tokens for the input of model ${model}`
    : `${limit} is the most that model ${model} may take in a minute (tokens_per_minute), so that it could never pass`;
  const message = `prompt is too long: it has ${measured} tokens, and ${most}; shorten it by ${measured - limit} tokens`;
  throw new GatewayError('context_length_exceeded', message, {
    param: call.protocol.promptField,
    detail: {
      code: 'input_limit_exceeded',
      message: 'Input token limit exceeded',
      details: { model, limit, measured },
    },
  });
}

function checkOutput(
  tokens: PromptTokens,
  model: string,
  bounds: Bounds,
  asked: { name: string; tokens: number } | undefined,
  choices: number,
): void {
  if (asked === undefined) return;
  const allowed = allowedOutput(tokens, bounds, choices);
  if (asked.tokens <= allowed.tokens) return;
  const requested = asked.tokens;
  const message = `${asked.name} is ${requested}, and ${allowed.tokens} is the most that would pass: ${allowed.why}`;
  throw new GatewayError('output_limit_exceeded', message, {
    param: asked.name,
    detail: {
      code: 'output_limit_exceeded',
      message: 'Output token limit exceeded',
      details: { model, limit: allowed.limit, requested, measured: tokens.largest, allowed: allowed.tokens },
    },
  });
}

/** The most output that passes, and which limit says so. */
function allowedOutput(tokens: PromptTokens, bounds: Bounds, choices: number) {
  const options: { tokens: number; limit: number; why: string }[] = [];
  const { output, window, tokensPerMinute } = bounds;
  if (output !== undefined) options.push({ tokens: output, limit: output, why: `max_output_tokens is ${output}` });
  if (window !== undefined) {
    const why = `the prompt has ${tokens.largest} tokens and the context window ${window}`;
    options.push({ tokens: Math.max(0, window - tokens.largest), limit: window, why });
  }
  if (tokensPerMinute !== undefined) {
    const rest = Math.max(0, Math.floor((tokensPerMinute - tokens.total) / choices));
    options.push({ tokens: rest, limit: tokensPerMinute, why: `tokens_per_minute is ${tokensPerMinute}` });
  }
  return options.reduce((least, option) => (option.tokens < least.tokens ? option : least));
}

/** The model's defaults for fields that the client left out. */
function absentParameters(call: Call, config: ModelConfig | undefined): readonly (readonly [string, string])[] {
  if (config === undefined || config.parameters.size === 0) return [];
  const sentOutput = outputNames.some((name) => call.fields.find(name) !== undefined);
  return [...config.parameters].filter(([name]) => {
    if (sentOutput && (outputNames as readonly string[]).includes(name)) return false;
    return call.fields.find(name) === undefined;
  });
}

function defaultOutput(defaults: readonly (readonly [string, string])[]): number | undefined {
  let most: number | undefined;
  for (const [name, text] of defaults) {
    if ((outputNames as readonly string[]).includes(name)) most = largest(most, Number(text));
  }
  return most;
}

/** A default that does not fit is lowered to what does: only what the client asked for can be refused. */
function lowerDefaults(defaults: FittedCall['defaults'], tokens: PromptTokens, bounds: Bounds): FittedCall['defaults'] {
  if (bounds.output === undefined && bounds.window === undefined && bounds.tokensPerMinute === undefined)
    return defaults;
  const allowed = allowedOutput(tokens, bounds, 1).tokens;
  return defaults.flatMap(([name, text]): (readonly [string, string])[] => {
    if (!(outputNames as readonly string[]).includes(name) || Number(text) <= allowed) return [[name, text]];
    return allowed > 0 ? [[name, String(allowed)]] : [];
  });
}

function largest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.max(a, b);
}
