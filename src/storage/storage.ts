/** What outlives a restart. Implementations: `sqlite-storage.ts`. */
export interface Storage {
  /** Names of deleted packages that their files still name, such as `backend:model`. */
  deletedPackages(): string[];
  /** Holds from when this returns. */
  addDeletedPackage(name: string, by: string): void;
  forgetDeletedPackages(names: readonly string[]): void;
  close(): void;
}
