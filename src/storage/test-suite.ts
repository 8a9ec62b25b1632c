import { describe, test } from 'vitest';
import type { Storage } from './storage.ts';
import { keyTests } from './test-suite-keys.ts';
import { processTests } from './test-suite-processes.ts';
import { usageTests } from './test-suite-usage.ts';

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

/** By what they show. */
export type StorageTests = Readonly<Record<string, (store: TestStore) => Promise<void>>>;

/** What every kind of storage has to hold. */
export function testStorage(kind: string, store: TestStore): void {
  describe.each([
    ['keys', keyTests],
    ['usage', usageTests],
    ['processes', processTests],
  ])(`${kind}: %s`, (_, tests) => {
    for (const [name, run] of Object.entries(tests)) test(name, () => run(store));
  });
}
