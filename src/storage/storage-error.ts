/**
 * - `unavailable`: the store is gone, full, locked or too slow; the same may work later.
 * - `conflict`: somebody else changed it meanwhile; `version` is the present one.
 * - `taken`: the name is used already.
 * - `missing`: there is no such thing.
 * - `refused`: the store will never take this, such as a text that is too long; trying it again is of no use.
 */
export type StorageErrorCode = 'unavailable' | 'conflict' | 'taken' | 'missing' | 'refused';

/** The only error that a storage throws once it is open. Its message never holds a password. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;
  /** With `conflict`: the version that is stored. */
  readonly version: number | undefined;

  constructor(code: StorageErrorCode, message: string, more: { version?: number; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'StorageError';
    this.code = code;
    this.version = more.version;
  }
}
