import * as z from 'zod';
import { readMoment } from '../expiry.ts';
import { choice, text } from './fields.ts';

/** The longest name of a key, an owner, a team, a tag or a tier, in characters. */
export const longestName = 128;
const longestModel = 256;
const mostTags = 32;
const mostModels = 1000;

/** A name that stands in logs, metrics and addresses: any characters but control characters. */
function name(description: string, example: string) {
  return text(description, {
    expects: `a text of 1 to ${longestName} characters without control characters and without space at its ends`,
    example,
    check: nameFault,
  });
}

/** What is wrong with a name; undefined: it is good. */
export function nameFault(value: string): string | undefined {
  if (value.length > longestName) return `has ${value.length} characters, and ${longestName} is the most`;
  if (value.length === 0 || value !== value.trim()) return 'must not be empty, nor begin or end with white space';
  if (/\p{Cc}|\p{Cs}/u.test(value)) return 'must not hold control characters or halves of characters';
  return undefined;
}

/** The fields that keys have in common wherever they are made: in `headrace.yaml` and by the admin API. */
export const keyFields = {
  name: name('Whose key this is, for the log and for usage. No two keys have the same.', 'alice'),
  owner: name('Who answers for it.', 'alice@example.com'),
  team: name('The team that its calls count for as well.', 'research'),
  tags: z
    .array(name('A tag.', 'batch'))
    .max(mostTags, { error: `must be at most ${mostTags} tags` })
    .describe('Tags that its calls count for as well.'),
  role: choice('`admin` may also use the admin routes.', ['admin', 'user']),
  models: z
    .array(
      text('A public model name.', {
        example: '"openai:gpt-4o"',
        check: (value) =>
          value.length > longestModel ? `has ${value.length} characters, and ${longestModel} is the most` : undefined,
      }),
    )
    .min(1, { error: 'must name at least one model; leave it out to allow all models' })
    .max(mostModels, { error: `must be at most ${mostModels} models` })
    .describe('The public model names that this key may use; all if left out.'),
  tier: name('The tier of `tiers` whose limits hold where its own say nothing.', 'free'),
  expires_at: text('From when on it is refused: a date (its first moment in UTC), or a date and time with a zone.', {
    expects: 'an ISO 8601 date, or a date and time with a zone',
    example: '"2027-01-31T12:00:00Z"',
    check: (value) =>
      readMoment(value) === undefined ? 'is no ISO 8601 date, and no date and time with a zone' : undefined,
  }),
} as const;
