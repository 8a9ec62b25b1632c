import * as z from 'zod';
import { keyFields } from '../config/schema/key-fields.ts';
import { pageFields, versionField } from './key-schemas.ts';
import { limits } from './limit-schemas.ts';

/** The body of a team or a tag, which replaces what is there. */
export const newGroup = z
  .strictObject({
    tier: keyFields.tier.nullish(),
    limits: limits.nullish(),
    version: versionField,
  })
  .meta({ id: 'NewGroup' });

/** A team or a tag as it is shown. */
export const shownGroup = z
  .strictObject({
    object: z.enum(['team', 'tag']),
    name: z.string(),
    tier: z.string().nullable(),
    limits: limits.nullable(),
    keys: z.int().describe('How many keys have it.'),
    created_at: z.iso.datetime().nullable().describe('Null: it stands in the file.'),
    version: z.int(),
    source: z.string().nullable().describe('Where it stands in the file; null: in storage, where it can be changed.'),
  })
  .meta({ id: 'Group' });

/** The query of the lists of teams and of tags. */
export const groupQuery = z.strictObject(pageFields);

/** The query of a deletion of a team. */
export const deletionQuery = z.strictObject({
  force: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .describe('Also where it has keys, which are refused from then on.')
    .optional(),
});
