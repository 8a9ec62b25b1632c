/** The steps of an approach at work, for a client that wants to see them; kept until somebody listens. */
export class Progress {
  readonly #lines: string[] = [];
  #listener: ((line: string) => void) | undefined;

  /** One line: the step, how many there are, and its name. */
  step(number: number, of: number, name: string): void {
    const line = `progress ${number}/${of} ${name.replace(/\s+/g, ' ')}`;
    if (this.#listener === undefined) this.#lines.push(line);
    else this.#listener(line);
  }

  /** Told of every step, of those before it at once. */
  listen(listener: (line: string) => void): void {
    for (const line of this.#lines.splice(0)) listener(line);
    this.#listener = listener;
  }

  stop(): void {
    this.#listener = () => undefined;
  }
}
