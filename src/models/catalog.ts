import type { Backend } from '../backends/backend.ts';
import type { Caller } from '../types/caller.ts';
import type { Directory, ModelListing } from './directory.ts';

const askTimeoutMs = 2000;
const keepMs = 60_000;
const keepFailureMs = 5000;

interface Asked {
  readonly models: Promise<readonly string[]>;
  staleAt: number;
}

/** The list of models, with what those backends say that declare none themselves. */
export class Catalog {
  readonly #directory: Directory;
  readonly #asked = new Map<Backend, Asked>();

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** Every public name that this caller may use, once. A backend that does not answer in time is left out. */
  async list(caller: Caller): Promise<ModelListing[]> {
    const found = this.#directory.listings();
    const backends = this.#directory.undeclaredBackends();
    const lists = await Promise.all(backends.map((backend) => this.#ask(backend)));
    const seen = new Set(found.map((listing) => listing.id));
    backends.forEach((backend, i) => {
      const { name } = backend.config;
      for (const model of lists[i] ?? []) {
        const id = `${name}:${model}`;
        if (seen.has(id) || this.#directory.isDeleted(id)) continue;
        seen.add(id);
        found.push({ id, ownedBy: name, contextWindow: undefined, maxOutputTokens: undefined });
      }
    });
    return found.filter((listing) => this.#directory.isListedFor(listing.id, caller.models));
  }

  /** The model of a public name, listed or bare, as far as this caller may use it. */
  async find(name: string, caller: Caller): Promise<ModelListing | undefined> {
    const id = this.#directory.listedName(name) ?? name;
    return (await this.list(caller)).find((listing) => listing.id === id);
  }

  #ask(backend: Backend): Promise<readonly string[]> {
    const known = this.#asked.get(backend);
    if (known !== undefined && performance.now() < known.staleAt) return known.models;
    const asked: Asked = {
      staleAt: performance.now() + keepMs,
      models: backend.listModels(askTimeoutMs).catch(() => {
        asked.staleAt = performance.now() + keepFailureMs;
        return []; // a dead backend has no models to offer now; calls to it say why
      }),
    };
    this.#asked.set(backend, asked);
    return asked.models;
  }
}
