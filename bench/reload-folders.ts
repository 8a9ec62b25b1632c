import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ConfigSize {
  readonly backends: number;
  /** Per backend; at least 1. */
  readonly models: number;
}

export type Change = (folders: ReloadFolders, turn: number) => void;

/** What changes before a reload, in the words of the tables. */
export const changes: Readonly<Record<string, Change>> = {
  'nothing changed': () => {},
  'one file changed': (folders, turn) => folders.changeOne(turn),
  'every file changed': (folders, turn) => folders.changeAll(turn),
};

/** A configuration folder with many backends, in two generations of which a link shows one: all files change at once. */
export class ReloadFolders {
  /** The configuration's folder. */
  readonly folder: string;
  readonly #work: string;
  readonly #size: ConfigSize;
  readonly #upstreamPort: number;

  constructor(work: string, size: ConfigSize, upstreamPort: number) {
    this.#work = work;
    this.#size = size;
    this.#upstreamPort = upstreamPort;
    this.folder = join(work, 'config');
    for (const generation of ['first', 'second']) {
      for (let index = 0; index < size.backends; index++) {
        this.#write(join(work, generation), index, `only-${generation}`);
      }
    }
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, 'headrace.yaml'), 'default_backend: backend-0\n');
    this.#pointTo('first');
  }

  changeOne(turn: number): void {
    this.#write(join(this.folder, 'backends'), this.#size.backends - 1, `extra-${turn % 2}`);
  }

  changeAll(turn: number): void {
    this.#pointTo(turn % 2 === 0 ? 'second' : 'first');
  }

  #pointTo(generation: string): void {
    symlinkSync(join(this.#work, generation), join(this.folder, 'next'));
    renameSync(join(this.folder, 'next'), join(this.folder, 'backends'));
  }

  #write(parent: string, index: number, extra: string): void {
    const names = Array.from({ length: this.#size.models - 1 }, (_, i) => `model-${i}`);
    const models = [...names, extra].map(
      (name) => `  ${name}:\n    limits: {context_window: 128000, max_output_tokens: 4096}\n`,
    );
    const folder = join(parent, `backend-${index}`);
    mkdirSync(folder, { recursive: true });
    const head = `backend_type: custom\napi_base_url: http://127.0.0.1:${this.#upstreamPort}/v1\nauth_type: none\n`;
    writeFileSync(join(folder, 'backend.yaml'), `${head}models:\n${models.join('')}`);
  }
}
