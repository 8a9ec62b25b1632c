import * as z from 'zod';
import { seconds, wholeNumber } from './fields.ts';

export const idempotencyDefaults = { keep: 600, linger: 10, max_bytes: 67_108_864, max_answer_bytes: 4_194_304 };

/** What becomes of requests that carry an `Idempotency-Key`. */
export const idempotencySection = z
  .strictObject({
    keep: seconds(
      'For how long the answer to a request with the header `Idempotency-Key` is kept, so that whoever repeats it gets the same; 0: each is a call of its own.',
      { minimum: 0, maximum: 86_400, example: 600 },
    ).default(idempotencyDefaults.keep),
    linger: seconds(
      'How long such a call goes on after its client has gone, so that it finds its answer when it asks again.',
      { minimum: 0, maximum: 3600, example: 10 },
    ).default(idempotencyDefaults.linger),
    max_bytes: wholeNumber('Bytes of all answers that are kept, in each process.', {
      minimum: 100_000,
      example: idempotencyDefaults.max_bytes,
    }).default(idempotencyDefaults.max_bytes),
    max_answer_bytes: wholeNumber('Bytes of one answer beyond which it is not kept.', {
      minimum: 1000,
      example: idempotencyDefaults.max_answer_bytes,
    }).default(idempotencyDefaults.max_answer_bytes),
  })
  .describe(
    'Answers that are given again: a request that is repeated with its `Idempotency-Key` is made and charged once.',
  );
