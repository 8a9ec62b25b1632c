import * as z from 'zod';
import { amount, expectation, fieldHints, fieldTexts, text, wholeNumber } from './fields.ts';

/** In US dollars: a million, so that sums of nano-dollars stay exact. */
const largestBudget = 1_000_000;
const largestCount = 1_000_000_000_000_000;

function count(description: string, example: number) {
  return wholeNumber(description, { minimum: 1, maximum: largestCount, example });
}

function dollars(description: string, example: number) {
  return amount(`${description} In US dollars; 0: only what costs nothing.`, {
    minimum: 0,
    maximum: largestBudget,
    example,
  });
}

const budgetSchema = z
  .strictObject({
    day: dollars('The most that calls may cost in a day in UTC.', 1.5).optional(),
    week: dollars('The same in a week, from Monday.', 5).optional(),
    month: dollars('The same in a calendar month.', 20).optional(),
    total: dollars('The same for ever.', 100).optional(),
  })
  .describe('What calls may cost. What is left out is not limited.');

fieldHints.add(budgetSchema, {
  hints: {
    hour: 'unknown field: budgets are for a day, a week, a month or in total',
    year: 'unknown field: budgets are for a day, a week, a month or in total',
  },
});

const downgradeSchema = z
  .strictObject({
    downgrade_to: text('The public model that such calls go to, if the budget has enough left for it.', {
      expects: 'a model by its public name',
      example: '"my-backend:my-model"',
    }),
  })
  .describe('Another model in place of a refusal.');

const whenSpentTexts = {
  expects: 'refuse, or a mapping with downgrade_to and a model by its public name',
  example: '{downgrade_to: "my-backend:my-model"}',
};

const refusal = z
  .enum(['refuse'], { error: expectation(whenSpentTexts) })
  .describe('It is refused.')
  .register(fieldTexts, whenSpentTexts);

/** Limits of a tier, a key, a team or a tag, as they stand in `headrace.yaml` and in the admin API. */
export const limitsSchema = z
  .strictObject({
    requests_per_minute: count('The most requests in any 60 seconds.', 60).optional(),
    tokens_per_minute: count('The most tokens of prompts and answers in any 60 seconds.', 100_000).optional(),
    requests_per_day: count('The most requests in a day in UTC.', 1000).optional(),
    tokens_per_day: count('The most tokens of prompts and answers in a day in UTC.', 2_000_000).optional(),
    max_concurrent: wholeNumber('The most requests that run at a time; more are refused.', {
      minimum: 1,
      maximum: 1_000_000,
      example: 10,
    }).optional(),
    budget: budgetSchema.optional(),
    when_spent: z
      .union([refusal, downgradeSchema])
      .describe('What becomes of a call for which a budget has too little left. Left out: it is refused.')
      .register(fieldTexts, whenSpentTexts)
      .optional(),
  })
  .describe('What may be taken. What is left out is not limited.');

fieldHints.add(limitsSchema, {
  hints: {
    rpm: 'unknown field: write requests_per_minute',
    tpm: 'unknown field: write tokens_per_minute',
    requests_per_hour: 'unknown field: requests are limited per minute or per day',
    downgrade_to: 'unknown field: write when_spent: {downgrade_to: MODEL}',
  },
});

export type LimitsFields = z.output<typeof limitsSchema>;

/** `tiers` of `headrace.yaml`. */
export const tiersSection = z
  .record(z.string(), limitsSchema)
  .describe('Limits under a name, for keys, teams and tags that name it as their `tier`.');

function groups(description: string) {
  return z
    .record(
      z.string(),
      z
        .strictObject({
          tier: text('The tier whose limits hold where `limits` says nothing.', {
            expects: 'the name of a tier',
            example: 'free',
          }).optional(),
          limits: limitsSchema.optional(),
        })
        .describe('What all of its keys may take together.'),
    )
    .describe(description);
}

/** `teams` of `headrace.yaml`. */
export const teamsSection = groups('Teams by their names. The calls of all keys of a team count together.');

/** `tags` of `headrace.yaml`. */
export const tagsSection = groups('Tags by their names. The calls of all keys with a tag count together.');
