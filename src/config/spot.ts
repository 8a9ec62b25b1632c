import type { FileReport } from './report.ts';
import type { Path, Place } from './tree.ts';

/** Where something is written, and where what is wrong with it is said. */
export interface Spot {
  readonly report: FileReport;
  readonly place: Place | undefined;
  readonly path: Path;
}

export function errorAt({ report, place, path }: Spot, message: string): void {
  report.error(place, path, message);
}

export function warnAt({ report, place, path }: Spot, message: string): void {
  report.warning(place, path, message);
}
