/** A map that holds so many entries at most: a new one takes the place of that which was not used for longest. */
export class RecentMap<Key, Value> {
  readonly #limit: number;
  /** The one that was used last comes last. */
  readonly #entries = new Map<Key, Value>();
  /** The key of that one. It need not be moved, which would make the map allocate. */
  #latest: Key | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What is there; this is no use of it. */
  peek(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  /** What is there, which counts as a use. */
  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.#put(key, value);
    return value;
  }

  /** Puts it there, which is a use. Returns what had to make room for it. */
  set(key: Key, value: Value): Value | undefined {
    this.#put(key, value);
    return this.#entries.size > this.#limit ? this.dropOldest() : undefined;
  }

  /** All keys; this is no use of them. */
  keys(): IterableIterator<Key> {
    return this.#entries.keys();
  }

  /** What was not used for longest; this is no use of it. */
  oldest(): Value | undefined {
    return this.#entries.values().next().value;
  }

  dropOldest(): Value | undefined {
    const first = this.#entries.entries().next().value;
    if (first === undefined) return undefined;
    this.#entries.delete(first[0]);
    if (first[0] === this.#latest) this.#latest = undefined;
    return first[1];
  }

  #put(key: Key, value: Value): void {
    if (key !== this.#latest) this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#latest = key;
  }
}
