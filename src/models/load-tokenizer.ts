import { BytePairTokenizer } from './byte-pair-tokenizer.ts';
import { loadOpenTokenizer } from './open-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * Loads a tokenizer by the name that the configuration gives it: an encoding's, or the path of a `tokenizer.json`.
 * Takes 50 to 150 ms of the thread for an encoding.
 */
export function loadTokenizer(name: string): Promise<Tokenizer> {
  return name === 'o200k_base' || name === 'cl100k_base' ? BytePairTokenizer.load(name) : loadOpenTokenizer(name);
}
