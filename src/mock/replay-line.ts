import * as z from 'zod';
import { applySplices } from '../bytes/splice.ts';
import { RawJson } from './raw-json.ts';

const headers = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

const body = {
  body: z.string().optional(),
  /** In place of `body`: the bytes themselves, which are a JSON object. */
  json: z.object().optional(),
  base64: z.string().optional(),
  /** Of how many bytes only the first are here. */
  cut: z.number().optional(),
  withheld: z.boolean().optional(),
};

/** Of a body that is another one of the line but for one place: `was` stands there in the other one, `is` in this one. */
const changed = z.object({ at: z.number(), was: z.string(), is: z.string() }).optional();

const attempt = z.object({
  model: z.string(),
  ms: z.number(),
  request: z.object({
    method: z.string(),
    url: z.string(),
    body_as: z.literal('request').optional(),
    changed,
    ...body,
  }),
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
export const replayLine = z.object({ v: z.literal([1, 2, 3]), request: z.object(body), attempts: z.array(attempt) });

type ReplayLine = z.output<typeof replayLine>;
export type RecordedAttempt = z.output<typeof attempt>;

type RecordedBody = z.output<z.ZodObject<typeof body>>;

/**
 * Puts the bodies that stand in a line as JSON where all others stand, as texts: of a value of JSON every byte counts.
 * @param line the text of which the value was read
 */
export function restoreBodies({ request, attempts }: ReplayLine, line: string): void {
  const raw = new RawJson(Buffer.from(line));
  restoreBody(request, raw.field('request'));
  const places = raw.field('attempts')?.elements() ?? [];
  attempts.forEach((attempt, index) => {
    restoreBody(attempt.request, places[index]?.field('request'));
    restoreBody(attempt.answer, places[index]?.field('answer'));
  });
}

function restoreBody(recorded: RecordedBody | undefined, place: RawJson | undefined): void {
  if (recorded?.json !== undefined) recorded.body = place?.field('json')?.bytes.toString();
}

/** The bytes of what was sent to a backend; undefined where not all of them are there. */
export function sentBytes({ request }: RecordedAttempt, clients: RecordedBody): Buffer | undefined {
  if (request.body_as === undefined) return wholeBytes(request);
  const bytes = wholeBytes(clients);
  if (bytes === undefined || request.changed === undefined) return bytes;
  const { at, was, is } = request.changed;
  return applySplices(bytes, [{ start: at, end: at + Buffer.byteLength(was), text: is }]);
}

function wholeBytes(recorded: RecordedBody): Buffer | undefined {
  return recorded.cut === undefined ? recordedBytes(recorded) : undefined;
}

/** The bytes of a recorded body; undefined where they are not there. */
export function recordedBytes(recorded: RecordedBody): Buffer | undefined {
  if (recorded.body !== undefined) return Buffer.from(recorded.body);
  return recorded.base64 === undefined ? undefined : Buffer.from(recorded.base64, 'base64');
}
