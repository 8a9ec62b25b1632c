/** How much of a failure is printed; the output of a whole command may be part of it. */
const linesOfFailure = 30;

/** Prints one line per step and counts. */
export class Report {
  #passed = 0;
  #failed = 0;

  get failed(): number {
    return this.#failed;
  }

  say(text: string): void {
    console.log(text);
  }

  /** Runs one step; an error makes it a failed one and the run goes on. */
  async step(name: string, check: () => Promise<void>): Promise<void> {
    const start = Date.now();
    try {
      await check();
      this.#passed += 1;
      this.say(`ok    ${name} (${Date.now() - start} ms)`);
    } catch (error) {
      this.#failed += 1;
      const lines = describe(error).trim().split('\n');
      this.say(`FAIL  ${name}: ${lines.slice(0, linesOfFailure).join('\n      ')}`);
    }
  }

  /** The closing line. */
  close(): void {
    this.say(`${this.#passed} passed, ${this.#failed} failed`);
  }
}

/** The message, and those of what caused it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
