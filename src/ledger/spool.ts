import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { UsageBatch, UsageEntry } from './usage-entry.ts';

/** A batch that lies in the spool. */
export interface SpooledBatch {
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
}

/** There is no room for more. */
export class SpoolFullError extends Error {}

const namePattern = /^([0-9a-z]{9}-.+)-(\d+)\.ndjson$/;
/** Something that was being written when its process died. */
const abandonedMs = 3_600_000;

/**
 * Batches on disk that the store could not take, a file each: first a line with what they are, then a line per call. A
 * file is whole and durable when it has its name, and never changes then, so that whichever process delivers it may do
 * so without asking the others: a batch that is delivered twice counts once.
 */
export class Spool {
  readonly #folder: string;
  readonly #mostBytes: number;
  #bytes = 0;
  #isMade = false;

  /** @param mostBytes of all files together that this process has put there or taken over */
  constructor(folder: string, mostBytes: number) {
    this.#folder = folder;
    this.#mostBytes = mostBytes;
  }

  /** What it holds. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes over what earlier processes have left, the oldest first.
   * @throws Error where the folder cannot be read
   */
  async inherit(): Promise<readonly SpooledBatch[]> {
    const found: SpooledBatch[] = [];
    for (const name of (await this.#names()).sort()) {
      const path = join(this.#folder, name);
      const rows = namePattern.exec(name)?.[2];
      const bytes = await sizeOf(path);
      if (rows === undefined) await this.#removeAbandoned(path);
      else if (bytes !== undefined) found.push({ path, bytes, rows: Number(rows) });
    }
    for (const { bytes } of found) this.#bytes += bytes;
    return found;
  }

  /**
   * Resolves when it is durable.
   * @throws SpoolFullError
   * @throws Error where it cannot be written
   */
  async put(batch: UsageBatch): Promise<SpooledBatch> {
    const text = Buffer.from(toLines(batch));
    if (this.#bytes + text.length > this.#mostBytes) {
      throw new SpoolFullError(`it may hold ${this.#mostBytes} bytes`);
    }
    this.#bytes += text.length;
    const order = batch.at.toString(36).padStart(9, '0');
    const path = join(this.#folder, `${order}-${batch.id}-${batch.entries.length}.ndjson`);
    try {
      await this.#make();
      await writeDurably(path, text);
    } catch (error) {
      this.#bytes -= text.length;
      this.#isMade = false;
      // The first error tells what is wrong.
      await Promise.allSettled([rm(`${path}.tmp`, { force: true }), rm(path, { force: true })]);
      throw error;
    }
    return { path, bytes: text.length, rows: batch.entries.length };
  }

  /**
   * @returns undefined: it is gone, since another process has delivered it
   * @throws Error where it cannot be read, or is damaged
   */
  async read({ path }: SpooledBatch): Promise<UsageBatch | undefined> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    return fromLines(text);
  }

  /** It was delivered. */
  async remove({ path, bytes }: SpooledBatch): Promise<void> {
    this.#bytes -= bytes;
    await rm(path, { force: true });
  }

  /** Puts a damaged one aside, for people to look at. @returns where it is now */
  async setAside({ path, bytes }: SpooledBatch): Promise<string> {
    this.#bytes -= bytes;
    await rename(path, `${path}.damaged`);
    return `${basename(path)}.damaged`;
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  async #make(): Promise<void> {
    if (this.#isMade) return;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    this.#isMade = true;
  }

  async #removeAbandoned(path: string): Promise<void> {
    if (!path.endsWith('.tmp')) return;
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > abandonedMs) await rm(path, { force: true });
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined; // another process has just delivered it
  }
}

/** Under another name first, so that no half of a file is ever taken for a whole. */
async function writeDurably(path: string, text: Buffer): Promise<void> {
  const file = await open(`${path}.tmp`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  const folder = await open(join(path, '..'), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function toLines({ id, at, entries, counters }: UsageBatch): string {
  const lines = [JSON.stringify({ id, at, rows: entries.length, counters })];
  for (const entry of entries) lines.push(JSON.stringify(entry));
  return `${lines.join('\n')}\n`;
}

function fromLines(text: string): UsageBatch {
  const [head = '', ...lines] = text.split('\n');
  const { id, at, rows, counters } = JSON.parse(head) as Omit<UsageBatch, 'entries'> & { rows: number };
  const entries = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as UsageEntry);
  if (entries.length !== rows) throw new Error(`it has ${entries.length} of ${rows} calls`);
  return { id, at, entries, counters };
}
