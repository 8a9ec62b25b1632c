import * as z from 'zod';
import { onOff, text, wholeNumber } from './fields.ts';

export const telemetryDefaults = {
  log_bodies: false,
  max_bytes: 64 * 1024 * 1024,
  max_files: 8,
} as const;

const capture = z
  .strictObject({
    folder: text('The folder of the captured exchanges, relative to this folder. It is made where it is missing.', {
      expects: 'the path of a folder',
      example: '"capture"',
    }),
    max_bytes: wholeNumber('Bytes of a file beyond which the next one is begun.', {
      minimum: 4096,
      example: telemetryDefaults.max_bytes,
    }).default(telemetryDefaults.max_bytes),
    max_files: wholeNumber('How many files are kept; the oldest one goes first. At least one per worker.', {
      minimum: 1,
      maximum: 10_000,
      example: telemetryDefaults.max_files,
    }).default(telemetryDefaults.max_files),
  })
  .describe(
    'Writes every exchange, with prompts and answers but without keys, to files. Left out: nothing is written.',
  );

/** The section `telemetry` of `headrace.yaml`. */
export const telemetrySection = z
  .strictObject({
    log_bodies: onOff(
      'Whether the log line of a request holds its body and its answer, each cut at 8192 characters, with keys masked.',
    ).default(telemetryDefaults.log_bodies),
    capture: capture.optional(),
  })
  .describe('What is recorded of requests beyond their log line and the metrics.');
