import * as z from 'zod';
import { abilities } from '../backend-config.ts';
import { durationMs, shareOf } from '../duration.ts';
import { strategies } from '../route-config.ts';
import { brakeSection } from './brake-section.ts';
import { amount, anyText, choice, fieldTexts, numberOrText, onOff, seconds, text, wholeNumber } from './fields.ts';

export const hedgeDefaults = { after: 'p95', max_extra: 0.05 } as const;

const modelName = {
  expects: 'a model by its public name',
  example: '"my-backend:my-model"',
};

function selector(description: string) {
  return text(description, { ...modelName, expects: `${modelName.expects}, or several with |, ^ or ! between them` });
}

function values(description: string) {
  const value = anyText('A value, compared exactly.', { example: '"premium"', expects: 'a text (in quotes)' });
  const one = z
    .union([value, z.array(value).min(1, { error: 'must hold at least one value' })])
    .describe('One value, or a list of those that are good.')
    .register(fieldTexts, { expects: 'a text (in quotes) or a list of texts', example: '"premium"' });
  return z.record(z.string(), one).describe(description);
}

const candidate = z
  .strictObject({
    model: text('The model: `backend:model`, or another public name; here as it is, without operators.', modelName),
    weight: amount('Its share of the calls, compared with the others of its tier; 0: only when no other can.', {
      minimum: 0,
      maximum: 1_000_000,
      example: 3,
    }).optional(),
    tier: wholeNumber('Tiers are tried one after the other, the lowest first.', {
      minimum: 0,
      maximum: 1_000_000,
      example: 1,
    }).default(0),
    max_context: wholeNumber('The most prompt tokens of a call that it takes.', {
      minimum: 0,
      example: 8000,
    }).optional(),
    abilities: z
      .array(choice('One thing that it can do.', abilities))
      .describe('What it can do, whatever the file of its backend says; calls that need more go elsewhere.')
      .optional(),
    headers: values('Request headers of which each must have one of its values.').optional(),
    metadata: values("Fields of the request's `metadata` of which each must have one of its values.").optional(),
    parameters: z
      .record(z.string(), z.unknown().describe('A value, sent as JSON.'))
      .describe('Request fields that are set, whatever the client sent.')
      .optional(),
  })
  .describe('A candidate with what holds for it alone.');

const timeouts = z
  .strictObject({
    first_token: seconds('How long one try may take until its first output.', limit(10)).optional(),
    gap: seconds('How long a running stream may be silent.', limit(20)).optional(),
    total: seconds('How long everything may take, from the arrival of the request.', limit(120)).optional(),
  })
  .describe('Times of this route, beside those of its backends.');

function limit(example: number) {
  return { above: 0, maximum: 86_400, example };
}

const retry = z
  .strictObject({
    max_attempts: wholeNumber('The most upstream requests for one call.', {
      minimum: 1,
      maximum: 100,
      example: 4,
    }).optional(),
    max_time: seconds('After how long, from the arrival of the request, no try begins any more.', limit(30)).optional(),
  })
  .describe("How often it is tried. Left out: as the backends' `max_retries` say.");

const hedge = z
  .strictObject({
    after: numberOrText(
      'After how long without output a second try begins; `p95`: after the time that 95 of 100 take.',
      {
        expects: 'p95, a number of seconds above 0, or a time with its unit (ms, s or m)',
        example: '500ms',
        check: (value) => value === 'p95' || (durationMs(value) ?? 0) > 0,
      },
    ).default(hedgeDefaults.after),
    max_extra: numberOrText('The most extra calls, as a share of the calls of this route.', {
      expects: 'a share above 0% and at most 100%, or a number above 0 and at most 1',
      example: '5%',
      check: (value) => shareOf(value) !== undefined,
    }).default(hedgeDefaults.max_extra),
  })
  .describe('A second try at another candidate beside a slow first one. Left out: none.');

const budget = z
  .strictObject({
    max_calls: wholeNumber('The most upstream calls.', { minimum: 1, maximum: 10_000, example: 12 }).optional(),
    deadline: seconds('How long the approach may take.', limit(120)).optional(),
    max_cost: amount('The most that its calls may cost, in US dollars.', {
      above: 0,
      maximum: 1_000_000,
      example: 0.05,
    }).optional(),
    when_spent: choice('What is answered when it is spent: the best so far, or an error.', ['best', 'error']).default(
      'best',
    ),
  })
  .describe('What one request may take at most. Only with `approach`.');

const route = z
  .strictObject({
    model: z
      .union([
        selector('A model, or a selector.'),
        z.array(selector('A model, or a selector.')).min(1, { error: 'must name at least one model' }),
      ])
      .describe('The model that serves it, a selector, or a list of them. Instead of `candidates`.')
      .register(fieldTexts, { ...modelName, expects: `${modelName.expects}, or a list of them` })
      .optional(),
    candidates: z
      .array(
        z
          .union([selector('A model, or a selector.'), candidate])
          .describe('A text, or a mapping with `model`.')
          .register(fieldTexts, { ...modelName, expects: `${modelName.expects}, or a mapping with model` }),
      )
      .min(1, { error: 'must have at least one candidate' })
      .describe('The models that may serve it.')
      .optional(),
    strategy: choice('How the candidates of a tier are put in order.', strategies).default('ordered'),
    timeouts: timeouts.optional(),
    retry: retry.optional(),
    hedge: hedge.optional(),
    approach: text(
      'How several calls become one better answer: an approach, or a pipeline. Left out: one plain call.',
      {
        expects: 'the name of an approach, or several with & or | between them',
        example: 'moa',
      },
    ).optional(),
    parameters: z
      .record(z.string(), z.unknown().describe('A value of the approach.'))
      .describe('The parameters of the approach; of a pipeline a mapping for each of its stages, by their names.')
      .optional(),
    budget: budget.optional(),
    with_tools: choice(
      'What a request with tools gets, as approaches are for text: `skip` makes one plain call. Only with `approach`.',
      ['skip', 'error'],
    ).default('skip'),
    affinity: onOff('Whether a conversation stays with its candidate and its key while they are healthy.').default(
      true,
    ),
    brake: brakeSection.optional(),
  })
  .describe('A virtual model.');

/** `routes` of `headrace.yaml`. */
export const routesSection = z
  .record(z.string(), route)
  .describe('Virtual models by their public names: which models serve them, and how they are tried.');

export type RoutesSection = z.output<typeof routesSection>;

/** `model_aliases` of `headrace.yaml`. */
export const modelAliasesSection = z
  .array(
    z
      .strictObject({
        pattern: text('A regular expression that must match the whole name.', {
          expects: 'a regular expression',
          example: '"gpt-4(.*)"',
        }),
        model: text('The new name, with `$1` or `$<name>` for what the groups of the pattern caught.', {
          example: '"openai:gpt-4$1"',
        }),
      })
      .describe('A rewrite of names.'),
  )
  .describe('Rewrites of the names that clients send, before they are looked up; the first one that matches counts.');
