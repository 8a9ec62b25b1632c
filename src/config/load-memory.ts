import { Pace } from './pace.ts';
import type { Problem } from './problem.ts';
import type { FileReport } from './report.ts';

/** What came of a file's bytes. */
interface Remembered {
  /** Of the bytes, and of all else that the result depends on. */
  readonly key: string;
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/**
 * What a later run over the same configuration, with the same environment, need not do again: a file whose bytes are the
 * same is neither parsed nor checked twice. It holds the files of the last run only. One run at a time.
 */
export class LoadMemory {
  #files = new Map<string, Remembered>();
  #next = new Map<string, Remembered>();
  #runs = 0;
  #pace = Pace.none;

  /** Begins a run. The first one is to be done soon; those that follow leave room for other work. */
  begin(): void {
    this.#next = new Map();
    this.#runs++;
    this.#pace = this.isFirst ? Pace.none : new Pace();
  }

  /** Ends a run: files that it has not met are forgotten. */
  end(): void {
    this.#files = this.#next;
  }

  /** Whether this is the first run, while nothing else is to be done. */
  get isFirst(): boolean {
    return this.#runs === 1;
  }

  get pace(): Pace {
    return this.#pace;
  }

  /**
   * What came of a file, or what comes of it now.
   * @param key of the bytes, and of all else that the result depends on but the environment
   * @param work fills the report; `isLasting` false where it looked at more than the bytes, and so has to look again
   */
  async recall<T>(
    path: string,
    key: string,
    report: FileReport,
    work: () => Promise<{ readonly value: T; readonly isLasting: boolean }>,
  ): Promise<T> {
    const known = this.#files.get(path);
    if (known?.key === key) {
      this.#next.set(path, known);
      report.repeat(known.problems);
      return known.value as T;
    }
    await this.#pace.turn();
    const earlier = report.problems.length;
    const { value, isLasting } = await work();
    if (isLasting) this.#next.set(path, { key, value, problems: report.problems.slice(earlier) });
    return value;
  }
}
