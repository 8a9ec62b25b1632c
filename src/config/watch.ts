import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const quietMs = 200;
/** Where events never cease, such as those of a file that is written all the time, quiet is not waited for longer. */
const patienceMs = 600;
const lookMs = 2000;

export interface WatchedPaths {
  /** The folder of `headrace.yaml` and `backends`, absolute; it need not exist. */
  readonly configDir: string;
  /** The connectors file, absolute; it need not exist. */
  readonly connectorsFile: string;
}

/**
 * Tells when the content of the configuration's files has changed. Folders are watched, never files, and any event is
 * taken as a hint only: after 200 ms of quiet the files are looked at by their paths, so that a link that was exchanged,
 * a rename or a folder that appears later are seen. Every two seconds they are looked at in any case, as some file
 * systems send no events.
 */
export class ConfigWatcher {
  readonly #paths: () => WatchedPaths;
  readonly #onChange: () => void;
  readonly #timer: NodeJS.Timeout;
  #watchers: FSWatcher[] = [];
  #watched = '';
  #quiet: NodeJS.Timeout | undefined;
  /** When the first hint came that has not led to a look. */
  #hintedAt: number | undefined;
  #stats = '';
  #content = '';
  #looking: Promise<void> | undefined;
  #closed = false;

  private constructor(paths: () => WatchedPaths, onChange: () => void) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.#glance(), lookMs);
    this.#timer.unref();
  }

  /**
   * Starts to watch; what is there now is what changes are held against.
   * @param paths asked at every look, since they may be a part of the configuration
   */
  static async start(paths: () => WatchedPaths, onChange: () => void): Promise<ConfigWatcher> {
    const watcher = new ConfigWatcher(paths, onChange);
    const files = await findFiles(paths());
    watcher.#stats = await describeFiles(files);
    watcher.#content = await hashFiles(files);
    await watcher.#listen();
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
    const folders = await findFolders(this.#paths());
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
    const stats = await describeFiles(await findFiles(this.#paths()));
    if (stats !== this.#stats && !this.#closed) this.#hint();
  }

  /** One look at a time; a hint that comes meanwhile is followed by another look within two seconds. */
  #look(): Promise<void> {
    this.#looking ??= this.#compare().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #compare(): Promise<void> {
    const files = await findFiles(this.#paths());
    const stats = await describeFiles(files);
    if (stats === this.#stats || this.#closed) return;
    this.#stats = stats;
    await this.#listen();
    const content = await hashFiles(files);
    if (content === this.#content || this.#closed) return;
    this.#content = content;
    this.#onChange();
  }
}

async function findFiles({ configDir, connectorsFile }: WatchedPaths): Promise<string[]> {
  const backends = join(configDir, 'backends');
  const names = (await listFolder(backends)).toSorted();
  // Also connectors files that `headrace.yaml` names but that were not there when it was read.
  const tables = (await listFolder(configDir)).filter((name) => name.endsWith('.toml')).toSorted();
  return [
    connectorsFile,
    join(configDir, 'headrace.yaml'),
    ...tables.map((name) => join(configDir, name)),
    ...names.map((name) => join(backends, name, 'backend.yaml')),
  ];
}

async function findFolders({ configDir, connectorsFile }: WatchedPaths): Promise<string[]> {
  const backends = join(configDir, 'backends');
  const names = (await listFolder(backends)).toSorted();
  const folders = [configDir, dirname(connectorsFile), backends, ...names.map((name) => join(backends, name))];
  return [...new Set(folders)];
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // not there, or not now
  }
}

/** What the file system says of the files, through links: cheap, and different when anything was exchanged. */
async function describeFiles(files: readonly string[]): Promise<string> {
  const lines = await Promise.all(
    files.map(async (file) => {
      try {
        const { ino, size, mtimeMs, ctimeMs } = await stat(file);
        return `${file} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
      } catch (error) {
        return `${file} ${(error as { code?: string }).code}`;
      }
    }),
  );
  return lines.join('\n');
}

async function hashFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${file}\n`);
    try {
      hash.update(await readFile(file));
    } catch (error) {
      hash.update(String((error as { code?: string }).code));
    }
  }
  return hash.digest('hex');
}
