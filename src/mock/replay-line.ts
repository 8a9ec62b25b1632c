import * as z from 'zod';

const headers = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

const body = {
  body: z.string().optional(),
  base64: z.string().optional(),
  /** Of how many bytes only the first are here. */
  cut: z.number().optional(),
  withheld: z.boolean().optional(),
};

const attempt = z.object({
  model: z.string(),
  ms: z.number(),
  request: z.object({ method: z.string(), url: z.string(), body_as: z.literal('request').optional(), ...body }),
  answer: z
    .object({
      status: z.number(),
      ms: z.number(),
      headers,
      chunks: z.array(z.tuple([z.number(), z.number()])).optional(),
      ...body,
    })
    .optional(),
  end: z.string(),
});

/** What a replay needs of a line of a capture file; docs/capture.md has all of it. */
export const replayLine = z.object({ v: z.literal(1), request: z.object(body), attempts: z.array(attempt) });

export type RecordedAttempt = z.output<typeof attempt>;

/** The bytes of a recorded body; undefined where they are not there. */
export function recordedBytes(recorded: {
  readonly body?: string | undefined;
  readonly base64?: string | undefined;
}): Buffer | undefined {
  if (recorded.body !== undefined) return Buffer.from(recorded.body);
  return recorded.base64 === undefined ? undefined : Buffer.from(recorded.base64, 'base64');
}
