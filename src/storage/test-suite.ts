import { describe } from 'vitest';
import type { Storage } from './storage.ts';
import { testKeys } from './test-suite-keys.ts';
import { testUsage } from './test-suite-usage.ts';

/** One store of one kind, as a suite uses it. */
export interface TestStore {
  /** Opens a new, empty store; it ends with the test. */
  fresh(): Promise<TestPlace>;
}

export interface TestPlace {
  /** Opens it once more, as another process would. */
  open(): Promise<Storage>;
  /** The arguments with which a process of its own opens it, see `test-child.ts`. */
  readonly childArguments: readonly string[];
}

/** What every kind of storage has to hold. */
export function testStorage(kind: string, store: TestStore): void {
  describe(`${kind}: keys`, () => testKeys(store));
  describe(`${kind}: usage`, () => testUsage(store));
}
