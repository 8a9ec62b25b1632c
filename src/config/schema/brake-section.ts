import * as z from 'zod';
import { expectation, fieldTexts, wholeNumber } from './fields.ts';

export const repetitionDefaults = { unit: 200, repeats: 40, characters: 8000 };

const repetitionTexts = {
  expects: 'off, or a mapping with any of unit, repeats and characters; {} for their defaults',
  example: '{characters: 8000}',
};

const off = z
  .enum(['off'], { error: expectation(repetitionTexts) })
  .describe('Such streams are left alone.')
  .register(fieldTexts, repetitionTexts);

const rule = z
  .strictObject({
    unit: wholeNumber('The most characters of what is repeated.', {
      minimum: 1,
      maximum: 500,
      example: repetitionDefaults.unit,
    }).default(repetitionDefaults.unit),
    repeats: wholeNumber('How often it must stand there, one behind the other.', {
      minimum: 5,
      maximum: 1_000_000,
      example: repetitionDefaults.repeats,
    }).default(repetitionDefaults.repeats),
    characters: wholeNumber('How many characters that must be at least.', {
      minimum: 2000,
      maximum: 100_000_000,
      example: repetitionDefaults.characters,
    }).default(repetitionDefaults.characters),
  })
  .describe('From when on a stream is taken to run in a circle; both numbers must be reached.');

/** What ends a stream while it runs, in `headrace.yaml` and in its routes. */
export const brakeSection = z
  .strictObject({
    repetition: z
      .union([off, rule])
      .describe('Ends streams that say the same again and again. Left out: as the gateway says, which is `off`.')
      .register(fieldTexts, repetitionTexts)
      .optional(),
  })
  .describe('What ends a stream while it runs, beside the budget of its key.');

export type BrakeFields = z.output<typeof brakeSection>;
