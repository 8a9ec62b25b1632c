import { StringDecoder } from 'node:string_decoder';

/** Cuts bytes into lines of UTF-8; of a line that is too long the rest is left out. */
export class LineSplitter {
  readonly #longest: number;
  readonly #take: (line: string, isCut: boolean) => void;
  readonly #decoder = new StringDecoder('utf8');
  #held: string[] = [];
  #length = 0;

  /** @param longest in characters */
  constructor(longest: number, take: (line: string, isCut: boolean) => void) {
    this.#longest = longest;
    this.#take = take;
  }

  push(bytes: Buffer): void {
    const [first = '', ...rest] = this.#decoder.write(bytes).split('\n');
    this.#hold(first);
    for (const line of rest) {
      const isCut = this.#length > this.#longest;
      const whole = this.#held.join('').slice(0, this.#longest);
      this.#held = [];
      this.#length = 0;
      this.#take(whole.replace(/\r$/, ''), isCut);
      this.#hold(line);
    }
  }

  #hold(text: string): void {
    if (this.#length <= this.#longest) this.#held.push(text);
    this.#length += text.length;
  }
}
