import { constants, type FileHandle, open } from 'node:fs/promises';
import { blockBytes } from './capture-batch.ts';

/** What says that a file system, or this kind of memory, cannot be written past the page cache. */
const unsupported: ReadonlySet<string | undefined> = new Set(['EINVAL', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * A file that only grows. What comes in whole blocks goes past the page cache where that can be: the kernel then copies
 * nothing and finds no pages for it, which is half of what writing costs, and pushes nothing out of the cache.
 */
export class CaptureFile {
  readonly path: string;
  /** So many are in it. */
  bytes = 0;
  readonly #handle: FileHandle;
  /** Undefined: not tried yet. */
  #direct: FileHandle | 'unsupported' | undefined;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Creates it, for its owner only; it must not be there. */
  static async create(path: string): Promise<CaptureFile> {
    return new CaptureFile(path, await open(path, 'ax', 0o600));
  }

  /** So many bytes are missing until blocks can be added. */
  get gap(): number {
    return (blockBytes - (this.bytes % blockBytes)) % blockBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    await this.#write(bytes);
    this.bytes += bytes.length;
  }

  /** Appends whole blocks, behind spaces up to where a block begins. */
  async appendBlocks(blocks: Uint8Array): Promise<void> {
    this.#direct ??= await openDirect(this.#handle);
    if (this.#direct === 'unsupported') return this.append(blocks);
    const { gap } = this;
    await this.#write(Buffer.alloc(gap, ' '));
    try {
      await writeAt(this.#direct, blocks, this.bytes + gap);
    } catch (error) {
      if (!unsupported.has((error as NodeJS.ErrnoException).code)) throw error;
      await this.#direct.close();
      this.#direct = 'unsupported';
      await this.undo();
      return this.append(blocks);
    }
    this.bytes += gap + blocks.length;
  }

  /** Takes away what was written beyond `bytes`. */
  async undo(): Promise<void> {
    await this.#handle.truncate(this.bytes);
  }

  async close(): Promise<void> {
    const handles = [this.#handle, this.#direct].filter((handle) => typeof handle === 'object');
    await Promise.all(handles.map((handle) => handle.close()));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
  }
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, place: number): Promise<void> {
  for (let at = 0; at < bytes.length; )
    at += (await handle.write(bytes, at, bytes.length - at, place + at)).bytesWritten;
}

/** Opens a file once more, by its descriptor: its name may be another file's by now. */
async function openDirect(handle: FileHandle): Promise<FileHandle | 'unsupported'> {
  const flag: number | undefined = constants.O_DIRECT; // only Linux has it
  if (flag === undefined) return 'unsupported';
  try {
    return await open(`/proc/self/fd/${handle.fd}`, constants.O_WRONLY | flag);
  } catch {
    return 'unsupported'; // whatever stands in the way does not stand in that of usual writing
  }
}
