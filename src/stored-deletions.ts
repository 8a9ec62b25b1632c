import type { Deletions } from './config/deletions.ts';
import type { Reloader } from './reloader.ts';
import type { Storage } from './storage/storage.ts';
import type { Log } from './telemetry/log.ts';

/** What is deleted, with what the storage knows of it. Where that cannot be asked, `followStorage` brings the rest. */
export async function withStored(earlier: Deletions, storage: Storage | undefined, log: Log): Promise<Deletions> {
  if (storage === undefined) return earlier;
  try {
    return { ...earlier, models: new Set([...earlier.models, ...(await storage.packages.deleted())]) };
  } catch (error) {
    const message = 'which packages are deleted is not known before the storage is there';
    log.error({ error: String(error) }, message);
    return earlier;
  }
}

/** Says when the storage goes and comes, and makes up for what was missed. */
export function followStorage(storage: Storage | undefined, reloader: Reloader, log: Log): void {
  storage?.onHealth(({ ok, error }) => {
    if (!ok) log.error({ error }, 'the storage is gone; serving goes on with what is known');
    else log.info({}, 'the storage is there again');
    if (ok) void reloader.recallDeleted();
  });
}
