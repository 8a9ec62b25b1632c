import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { CaptureSettings } from '../config/config.ts';
import { BatchPool } from './batch-pool.ts';
import type { LineBatch } from './capture-batch.ts';
import { CaptureFile } from './capture-file.ts';
import type { Room } from './json-writer.ts';
import { Losses, type LossesOptions } from './losses.ts';

const flushMs = 250;
/** With less room than this, a batch is full. */
const leastRoom = 16 * 1024;
/** So much is written at once, or more of it where the write before took long. */
const flushBytes = 256 * 1024;
/** More than this is not kept for a disk that is too slow. */
const maximumBytes = 32 * 1024 * 1024;
/** After a failure nothing is tried for so long. */
const pauseMs = 5000;
const lookMs = 1000;

/** Of all files of this process, since there is one folder to write to but for a moment. */
const pool = new BatchPool();

/** Told when lines begin to be lost, and when writing works again and how many were lost. */
export interface RotatingFilesOptions extends CaptureSettings, LossesOptions {}

/**
 * Writes lines to files of a bounded size and number, many lines at once and off the caller's path. Never throws: what
 * cannot be written is lost, which is said once.
 */
export class RotatingFiles {
  readonly #options: RotatingFilesOptions;
  readonly #losses: Losses;
  /** What waits, the oldest first; lines are added to the last one. */
  #batches: LineBatch[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #file: CaptureFile | undefined;
  #serial = 0;
  #pausedUntil = 0;
  #lookedAt = 0;

  constructor(options: RotatingFilesOptions) {
    this.#options = options;
    this.#losses = new Losses(options);
  }

  /** Where the next line can be put together, so that it need not be copied. */
  room(): Room {
    const last = this.#batches.at(-1);
    return last?.fits(leastRoom) ? last : this.#nextBatch(leastRoom);
  }

  /** @param line without its end; it is copied if it does not stand in `room` */
  write(line: Uint8Array): void {
    if (this.#bytes + line.length > maximumBytes) {
      this.#losses.lose(1, 'the disk is too slow');
      return;
    }
    if (this.#batches.at(-1)?.add(line) !== true) this.#nextBatch(line.length).add(line);
    this.#bytes += line.length;
    if (this.#bytes >= flushBytes) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), flushMs).unref();
  }

  /** Writes out what there is and closes the file. */
  async close(): Promise<void> {
    while (this.#writing !== undefined || this.#batches.length > 0) {
      this.#start();
      await this.#writing;
    }
    clearTimeout(this.#timer);
    await this.#leaveFile();
  }

  #nextBatch(bytes: number): LineBatch {
    const batch = pool.take(bytes);
    this.#batches.push(batch);
    return batch;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#writing !== undefined || this.#batches.length === 0) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#bytes >= flushBytes) this.#start();
      else if (this.#batches.length > 0) this.#timer ??= setTimeout(() => this.#start(), flushMs).unref();
    });
  }

  async #writeAll(): Promise<void> {
    const batches = this.#batches;
    this.#batches = [];
    this.#bytes = 0;
    let failure = performance.now() < this.#pausedUntil ? 'an earlier failure' : undefined;
    for (const batch of batches) {
      failure ??= await this.#writeBatch(batch);
      if (failure !== undefined) this.#losses.lose(batch.lines, failure);
      pool.give(batch);
    }
    if (failure === undefined) this.#losses.recover();
  }

  /** Returns why it could not be written; what the batch then still holds is lost. */
  async #writeBatch(batch: LineBatch): Promise<string | undefined> {
    try {
      await this.#look();
      while (batch.lines > 0) await this.#writeLines(batch);
      return undefined;
    } catch (error) {
      await this.#giveUpFile();
      this.#pausedUntil = performance.now() + pauseMs;
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Writes as many lines as the file has room for. */
  async #writeLines(batch: LineBatch): Promise<void> {
    const file = this.#file ?? (await this.#nextFile());
    const room = this.#options.maxBytes - file.bytes;
    const blocks = batch.blocks(room - file.gap);
    if (blocks !== undefined) await file.appendBlocks(blocks);
    else {
      const lines = batch.next(room, file.bytes === 0);
      if (lines.length === 0) return this.#leaveFile();
      await file.append(lines);
    }
    batch.written();
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
    this.#file = await CaptureFile.create(path);
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

  /** What a full disk took of a line is removed, and so is a file that took nothing: it would push out an older one. */
  async #giveUpFile(): Promise<void> {
    const file = this.#file;
    try {
      if (file?.bytes === 0) await unlink(file.path);
      else await file?.undo();
    } catch {
      // It is gone, or cannot be reached; why nothing is written is said by the caller.
    }
    await this.#leaveFile();
  }

  async #leaveFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined); // what it could not write is lost and said already
  }
}
