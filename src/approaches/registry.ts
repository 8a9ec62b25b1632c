import type { Approach } from './approach.ts';
import { single } from './single.ts';

/** All approaches by name. */
export const approaches: ReadonlyMap<string, Approach> = new Map([single].map((approach) => [approach.name, approach]));
