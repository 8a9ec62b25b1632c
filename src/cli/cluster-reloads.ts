import type { ConfigLoader } from '../config/config-loader.ts';
import { isSameContent, type Sources } from '../config/source-files.ts';
import { ReloadQueue, type ReloadRequest } from '../reload-queue.ts';
import type { Answer, Question } from './cluster-messages.ts';
import type { GoodConfig } from './load.ts';

/** The files of the configuration, and what they said first. */
export interface ConfigFiles {
  readonly first: GoodConfig;
  readonly loader: ConfigLoader;
}

/**
 * The reloads of all workers, one after another. The primary process reads the files before it tells the workers to, so
 * that what changes later is a change that it sees.
 */
export class ClusterReloads {
  readonly #loader: ConfigLoader;
  readonly #askAll: (question: Question) => Promise<readonly Answer[]>;
  readonly #queue = new ReloadQueue<readonly Answer[]>((request) => this.#work(request));
  #sources: Sources;

  constructor(files: ConfigFiles, askAll: (question: Question) => Promise<readonly Answer[]>) {
    this.#loader = files.loader;
    this.#sources = files.first.sources;
    this.#askAll = askAll;
  }

  /** What this process has read last. */
  get sources(): Sources {
    return this.#sources;
  }

  /** @returns how it went, in each worker; never rejects */
  reload(why: string): Promise<readonly Answer[]> {
    return this.#queue.ask({ why, moment: 0, momentIfChanged: 0 });
  }

  /** The same where a file is another than it was when it was read last; else nothing. */
  refresh(why: string): Promise<readonly Answer[]> {
    return this.#queue.ask({ why, moment: undefined, momentIfChanged: 0 });
  }

  async #work({ why, moment }: ReloadRequest): Promise<readonly Answer[]> {
    const isChanged = await this.#read();
    return moment !== undefined || isChanged ? this.#askAll({ what: 'reload', why }) : [];
  }

  /** Whether a file is another than it was. What cannot be read at all is for the workers to complain of. */
  async #read(): Promise<boolean> {
    const earlier = this.#sources;
    try {
      this.#sources = (await this.#loader.load()).sources;
    } catch {
      return true;
    }
    return !isSameContent(earlier, this.#sources);
  }
}
