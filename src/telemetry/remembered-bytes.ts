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
  /** What was asked for last, which spares looking for it: texts that come with a request have no hash yet. */
  #latest: Known<Texts> | undefined;

  constructor(build: (...texts: Texts) => string) {
    this.#build = build;
  }

  of(...texts: Texts): Buffer {
    if (this.#latest !== undefined && isSame(this.#latest.texts, texts)) return this.#latest.bytes;
    const known = this.#known.peek(texts[0]);
    this.#latest = known !== undefined && isSame(known.texts, texts) ? known : this.#remember(texts);
    return this.#latest.bytes;
  }

  #remember(texts: Texts): Known<Texts> {
    const known = { texts, bytes: Buffer.from(this.#build(...texts)) };
    this.#known.set(texts[0], known);
    return known;
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
