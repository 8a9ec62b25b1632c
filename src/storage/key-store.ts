import type { Group, KeySecret, VirtualKey } from '../keys/virtual-key.ts';

/** Virtual keys, teams and tags. Each change is one transaction, and the revision grows with it. */
export interface KeyStore {
  /** Everything, of one moment. */
  snapshot(): Promise<KeySnapshot>;
  /**
   * Stores a new key with its secrets as it is given.
   * @throws StorageError `taken` where its name (or id) is used by a stored key already
   */
  create(key: VirtualKey): Promise<void>;
  /**
   * Changes what is named and nothing else; a property that is there and undefined clears it. Counts the version.
   * @param version the one that the change was made for; undefined: whichever is there
   * @returns the key as it is stored now
   * @throws StorageError `conflict` (with the present version), `missing`, or `taken` where the new name is used
   */
  change(id: string, version: number | undefined, change: KeyChange): Promise<VirtualKey>;
  /**
   * Adds a secret that opens the key. Those that are there end at a moment, unless they end earlier; those that are over
   * by then are forgotten. Counts the version.
   * @param oldUntil milliseconds since 1970; now or earlier: the old ones open nothing any more
   * @throws StorageError `conflict`, `missing`
   */
  rotate(id: string, version: number | undefined, secret: KeySecret, oldUntil: number): Promise<VirtualKey>;
  /**
   * @returns whether it was there
   * @throws StorageError `conflict`
   */
  delete(id: string, version?: number): Promise<boolean>;
  /**
   * Makes or replaces a team or a tag. What `version` and `createdAt` say in it is of no account.
   * @param version the one that it replaces, 0: there must be none yet; undefined: whichever is there
   * @returns the group as it is stored now
   * @throws StorageError `conflict` (with the present version, 0 where there is none)
   */
  putGroup(group: Group, version: number | undefined): Promise<Group>;
  /**
   * Keys that name it keep its name.
   * @returns whether it was there
   * @throws StorageError `conflict`
   */
  deleteGroup(kind: Group['kind'], name: string, version?: number): Promise<boolean>;
}

export interface KeySnapshot {
  /** That of `Storage.revision`, at this moment. */
  readonly revision: number;
  /** By name. */
  readonly keys: readonly VirtualKey[];
  /** By name. */
  readonly groups: readonly Group[];
}

/** What of a key can be changed; its id, secrets and times of change cannot. */
export type KeyChange = {
  readonly [Field in ChangeableField]?: VirtualKey[Field];
};

type ChangeableField =
  | 'name'
  | 'owner'
  | 'team'
  | 'tags'
  | 'role'
  | 'models'
  | 'tier'
  | 'limits'
  | 'expiresAt'
  | 'disabledAt';
