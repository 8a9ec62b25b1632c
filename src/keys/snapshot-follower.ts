import type { KeySnapshot } from '../storage/key-store.ts';
import type { Storage } from '../storage/storage.ts';

/** Well below the second in which a change is to hold everywhere. */
const defaultPollMs = 500;

interface Listeners {
  readonly changed: () => void;
  readonly readable: ((readable: boolean, error: unknown) => void) | undefined;
  readonly pollMs: number | undefined;
}

/** Has what is stored of keys in memory, and notices changes by the storage's revision. While it cannot be read, what is known stays. */
export class SnapshotFollower {
  readonly #storage: Pick<Storage, 'keys' | 'revision'>;
  readonly #listeners: Listeners;
  #snapshot: KeySnapshot | undefined;
  #isReadable = true;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(storage: Pick<Storage, 'keys' | 'revision'>, listeners: Listeners) {
    this.#storage = storage;
    this.#listeners = listeners;
  }

  get snapshot(): KeySnapshot | undefined {
    return this.#snapshot;
  }

  /** Reads for the first time, and then follows; never rejects. */
  async start(): Promise<void> {
    await this.#look();
    this.#schedule();
  }

  /** Reads what is stored when this is called, or later. */
  refresh(): Promise<void> {
    if (this.#running === undefined) return this.#run();
    // One that runs may have read before the change that is to be seen.
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        return this.#run();
      });
    return this.#next;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #run(): Promise<void> {
    this.#running = this.#read().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #read(): Promise<void> {
    const snapshot = await this.#storage.keys.snapshot();
    if (this.#isClosed) return;
    this.#snapshot = snapshot;
    this.#listeners.changed();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(async () => {
      await this.#look();
      this.#schedule();
    }, this.#listeners.pollMs ?? defaultPollMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    try {
      const isKnown = this.#snapshot !== undefined && this.#snapshot.revision === (await this.#storage.revision());
      if (!isKnown) await this.refresh();
      this.#tell(true, undefined);
    } catch (error) {
      this.#tell(false, error);
    }
  }

  #tell(isReadable: boolean, error: unknown): void {
    if (isReadable === this.#isReadable || this.#isClosed) return;
    this.#isReadable = isReadable;
    this.#listeners.readable?.(isReadable, error);
  }
}
