import * as z from 'zod';
import { storageUrlProblem } from '../storage-url.ts';
import { seconds, text, wholeNumber } from './fields.ts';

/** In the units of the file. */
export const storageDefaults = {
  flush_interval: 1,
  keep_usage: 90,
  keep_usage_sums: 1100,
} as const;

export const storageSection = z
  .strictObject({
    folder: text(
      'The folder of what outlives a restart: keys, usage, which packages were deleted; `none` for nowhere. Relative to this folder, as a variable to the working directory. Left out: `state` in the working directory.',
      {
        expects: 'the path of a folder, or none',
        example: '"/var/lib/headrace"',
      },
    ).optional(),
    url: text(
      'A PostgreSQL database that keeps it instead, for several machines. The folder then only holds what could not be delivered yet.',
      {
        expects: 'the URL of a PostgreSQL database',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how the file names a variable
        example: '"postgres://headrace:${DATABASE_PASSWORD}@127.0.0.1:5432/headrace"',
        check: storageUrlProblem,
      },
    ).optional(),
    flush_interval: seconds('How often usage is written: at most so much of it is lost when the process is killed.', {
      minimum: 0.05,
      maximum: 60,
      example: 1,
    }).default(storageDefaults.flush_interval),
    keep_usage: wholeNumber('For how many days usage is kept call by call; 0: for ever.', {
      minimum: 0,
      maximum: 36_500,
      example: 90,
    }).default(storageDefaults.keep_usage),
    keep_usage_sums: wholeNumber('For how many days the sums of usage are kept; 0: for ever.', {
      minimum: 0,
      maximum: 36_500,
      example: 1100,
    }).default(storageDefaults.keep_usage_sums),
  })
  .describe('Where the gateway keeps what is to outlive a restart.');
