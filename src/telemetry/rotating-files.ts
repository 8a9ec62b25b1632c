import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CaptureSettings } from '../config/config.ts';

const flushMs = 250;
const batchBytes = 1024 * 1024;
const flushCharacters = 256 * 1024;
/** More than this is not kept for a disk that is too slow. */
const maximumCharacters = 32 * 1024 * 1024;
/** After a failure nothing is tried for so long. */
const pauseMs = 5000;
const lookMs = 1000;

export interface RotatingFilesOptions extends CaptureSettings {
  /** Told when lines begin to be lost, and why. */
  readonly failed: (why: string) => void;
  /** Told when writing works again, and how many lines were lost. */
  readonly recovered: (lost: number) => void;
}

/**
 * Writes lines to files of a bounded size and number, many lines at once and off the caller's path. Never throws: what
 * cannot be written is lost, which is said once.
 */
export class RotatingFiles {
  readonly #options: RotatingFilesOptions;
  #lines: string[] = [];
  #characters = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #batch: Buffer | undefined;
  #file: { readonly handle: FileHandle; readonly path: string; bytes: number } | undefined;
  #serial = 0;
  #lost = 0;
  #failing = false;
  #pausedUntil = 0;
  #lookedAt = 0;

  constructor(options: RotatingFilesOptions) {
    this.#options = options;
  }

  /** @param line without its end */
  write(line: string): void {
    if (this.#characters + line.length > maximumCharacters) {
      this.#lose(1, 'the disk is too slow');
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters >= flushCharacters) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), flushMs).unref();
  }

  /** Writes out what there is and closes the file. */
  async close(): Promise<void> {
    while (this.#writing !== undefined || this.#lines.length > 0) {
      this.#start();
      await this.#writing;
    }
    clearTimeout(this.#timer);
    await this.#leaveFile();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing !== undefined || this.#lines.length === 0) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#characters >= flushCharacters) this.#start();
      else if (this.#lines.length > 0) this.#timer ??= setTimeout(() => this.#start(), flushMs).unref();
    });
  }

  async #writeAll(): Promise<void> {
    const lines = this.#lines;
    this.#lines = [];
    this.#characters = 0;
    if (performance.now() < this.#pausedUntil) {
      this.#lose(lines.length, 'an earlier failure');
      return;
    }
    let at = 0;
    try {
      await this.#look();
      while (at < lines.length) at += await this.#writeBatch(lines, at);
      this.#recover();
    } catch (error) {
      await this.#leaveFile();
      this.#pausedUntil = performance.now() + pauseMs;
      this.#lose(lines.length - at, error instanceof Error ? error.message : String(error));
    }
  }

  /** Writes as many lines as one batch and the file have room for. Returns how many. */
  async #writeBatch(lines: readonly string[], from: number): Promise<number> {
    this.#batch ??= Buffer.allocUnsafe(batchBytes);
    const file = this.#file ?? (await this.#nextFile());
    let used = 0;
    let at = from;
    let batch = this.#batch;
    for (; at < lines.length; at++) {
      const line = lines[at] as string;
      // A character has at most three bytes in UTF-8, and is hardly ever that long.
      const length = used + line.length * 3 < batch.length ? line.length : Buffer.byteLength(line);
      if (file.bytes + used > 0 && file.bytes + used + length >= this.#options.maxBytes) break;
      if (used + length >= batch.length) {
        if (used > 0) break;
        batch = Buffer.allocUnsafe(length + 1);
      }
      used += batch.write(line, used);
      batch[used++] = 0x0a;
    }
    if (at === from) {
      await this.#leaveFile();
      return 0;
    }
    await writeWhole(file.handle, batch.subarray(0, used));
    file.bytes += used;
    return at - from;
  }

  /** A file that was deleted, or its folder, is not written to any further: nobody would ever see it. */
  async #look(): Promise<void> {
    const now = performance.now();
    if (this.#file === undefined || now - this.#lookedAt < lookMs) return;
    this.#lookedAt = now;
    try {
      await stat(this.#file.path);
    } catch {
      await this.#leaveFile();
    }
  }

  async #nextFile() {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const time = new Date().toISOString().replace(/[-:]/g, '').replace('.', '-');
    const path = join(folder, `capture-${time}-${process.pid}-${String(++this.#serial).padStart(6, '0')}.jsonl`);
    const handle = await open(path, 'ax', 0o600);
    this.#file = { handle, path, bytes: 0 };
    this.#lookedAt = performance.now();
    await this.#prune(path);
    return this.#file;
  }

  /** Deletes the oldest files beyond the allowed number, also those of earlier runs and of other workers. */
  async #prune(current: string): Promise<void> {
    const { folder, maxFiles } = this.#options;
    const names = (await readdir(folder)).filter((name) => /^capture-.*\.jsonl$/.test(name)).toSorted();
    const others = names.map((name) => join(folder, name)).filter((path) => path !== current);
    for (const path of others.slice(0, Math.max(0, names.length - maxFiles))) {
      await unlink(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error; // another worker was faster
      });
    }
  }

  async #leaveFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined); // what it could not write is lost and said already
  }

  #lose(lines: number, why: string): void {
    this.#lost += lines;
    if (this.#failing) return;
    this.#failing = true;
    this.#options.failed(why);
  }

  #recover(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#options.recovered(this.#lost);
    this.#lost = 0;
  }
}

async function writeWhole(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
}
