const nothing = Buffer.alloc(0);

/** A text that is put together from a few others, as bytes: those of the latest ones are remembered, as most are the same. */
export class RememberedBytes {
  readonly #build: (...texts: [string, string, string, string]) => string;
  #first: string | undefined;
  #second = '';
  #third = '';
  #fourth = '';
  #bytes: Buffer = nothing;

  constructor(build: (...texts: [string, string, string, string]) => string) {
    this.#build = build;
  }

  of(first: string, second = '', third = '', fourth = ''): Buffer {
    const isSame = first === this.#first && second === this.#second && third === this.#third && fourth === this.#fourth;
    if (isSame) return this.#bytes;
    this.#first = first;
    this.#second = second;
    this.#third = third;
    this.#fourth = fourth;
    this.#bytes = Buffer.from(this.#build(first, second, third, fourth));
    return this.#bytes;
  }
}
