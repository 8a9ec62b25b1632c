import * as z from 'zod';

/** What goes with a field for its messages and its reference page, beside its description. */
export interface FieldText {
  /** What is allowed, such as `a whole number of at least 1`. */
  readonly expects: string;
  /** A value as one would write it in the file. */
  readonly example: string;
}

/** The texts of every leaf of the three file schemas. */
export const fieldTexts = z.registry<FieldText>();

/** By object schema: what to say about a field that does not exist but that people write. */
export const fieldHints = z.registry<{ readonly hints: Readonly<Record<string, string>> }>();

/** `must be a whole number of at least 1, such as 100000`. */
export function expectation(text: FieldText): string {
  return `must be ${text.expects}, such as ${text.example}`;
}

interface NumberRule {
  readonly example: number;
  readonly minimum?: number;
  /** The value must be more than this. */
  readonly above?: number;
  readonly maximum?: number;
}

/** A whole number within bounds, both included. */
export function wholeNumber(description: string, rule: Omit<NumberRule, 'above'>) {
  const text = { expects: `a whole number${bounds(rule)}`, example: String(rule.example) };
  const error = expectation(text);
  let schema = z.int({ error });
  if (rule.minimum !== undefined) schema = schema.min(rule.minimum, { error });
  if (rule.maximum !== undefined) schema = schema.max(rule.maximum, { error });
  return schema.describe(description).register(fieldTexts, text);
}

/** Seconds, fractions allowed. */
export function seconds(description: string, rule: NumberRule) {
  return amount(description, rule, 'a number of seconds');
}

function bounds(rule: Partial<NumberRule>): string {
  const { minimum, above, maximum } = rule;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (above !== undefined) return ` above ${above}${maximum === undefined ? '' : ` and at most ${maximum}`}`;
  return minimum === undefined ? '' : ` of at least ${minimum}`;
}

interface TextRule {
  readonly example: string;
  /** For the messages; default `a text that is not empty`. */
  readonly expects?: string;
  readonly pattern?: RegExp;
  /** What is wrong with a text and what to write instead, without quoting it; undefined: it is good. */
  readonly check?: (value: string) => string | undefined;
}

/** A text that is not empty, and that may have further rules. */
export function text(description: string, rule: TextRule) {
  const texts = { expects: rule.expects ?? 'a text that is not empty', example: rule.example };
  const error = expectation(texts);
  let schema = z.string({ error }).min(1, { error, abort: true });
  if (rule.pattern) schema = schema.regex(rule.pattern, { error });
  schema = schema.refine((value) => value.trim() !== '', { error, abort: true });
  const check = rule.check;
  if (check) {
    schema = schema.superRefine((value, context) => {
      const fault = check(value);
      if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
    });
  }
  return schema.describe(description).register(fieldTexts, texts);
}

/** Any text, the empty one too. */
export function anyText(description: string, rule: Pick<TextRule, 'example' | 'expects'>) {
  const texts = { expects: rule.expects ?? 'a text', example: rule.example };
  return z
    .string({ error: expectation(texts) })
    .describe(description)
    .register(fieldTexts, texts);
}

/** One of a few words. */
export function choice<const Values extends readonly [string, ...string[]]>(description: string, values: Values) {
  const texts = { expects: `one of ${values.join(', ')}`, example: values[0] };
  return z
    .enum(values, { error: `must be ${texts.expects}` })
    .describe(description)
    .register(fieldTexts, texts);
}

/** `true` or `false`. */
export function onOff(description: string) {
  const texts = { expects: 'true or false', example: 'true' };
  return z.boolean({ error: 'must be true or false' }).describe(description).register(fieldTexts, texts);
}

const variablePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name of an environment variable. A wrong one may be the key itself and is never shown. */
export function variableName(description: string, example: string) {
  const text = { expects: 'the name of an environment variable', example };
  const error = `is not a variable name (the value is not shown, since it may be a key); write the name of the environment variable that holds the key, such as ${example}`;
  return z.string({ error }).regex(variablePattern, { error }).describe(description).register(fieldTexts, text);
}

/** A number, fractions allowed. */
export function amount(description: string, rule: NumberRule, what = 'a number') {
  const text = { expects: `${what}${bounds(rule)}`, example: String(rule.example) };
  const error = expectation(text);
  let schema = z.number({ error });
  if (rule.above !== undefined) schema = schema.gt(rule.above, { error });
  if (rule.minimum !== undefined) schema = schema.min(rule.minimum, { error });
  if (rule.maximum !== undefined) schema = schema.max(rule.maximum, { error });
  return schema.describe(description).register(fieldTexts, text);
}

/** A number or a text, whichever passes the check. */
export function numberOrText(
  description: string,
  rule: { readonly expects: string; readonly example: string; readonly check: (value: number | string) => boolean },
) {
  const text = { expects: rule.expects, example: rule.example };
  const error = expectation(text);
  return z
    .union([z.number(), z.string()], { error })
    .refine(rule.check, { error })
    .describe(description)
    .register(fieldTexts, text);
}
