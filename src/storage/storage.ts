import type { KeyStore } from './key-store.ts';
import type { UsageRecords } from './usage-records.ts';

/**
 * What outlives a restart. Every call has a deadline (2 seconds; those of pages and pruning longer) and fails with a
 * `StorageError` and nothing else. What a call stored holds from when its promise is fulfilled.
 * Implementations: `sqlite-storage.ts`, `postgres-storage.ts`; opened by `open-storage.ts`.
 */
export interface Storage {
  readonly kind: 'sqlite' | 'postgres';
  readonly packages: PackageStore;
  readonly keys: KeyStore;
  readonly usage: UsageRecords;
  readonly strategies: StrategyStore;
  /** Grows with each change of keys and groups, in whichever process. Cheap: it is asked several times a second. */
  revision(): Promise<number>;
  /** How it stands now. */
  readonly health: StorageHealth;
  /** Tells of every change of `health.ok`. @returns ends it */
  onHealth(listener: (health: StorageHealth) => void): () => void;
  /** Waits for what runs; once more does nothing. */
  close(): Promise<void>;
}

/** While it is not `ok`, calls fail at once with `unavailable`, or after their deadline. It comes back by itself. */
export interface StorageHealth {
  readonly ok: boolean;
  /** Whether it was ok at any time since the start; while not, nothing is known of what is stored. */
  readonly wasOk: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Why not; without secrets. */
  readonly error: string | undefined;
}

export interface PackageStore {
  /** Names of deleted packages that their files still name, such as `backend:model`. */
  deleted(): Promise<readonly string[]>;
  addDeleted(name: string, by: string): Promise<void>;
  forgetDeleted(names: readonly string[]): Promise<void>;
}

/** What was learned, apart for each caller and each type of question. */
export interface StrategyStore {
  /** In the order in which they were saved. */
  load(caller: string, type: string): Promise<readonly StoredStrategy[]>;
  /** In place of all that were there; none: forgets the list. */
  save(caller: string, type: string, strategies: readonly StoredStrategy[]): Promise<void>;
  /**
   * Changes a list, also while other processes do; nothing of what they write is lost.
   * @param change of the list as it is by then; asked again where somebody else was faster
   */
  change(
    caller: string,
    type: string,
    change: (strategies: readonly StoredStrategy[]) => readonly StoredStrategy[],
  ): Promise<void>;
}

export interface StoredStrategy {
  readonly id: string;
  readonly text: string;
  readonly uses: number;
  readonly helped: number;
  readonly refinedAt: number;
}
