import type { Loose } from './check-tree.ts';
import { type BrakeFields, repetitionDefaults } from './schema/brake-section.ts';

/** From when on a stream is taken to run in a circle. */
export interface RepetitionConfig {
  /** The most characters of what is repeated. */
  readonly unit: number;
  /** How often it must stand there, one behind the other, without a character between. */
  readonly repeats: number;
  /** How many characters that must be at least. */
  readonly characters: number;
}

/** Undefined: nothing is said; `off`: such streams are left alone. */
export function readRepetition(brake: Loose<BrakeFields> | undefined): RepetitionConfig | 'off' | undefined {
  const written = brake?.repetition;
  if (written === undefined || written === 'off') return written;
  const { unit, repeats, characters } = repetitionDefaults;
  return {
    unit: written.unit ?? unit,
    repeats: written.repeats ?? repeats,
    characters: written.characters ?? characters,
  };
}

/** What holds where a route says nothing. */
export function loadBrake(brake: Loose<BrakeFields> | undefined): {
  readonly repetition: RepetitionConfig | undefined;
} {
  const rule = readRepetition(brake);
  return { repetition: rule === 'off' ? undefined : rule };
}
