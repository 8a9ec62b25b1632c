import { RecentMap } from '../recent-map.ts';

/** Clients make up names of models. */
const maximumKnown = 500;

interface Known<Texts> {
  readonly texts: Texts;
  readonly bytes: Buffer;
}

/**
 * A text that is put together from a few others, as bytes. By the first of these the latest one is remembered, as the
 * others mostly are the same then.
 */
export class RememberedBytes<Texts extends readonly [string, ...string[]]> {
  readonly #build: (...texts: Texts) => string;
  readonly #known = new RecentMap<string, Known<Texts>>(maximumKnown);

  constructor(build: (...texts: Texts) => string) {
    this.#build = build;
  }

  of(...texts: Texts): Buffer {
    const known = this.#known.peek(texts[0]);
    return known !== undefined && isSame(known.texts, texts) ? known.bytes : this.#remember(texts);
  }

  #remember(texts: Texts): Buffer {
    const bytes = Buffer.from(this.#build(...texts));
    this.#known.set(texts[0], { texts, bytes });
    return bytes;
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  for (let index = 1; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
