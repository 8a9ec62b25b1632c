import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes an empty folder that only this user can look into. */
export function makeFreshFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'headrace-code-'));
}

/** Removes a folder with all that is in it, also where whoever wrote it has taken away its permissions. */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch {
    await open(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Gives the permissions back that removing needs; links are not followed. */
async function open(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) {
    if (entry.isDirectory()) await open(join(folder, entry.name));
  }
}
