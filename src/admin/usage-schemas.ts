import * as z from 'zod';
import { readMoment } from '../config/expiry.ts';
import { type UsageDimension, usageDimensions } from '../storage/usage-records.ts';
import { pageFields, pageOf } from './key-schemas.ts';

const momentError = 'must be an ISO 8601 date, or a date and time with a zone';

function moment(description: string) {
  return z
    .string()
    .refine((written) => readMoment(written) !== undefined, { error: momentError })
    .describe(description)
    .optional();
}

const filters = {
  key: z.string().describe('The name of the key at that time.').optional(),
  owner: z.string().optional(),
  team: z.string().optional(),
  tag: z.string().describe('Calls with this tag among theirs.').optional(),
  model: z.string().describe('Who answered, as the backend calls it.').optional(),
  backend: z.string().optional(),
  asked: z.string().describe('The name that the client asked for.').optional(),
  outcome: z.string().describe('complete, broken, cancelled, failed or refused.').optional(),
};
export const filterNames = Object.keys(filters) as (keyof typeof filters)[];

const range = {
  from: moment('From when on, inclusive: a date in UTC, or a date and time with a zone. Default: 30 days before `to`.'),
  to: moment('Until when, exclusive. Default: now.'),
};

const groupError = `must be one or several of ${usageDimensions.join(', ')}, with commas between`;

function readDimensions(written: string): readonly string[] {
  return written === '' ? [] : written.split(',').map((name) => name.trim());
}

function isDimensions(written: string): boolean {
  return readDimensions(written).every((name) => usageDimensions.includes(name as UsageDimension));
}

const formatError = (formats: readonly string[]) => `must be ${formats.join(' or ')}`;
const formats = ['json', 'csv'] as const;
const callFormats = ['json', 'csv', 'ndjson'] as const;

/** The query of the sums. Each filter that is given must hold, exactly as it is written; an empty one means none. */
export const usageQuery = z.strictObject({
  ...range,
  group_by: z
    .string()
    .refine(isDimensions, { error: groupError })
    .describe(`What sums are told apart by, with commas between: ${usageDimensions.join(', ')}. None: one sum of all.`)
    .default(''),
  ...filters,
  format: z
    .enum(formats, { error: formatError(formats) })
    .describe('CSV is all of it, in one piece.')
    .default('json'),
  ...pageFields,
});

/** The query of single calls. */
export const callsQuery = z.strictObject({
  ...range,
  ...filters,
  format: z
    .enum(callFormats, { error: formatError(callFormats) })
    .describe('CSV and NDJSON are all of them, as a stream.')
    .default('json'),
  ...pageFields,
});

export const limitsQuery = z.strictObject({
  kind: z.enum(['key', 'team', 'tag'], { error: 'must be key, team or tag' }).optional(),
  name: z.string().optional(),
  ...pageFields,
});

/** The dimensions of a query, each once. */
export function dimensionsOf(groupBy: string): readonly UsageDimension[] {
  return [...new Set(readDimensions(groupBy))] as UsageDimension[];
}

const tokens = {
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  cached_tokens: z.int().describe('Part of the prompt.'),
  reasoning_tokens: z.int().describe('Part of the completion.'),
};
const dollars = z.number().nullable().describe('US dollars; null: not known, which is not 0.');

const groupFields = Object.fromEntries(
  usageDimensions.map((name) => [name, z.string().nullable().describe('Null: none.').optional()]),
) as Record<UsageDimension, z.ZodOptional<z.ZodNullable<z.ZodString>>>;

export const shownSum = z
  .strictObject({
    ...groupFields,
    calls: z.int(),
    ...tokens,
    cost: z.number().nullable().describe('US dollars of the calls whose cost is known; null: it is known of none.'),
    unpriced: z.int().describe('Calls whose cost is not known; it is not in `cost`.'),
    average_ms: z.int().nullable(),
  })
  .meta({ id: 'UsageSum' });

export const usagePage = z.strictObject({
  ...pageOf(shownSum).shape,
  from: z.iso.datetime().describe('Sums are of whole hours: this is what they hold.'),
  to: z.iso.datetime(),
});

const nullableTokens = {
  prompt_tokens: z.int().nullable(),
  completion_tokens: z.int().nullable(),
  total_tokens: z.int().nullable(),
  cached_tokens: z.int().nullable(),
  reasoning_tokens: z.int().nullable(),
};

const modelCalls = z
  .strictObject({ backend: z.string(), model: z.string(), calls: z.int(), ...nullableTokens, cost: dollars })
  .meta({ id: 'ModelCalls' });

export const shownCall = z
  .strictObject({
    object: z.literal('call'),
    id: z.string(),
    at: z.iso.datetime().describe('When the request came.'),
    request_id: z.string(),
    key: z.string(),
    owner: z.string().nullable(),
    team: z.string().nullable(),
    tags: z.array(z.string()),
    protocol: z.string(),
    asked: z.string(),
    backend: z.string().nullable().describe('Null: none was chosen.'),
    model: z.string().nullable(),
    stream: z.boolean(),
    status: z.int().describe('What the client got; 499: it had gone.'),
    outcome: z.string(),
    code: z.string().nullable(),
    attempts: z.int(),
    ...nullableTokens,
    usage_source: z
      .enum(['reported', 'counted', 'none'])
      .describe('Whether the backend said so or the gateway counted.'),
    cost: dollars,
    first_byte_ms: z.int().nullable(),
    total_ms: z.int(),
    approach: z.string().nullable(),
    calls: z.array(modelCalls).nullable().describe('The calls that an approach made; null: there was one.'),
  })
  .meta({ id: 'Call' });

export const callsPage = pageOf(shownCall);

const amount = (what: string) => z.number().describe(`${what}, in the unit.`);

export const shownLimit = z
  .strictObject({
    object: z.literal('limit'),
    level: z.strictObject({ kind: z.string(), name: z.string() }),
    resource: z.enum(['requests', 'tokens', 'cost', 'concurrent']),
    period: z.enum(['minute', 'day', 'week', 'month', 'total']).nullable().describe('Null: what runs at a time.'),
    unit: z.enum(['requests', 'tokens', 'dollars', 'calls']),
    limit: amount('The most'),
    used: amount('Used, with what is reserved for calls that run'),
    remaining: amount('Left'),
    resets_at: z.iso.datetime().nullable().describe('When its period begins anew; null: never.'),
    scope: z.enum(['shared', 'process']).describe('Whether this is counted over all that share the limit.'),
  })
  .meta({ id: 'LimitState' });

export const limitsPage = pageOf(shownLimit);
