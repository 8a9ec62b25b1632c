import type { WebSearchConfig } from '../../config/approaches-config.ts';
import { GatewayError } from '../../gateway-error.ts';
import type { Task } from '../solver.ts';
import { type Fetching, fetchPages } from '../web/fetch-pages.ts';
import type { Page } from '../web/page.ts';
import type { SearchOutcome } from './search-web.ts';

export interface GatheringLimits extends Fetching {
  readonly max_sources: number;
}

/** A round takes half of the places that are left, but never fewer than these, so that later ones have some too. */
const fewestPlaces = 3;
/** Where pages can't be fetched, the next results are taken so often. */
const mostWaves = 2;

/** The sources of one report: pages that were found by searches and really fetched, numbered by their order. */
export class GatheredSources {
  readonly pages: Page[] = [];
  /** Queries whose search worked. */
  readonly searched: string[] = [];
  readonly #config: WebSearchConfig;
  readonly #limits: GatheringLimits;
  readonly #task: Task;
  /** URLs that were asked for or arrived at. */
  readonly #seen = new Set<string>();
  #failure: Extract<SearchOutcome, { found: false }> | undefined;

  constructor(config: WebSearchConfig, limits: GatheringLimits, task: Task) {
    this.#config = config;
    this.#limits = limits;
    this.#task = task;
  }

  /** One round: searches all at once, those that fail left out, and adds what they found as long as there is room. */
  async search(queries: readonly string[]): Promise<void> {
    const room = this.#limits.max_sources - this.pages.length;
    const known = new Set(this.searched.map((query) => query.toLowerCase()));
    const fresh = queries.filter((query) => !known.has(query.toLowerCase()));
    if (room <= 0 || fresh.length === 0) return;
    const found = this.#urlsOf(await this.#searchAll(fresh));
    let places = Math.min(room, Math.max(fewestPlaces, Math.ceil(room / 2)));
    for (let wave = 0; wave < mostWaves && places > 0 && found.length > 0; wave++) {
      places -= await this.#fetch(found.splice(0, places));
    }
  }

  /** @throws GatewayError `upstream_error` where searches were made and none of them ever worked */
  throwIfNoneWorked(): void {
    if (this.searched.length > 0 || this.#failure === undefined) return;
    const { host, why } = this.#failure;
    throw new GatewayError('upstream_error', `no web search worked (${host}: ${why})`);
  }

  async #searchAll(queries: readonly string[]): Promise<SearchOutcome[]> {
    const { searchWeb } = await import('./search-web.ts'); // loaded when somebody searches
    const options = { config: this.#config, count: this.#config.maxResults, timeoutMs: this.#limits.timeout * 1000 };
    const { signal } = this.#task;
    // Where a plan allows one search each second, the second tries come one after the other.
    const outcomes = await Promise.all(
      queries.map((query, at) => searchWeb({ ...options, query, patienceMs: 1000 * (at + 1) }, signal)),
    );
    for (const [at, outcome] of outcomes.entries()) {
      if (outcome.found) this.searched.push(queries[at] as string);
      else this.#failure = outcome;
    }
    return outcomes;
  }

  /** The best of each search first; none that was seen before. */
  #urlsOf(outcomes: readonly SearchOutcome[]): string[] {
    const lists = outcomes.map((outcome) => (outcome.found ? outcome.results : []));
    const longest = Math.max(0, ...lists.map((list) => list.length));
    const byRank = Array.from({ length: longest }, (_, rank) => lists.flatMap((list) => list[rank]?.url ?? [])).flat();
    return [...new Set(byRank)].filter((url) => !this.#seen.has(url));
  }

  /** @returns how many sources came of it */
  async #fetch(urls: readonly string[]): Promise<number> {
    for (const url of urls) this.#seen.add(url);
    const before = this.pages.length;
    for (const [at, outcome] of (await fetchPages(urls, this.#limits, this.#task)).entries()) {
      if (!outcome.fetched || this.pages.some(({ url }) => url === outcome.url)) continue;
      if (outcome.url !== urls[at]) this.#seen.add(outcome.url);
      this.pages.push(outcome);
    }
    return this.pages.length - before;
  }
}
