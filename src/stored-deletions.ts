import type { Deletions } from './config/deletions.ts';
import type { Reloader } from './reloader.ts';
import type { Storage } from './storage/storage.ts';
import type { Log } from './telemetry/log.ts';

/** How soon what another machine deleted is gone here. */
const followEveryMs = 500;

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

/**
 * Says when the storage goes and comes, and makes up for what was missed; from one that is shared by several machines,
 * takes over what is deleted on another.
 * @returns ends it
 */
export function followStorage(storage: Storage | undefined, reloader: Reloader, log: Log): () => void {
  if (storage === undefined) return () => undefined;
  const unlisten = storage.onHealth(({ ok, error }) => {
    if (!ok) log.error({ error }, 'the storage is gone; serving goes on with what is known');
    else log.info({}, 'the storage is there again');
    if (ok) void reloader.recallDeleted();
  });
  const timer =
    storage.kind === 'postgres' ? setInterval(() => void follow(storage, reloader), followEveryMs) : undefined;
  timer?.unref();
  return () => {
    clearInterval(timer);
    unlisten();
  };
}

async function follow({ packages, health }: Storage, reloader: Reloader): Promise<void> {
  if (!health.ok) return;
  try {
    const known = reloader.deletions.models;
    if ((await packages.deleted()).some((name) => !known.has(name))) await reloader.recallDeleted();
  } catch {
    // The storage tells its listeners that it is gone, and when it is back.
  }
}
