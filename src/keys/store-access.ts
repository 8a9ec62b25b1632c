import type { KeyStore } from '../storage/key-store.ts';
import { StorageError } from '../storage/storage-error.ts';
import type { AccessDirectory } from './access-directory.ts';
import type { AuditLine } from './audit.ts';
import { toGatewayError } from './storage-failures.ts';

export interface ManagerPorts {
  readonly store: KeyStore;
  /** All keys, teams, tags and tiers as they are known now. */
  readonly directory: () => AccessDirectory;
  /** Reads what is stored anew, so that the directory knows it. */
  readonly refresh: () => Promise<void>;
  /** Told of each change, without secrets. */
  readonly audit: (line: AuditLine) => void;
}

/** How often a change is tried again that others were faster with, where nobody said which version it is for. */
const mostTries = 5;

/** What is stored at this moment. Rejects with a `GatewayError`. */
export async function readFresh(ports: ManagerPorts): Promise<AccessDirectory> {
  try {
    await ports.refresh();
    return ports.directory();
  } catch (error) {
    throw toGatewayError(error);
  }
}

/**
 * Makes a change, for the state that `work` finds itself; where somebody else was faster and nobody said which version
 * was meant, once more.
 * @param version the one that was meant
 */
export async function writeChange<T>(
  ports: ManagerPorts,
  version: number | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const result = await repeated(version, work);
  // It is stored, whatever comes now: where it cannot be read again, that shows when the storage is looked at next.
  await ports.refresh().catch(() => {});
  return result;
}

async function repeated<T>(version: number | undefined, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const isLate = error instanceof StorageError && error.code === 'conflict';
      if (!isLate || version !== undefined || tries >= mostTries) throw toGatewayError(error);
    }
  }
}
