/** Something that the gateway serves without while it is gone, such as the store of its usage. */
export interface DegradablePart {
  /** As it stands in the header `x-headrace-degraded` and in the body of `/health/ready`. */
  readonly name: 'usage' | 'limits';
  /** Asked for every answer. */
  readonly isDegraded: () => boolean;
  /** For everybody to see: nothing of addresses or errors. */
  readonly state: () => object;
}

/** Tells clients and watchers what is missing. */
export class Degradation {
  readonly #parts: readonly DegradablePart[];

  constructor(parts: readonly DegradablePart[]) {
    this.#parts = parts;
  }

  /** The value of `x-headrace-degraded`; undefined: all is there. */
  get header(): string | undefined {
    let names: string | undefined;
    for (const { name, isDegraded } of this.#parts) {
      if (isDegraded()) names = names === undefined ? name : `${names}, ${name}`;
    }
    return names;
  }

  /** What `/health/ready` shows of each part. */
  get states(): Record<string, object> {
    return Object.fromEntries(this.#parts.map(({ name, state }) => [name, state()]));
  }
}
