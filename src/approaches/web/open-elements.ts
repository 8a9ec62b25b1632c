/** An element whose end is waited for. */
export interface OpenElement {
  readonly name: string;
  readonly skipped: boolean;
}

/** Deeper ones are not remembered, so that hostile nesting costs nothing. */
const deepest = 256;

/** Ends of other elements don't reach out of these. */
const barriers: ReadonlySet<string> = new Set(['table']);

/** The elements around the current place of a document, however badly its tags match. */
export class OpenElements {
  readonly #stack: OpenElement[] = [];
  readonly #counts = new Map<string, number>();
  #skipped = 0;

  /** Whether the current place is inside an element that is left out. */
  get skipping(): boolean {
    return this.#skipped > 0;
  }

  /** Whether an element of this name is open. */
  has(name: string): boolean {
    return (this.#counts.get(name) ?? 0) > 0;
  }

  top(): OpenElement | undefined {
    return this.#stack.at(-1);
  }

  push(element: OpenElement): void {
    if (this.#stack.length >= deepest) return;
    this.#stack.push(element);
    this.#counts.set(element.name, (this.#counts.get(element.name) ?? 0) + 1);
    if (element.skipped) this.#skipped += 1;
  }

  /** Ends the innermost element of this name with all that is in it. Gives what ended, innermost first. */
  close(name: string): OpenElement[] {
    if (!this.has(name)) return [];
    const ended: OpenElement[] = [];
    for (let index = this.#stack.length - 1; index >= 0; index -= 1) {
      const element = this.#stack[index] as OpenElement;
      if (element.name === name) {
        while (this.#stack.length > index) ended.push(this.pop() as OpenElement);
        return ended;
      }
      if (barriers.has(element.name)) return [];
    }
    return ended;
  }

  pop(): OpenElement | undefined {
    const element = this.#stack.pop();
    if (!element) return undefined;
    this.#counts.set(element.name, (this.#counts.get(element.name) ?? 1) - 1);
    if (element.skipped) this.#skipped -= 1;
    return element;
  }
}
