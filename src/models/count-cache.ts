import { hash } from 'node:crypto';
import { RecentMap } from '../recent-map.ts';

/** Below this many code units counting costs no more than looking up. */
const leastUnits = 256;
const mostEntries = 20_000;

/**
 * The counts of texts that were counted lately: a conversation sends its beginning again with every turn.
 * It holds digests, never a text, so its size is bounded by its entries (about 3 MB) and no prompt stays in memory.
 */
export class CountCache {
  readonly #counts = new RecentMap<string, number>(mostEntries);

  /** The key of a text, undefined for one that is not worth remembering. */
  key(tokenizer: string, text: string): string | undefined {
    return text.length < leastUnits ? undefined : `${tokenizer} ${hash('sha256', text, 'base64')}`;
  }

  get(key: string | undefined): number | undefined {
    return key === undefined ? undefined : this.#counts.get(key);
  }

  set(key: string | undefined, count: number): void {
    if (key !== undefined) this.#counts.set(key, count);
  }
}
