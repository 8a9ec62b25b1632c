import * as z from 'zod';
import { keyFields } from '../config/schema/key-fields.ts';
import { limits, limitsChange } from './limit-schemas.ts';

const version = z
  .int({ error: 'must be the version of what is changed, a whole number' })
  .min(0, { error: 'must be the version of what is changed, a whole number' });

/** The version that a change is for. */
export const versionField = version
  .describe('The version that this is for; where another one is stored by now, nothing changes. As `If-Match`.')
  .optional();

/** The body of a new key. */
export const newKey = z
  .strictObject({
    name: keyFields.name,
    owner: keyFields.owner.nullish(),
    team: keyFields.team.nullish(),
    tags: keyFields.tags.nullish(),
    role: keyFields.role.default('user'),
    models: keyFields.models.nullish(),
    tier: keyFields.tier.nullish(),
    limits: limits.nullish(),
    expires_at: keyFields.expires_at.nullish(),
  })
  .meta({ id: 'NewKey' });

/** The body of a change. */
export const keyChange = z
  .strictObject({
    name: keyFields.name.optional(),
    owner: keyFields.owner.nullish(),
    team: keyFields.team.nullish(),
    tags: keyFields.tags.nullish(),
    role: keyFields.role.optional(),
    models: keyFields.models.nullish(),
    tier: keyFields.tier.nullish(),
    limits: limitsChange.nullish(),
    expires_at: keyFields.expires_at.nullish(),
    version: versionField,
  })
  .describe('What is left out stays as it is; null clears.')
  .meta({ id: 'KeyChange' });

const longestOverlap = 90 * 86_400;
const overlapError = `must be a number of seconds from 0 to ${longestOverlap}`;

/** The body of a rotation. */
export const rotation = z.strictObject({
  overlap_seconds: z
    .number({ error: overlapError })
    .min(0, { error: overlapError })
    .max(longestOverlap, { error: overlapError })
    .describe('How long the old secret still opens the key.')
    .default(0),
  version: versionField,
});

/** The body of a change that needs no words. */
export const onlyVersion = z.strictObject({ version: versionField });

const moment = z.iso.datetime();

const secret = z.strictObject({
  last4: z.string().nullable().describe('Null: it is known by its digest alone.'),
  created_at: moment.nullable(),
  expires_at: moment.nullable().describe('While a key is rotated: until when the old secret still opens it.'),
});

const shownKeyFields = {
  object: z.literal('key'),
  id: z.string(),
  name: z.string(),
  owner: z.string().nullable(),
  team: z.string().nullable(),
  tags: z.array(z.string()),
  role: z.enum(['admin', 'user']),
  models: z.array(z.string()).nullable().describe('Null: all.'),
  tier: z.string().nullable(),
  limits: limits.nullable().describe('Its own ones.'),
  created_at: moment.nullable().describe('Null: it stands in the file.'),
  expires_at: moment.nullable(),
  disabled_at: moment.nullable(),
  status: z
    .enum(['active', 'disabled', 'expired', 'team_missing', 'tier_missing', 'name_taken'])
    .describe('All but `active` are refused.'),
  version: z.int().describe('Counts its changes.'),
  source: z.string().nullable().describe('Where it stands in the file; null: in storage, where it can be changed.'),
  secrets: z.array(secret),
};

/** A key as it is shown. */
export const shownKey = z.strictObject(shownKeyFields).meta({ id: 'Key' });

/** A key with the secret that opens it. */
export const openedKey = z
  .strictObject({ ...shownKeyFields, secret: z.string().describe('Shown this once, and stored nowhere.') })
  .meta({ id: 'OpenedKey' });

const mostListed = 1000;
const limitError = `must be a whole number from 1 to ${mostListed}`;

/** The fields by which lists are turned over. */
export const pageFields = {
  limit: z.coerce
    .number<string>({ error: limitError })
    .int({ error: limitError })
    .min(1, { error: limitError })
    .max(mostListed, { error: limitError })
    .describe('The most that one page shows.')
    .default(100),
  cursor: z.string().describe('The `next_cursor` of the page before.').optional(),
};

/** The query of the list of keys. Each filter that is given must hold, exactly as it is written. */
export const keyQuery = z.strictObject({
  ...pageFields,
  name: z.string().optional(),
  owner: z.string().optional(),
  team: z.string().optional(),
  tag: z.string().describe('Keys that have this tag among theirs.').optional(),
  role: z.enum(['admin', 'user'], { error: 'must be admin or user' }).optional(),
  status: z
    .enum(shownKeyFields.status.options, { error: `must be one of ${shownKeyFields.status.options.join(', ')}` })
    .optional(),
});

/** A page of a list. */
export function pageOf<S extends z.ZodType>(item: S) {
  return z.strictObject({
    object: z.literal('list'),
    data: z.array(item),
    next_cursor: z.string().nullable().describe('Null: this was the last page.'),
  });
}
