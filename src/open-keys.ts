import type { AccessConfig } from './keys/access-config.ts';
import type { AccessDirectory } from './keys/access-directory.ts';
import type { AuditLine } from './keys/audit.ts';
import type { Binder } from './keys/build-caller.ts';
import { GroupManager } from './keys/group-manager.ts';
import { KeyBook } from './keys/key-book.ts';
import { KeyManager } from './keys/key-manager.ts';
import type { Storage } from './storage/storage.ts';
import type { Log } from './telemetry/log.ts';

/** The keys of a gateway, and those who change them. */
export interface Keys {
  readonly book: KeyBook;
  /** Undefined: there is no storage, so that nothing can be changed but in the file. */
  readonly managers: { readonly keys: KeyManager; readonly groups: GroupManager } | undefined;
}

/** Opens the keys of the file and of the storage. */
export async function openKeys(
  config: AccessConfig,
  { storage, binder, log }: { readonly storage: Storage | undefined; readonly binder: Binder; readonly log: Log },
): Promise<Keys> {
  const book = await KeyBook.open(config, {
    storage,
    binder,
    onChange: tellTakenNames(log),
    onReadable: (readable, error) => {
      if (readable) log.info({}, 'the stored keys can be read again');
      else log.error({ error: String(error) }, 'the stored keys cannot be read; those that are known stay in force');
    },
  });
  if (storage === undefined) return { book, managers: undefined };
  const ports = {
    store: storage.keys,
    directory: () => book.directory,
    refresh: () => book.refresh(),
    audit: (line: AuditLine) => log.info({ audit: line }, 'changed by an admin'),
  };
  return { book, managers: { keys: new KeyManager(ports), groups: new GroupManager(ports) } };
}

/** Warns of stored keys that lost their names to keys of the file; once for each state of it. */
function tellTakenNames(log: Log): (directory: AccessDirectory) => void {
  let said = '';
  return (directory) => {
    const names = directory.keys.filter((key) => directory.isNameTaken(key)).map((key) => key.name);
    const state = names.join('\n');
    if (state === said) return;
    said = state;
    if (names.length === 0) return;
    log.warn({ names: names.slice(0, 20) }, 'stored keys are refused, since keys of headrace.yaml have their names');
  };
}
