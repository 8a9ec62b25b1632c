import type { Problem } from './problem.ts';
import { formatPath, type Path, type Place } from './tree.ts';

/** Collects every problem of one run. */
export class Report {
  readonly #files = new Map<string, FileReport>();

  /** The report of one file; problems come out in the order in which files and values were first asked for. */
  file(name: string): FileReport {
    return this.#report(name, true);
  }

  /** The report of a flag or an environment variable, whose problems have no line and column. */
  value(name: string): FileReport {
    return this.#report(name, false);
  }

  #report(name: string, hasPlaces: boolean): FileReport {
    let report = this.#files.get(name);
    if (!report) {
      report = new FileReport(name, hasPlaces);
      this.#files.set(name, report);
    }
    return report;
  }

  /** All problems, file after file, in each by line and column. */
  problems(): Problem[] {
    return [...this.#files.values()].flatMap((file) => file.sorted());
  }

  get failed(): boolean {
    return [...this.#files.values()].some((file) => file.failed);
  }
}

/** The problems of one file, or of one flag or environment variable. */
export class FileReport {
  readonly name: string;
  readonly #hasPlaces: boolean;
  readonly #problems: Problem[] = [];

  constructor(name: string, hasPlaces: boolean) {
    this.name = name;
    this.#hasPlaces = hasPlaces;
  }

  /** Whether there is an error among the problems. */
  get failed(): boolean {
    return this.#problems.some((problem) => problem.severity === 'error');
  }

  error(place: Place | undefined, path: Path, message: string): void {
    this.#add('error', place, path, message);
  }

  warning(place: Place | undefined, path: Path, message: string): void {
    this.#add('warning', place, path, message);
  }

  /** What was found so far, in the order in which it was found. */
  get problems(): readonly Problem[] {
    return [...this.#problems];
  }

  /** Takes over what an earlier run found in the same file. */
  repeat(problems: readonly Problem[]): void {
    this.#problems.push(...problems);
  }

  /** By line and column; what has no place comes first. */
  sorted(): Problem[] {
    return this.#problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  }

  #add(severity: Problem['severity'], place: Place | undefined, path: Path, message: string): void {
    this.#problems.push({
      severity,
      file: this.name,
      ...(place && this.#hasPlaces ? { line: place.line, column: place.column } : {}),
      ...(path.length > 0 ? { path: formatPath(path) } : {}),
      message,
    });
  }
}
