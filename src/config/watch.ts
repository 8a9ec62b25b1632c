import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { mapLimited } from './pace.ts';
import { contentOf, type Sources } from './source-files.ts';

const quietMs = 200;
/** Where events never cease, such as those of a file that is written all the time, quiet is not waited for longer. */
const patienceMs = 600;
const lookMs = 2000;
/** How many files are asked for at a time. */
const filesAtOnce = 8;

/**
 * Tells when the configuration's files are others than those that were read last. Folders are watched, never files, and
 * any event is taken as a hint only: after 200 ms of quiet the files are looked at by their paths, so that a link that was
 * exchanged, a rename or a folder that appears later are seen. Every two seconds they are looked at in any case, as some
 * file systems send no events.
 */
export class ConfigWatcher {
  readonly #sources: () => Sources;
  readonly #onChange: () => Promise<unknown>;
  readonly #timer: NodeJS.Timeout;
  #watchers: FSWatcher[] = [];
  #watched = '';
  #quiet: NodeJS.Timeout | undefined;
  /** When the first hint came that has not led to a look. */
  #hintedAt: number | undefined;
  /** Empty: no look was taken yet. */
  #stats = '';
  #looking: Promise<void> | undefined;
  /** Whether to look once more after the look that runs. */
  #again = false;
  #closed = false;

  private constructor(sources: () => Sources, onChange: () => Promise<unknown>) {
    this.#sources = sources;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.#glance(), lookMs);
    this.#timer.unref();
  }

  /**
   * Starts to watch. What has changed since the files were read is found as well.
   * @param sources what was read last; asked at every look
   * @param onChange resolves when the files were read again; nothing is looked at meanwhile
   */
  static async start(sources: () => Sources, onChange: () => Promise<unknown>): Promise<ConfigWatcher> {
    const watcher = new ConfigWatcher(sources, onChange);
    await watcher.#listen();
    watcher.#hint();
    return watcher;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#quiet);
    for (const watcher of this.#watchers) watcher.close();
  }

  /** Watches the folders that are there now. */
  async #listen(): Promise<void> {
    const folders = await findFolders(this.#sources());
    const key = folders.join('\n');
    if (key === this.#watched || this.#closed) return;
    this.#watched = key;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = folders.flatMap((folder) => this.#watchFolder(folder));
  }

  #watchFolder(folder: string): FSWatcher[] {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#hint());
      watcher.on('error', () => watcher.close()); // it is looked at every two seconds all the same
      return [watcher];
    } catch {
      return []; // the same
    }
  }

  #hint(): void {
    const now = performance.now();
    this.#hintedAt ??= now;
    if (now - this.#hintedAt > patienceMs - quietMs) return; // the look that is due is not put off again
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      this.#hintedAt = undefined;
      void this.#look();
    }, quietMs);
    this.#quiet.unref();
  }

  /** A difference that no event has told of is a hint as well, since a file may be half written. */
  async #glance(): Promise<void> {
    if (this.#looking !== undefined) return;
    const stats = await describeFiles(await findFiles(this.#sources()));
    if (stats !== this.#stats && !this.#closed) this.#hint();
  }

  /** One look at a time. */
  async #look(): Promise<void> {
    this.#again = true;
    if (this.#looking !== undefined) return;
    while (this.#again && !this.#closed) {
      this.#again = false;
      this.#looking = this.#compare();
      await this.#looking;
    }
    this.#looking = undefined;
  }

  async #compare(): Promise<void> {
    const files = await findFiles(this.#sources());
    const stats = await describeFiles(files);
    if (stats === this.#stats || this.#closed) return;
    this.#stats = stats;
    await this.#listen();
    const isChanged = await differs(files, this.#sources);
    if (isChanged && !this.#closed) await this.#onChange();
  }
}

/** Whether a file is another than the one that was read last. */
async function differs(files: readonly string[], sources: () => Sources): Promise<boolean> {
  const now = await mapLimited(files, filesAtOnce, contentOf);
  const { contents } = sources();
  return files.some((file, index) => now[index] !== (contents.get(file) ?? 'missing'));
}

/** What was read last, and what could be read now. */
async function findFiles({ configDir, contents }: Sources): Promise<string[]> {
  const backends = join(configDir, 'backends');
  const there = (await listFolder(backends)).map((name) => join(backends, name, 'backend.yaml'));
  return [...new Set([...contents.keys(), ...there])].toSorted();
}

async function findFolders({ configDir, contents }: Sources): Promise<string[]> {
  const backends = join(configDir, 'backends');
  const there = (await listFolder(backends)).map((name) => join(backends, name));
  return [...new Set([configDir, backends, ...[...contents.keys()].map(dirname), ...there])].toSorted();
}

/** Without hidden names, which are no backends. */
async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith('.'));
  } catch {
    return []; // not there, or not now
  }
}

/** What the file system says of the files, through links: cheap, and different when anything was exchanged. */
async function describeFiles(files: readonly string[]): Promise<string> {
  const lines = await mapLimited(files, filesAtOnce, async (file) => {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(file);
      return `${file} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    } catch (error) {
      return `${file} ${(error as { code?: string }).code}`;
    }
  });
  return lines.join('\n');
}
