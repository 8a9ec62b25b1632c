import type { BackendConfig } from '../config/backend-config.ts';
import { fingerprint } from '../config/fingerprint.ts';
import type { RouteConfig } from '../config/route-config.ts';
import { RecentMap } from '../recent-map.ts';
import type { Breaker } from './breaker.ts';
import { CandidateHealth } from './candidate-health.ts';
import { FairSlots } from './fair-slots.ts';
import { HedgeAllowance } from './hedge-allowance.ts';
import { KeyPool } from './key-pool.ts';
import type { AdjustableSlots, Slots, SlotsSource } from './slots.ts';

/** Of candidates; also of backends and of routes, which only reloads make more of. Well above any configuration. */
const most = 100_000;

export interface HealthRegistryOptions {
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number;
  /** Where the places of backends come from; this process where nothing is said. */
  readonly slots?: SlotsSource;
}

/** Those models of a backend of which something is known. */
type Models = Map<string, CandidateHealth>;

/** What belongs to one backend, found once for each of its configurations. */
interface BackendHealth {
  readonly models: Models;
  readonly keys: KeyPool;
  readonly slots: Slots | undefined;
}

/** Keys with what tells whether a configuration has the same. */
interface KnownKeys {
  readonly print: string;
  readonly pool: KeyPool;
}

interface KnownAllowance {
  readonly allowance: HedgeAllowance | undefined;
}

/**
 * What is known of how backends fare. It outlives configurations: what has not changed in a new one keeps its state.
 * Bounded, since clients make up names of models.
 */
export class HealthRegistry {
  readonly #now: () => number;
  readonly #source: SlotsSource;
  readonly #known = new WeakMap<BackendConfig, BackendHealth>();
  readonly #backends = new RecentMap<string, Models>(most);
  /** Where each candidate stands, by how recently it was asked for. */
  readonly #places = new RecentMap<CandidateHealth, { readonly models: Models; readonly model: string }>(most);
  readonly #keys = new RecentMap<string, KnownKeys>(most);
  readonly #slots = new RecentMap<string, AdjustableSlots>(most);
  readonly #ofRoute = new WeakMap<RouteConfig, KnownAllowance>();
  readonly #allowances = new RecentMap<string, KnownAllowance>(most);

  constructor({ now = () => performance.now(), slots = local }: HealthRegistryOptions = {}) {
    this.#now = now;
    this.#source = slots;
  }

  /** The same for the same model of a backend of the same name, base URL and breaker settings. */
  candidate(backend: BackendConfig, model: string): CandidateHealth {
    const { models } = this.#of(backend);
    const known = models.get(model);
    if (known !== undefined && this.#places.get(known) !== undefined) return known;
    const health = known ?? new CandidateHealth(backend.breaker, this.#now);
    models.set(model, health);
    const dropped = this.#places.set(health, { models, model });
    dropped?.models.delete(dropped.model);
    return health;
  }

  /** The same as long as all of the backend's keys are; of the keys that stay, what is known stays too. */
  keys(backend: BackendConfig): KeyPool {
    return this.#of(backend).keys;
  }

  /** Undefined: they are unlimited. */
  slots(backend: BackendConfig): Slots | undefined {
    return this.#of(backend).slots;
  }

  /**
   * The same for a route of the same name and settings. Where nothing is said of hedging, each call of a race may go to
   * all of its candidates. Undefined: it makes no extra calls.
   */
  allowance(route: RouteConfig): HedgeAllowance | undefined {
    let known = this.#ofRoute.get(route);
    if (known === undefined) {
      const maxExtra = maxExtraOf(route);
      const identity = fingerprint([route.name, maxExtra]);
      known = this.#allowances.get(identity) ?? { allowance: maxExtra > 0 ? new HedgeAllowance(maxExtra) : undefined };
      this.#allowances.set(identity, known);
      this.#ofRoute.set(route, known);
    }
    return known.allowance;
  }

  /** How many models of backends are trusted, left alone or to be probed. */
  breakerStates(): Record<Breaker['state'], number> {
    const states = { closed: 0, open: 0, 'half-open': 0 };
    for (const { breaker } of this.#places.keys()) states[breaker.state]++;
    return states;
  }

  #of(backend: BackendConfig): BackendHealth {
    let known = this.#known.get(backend);
    if (known === undefined) {
      known = { models: this.#modelsOf(backend), keys: this.#keysOf(backend), slots: this.#slotsOf(backend) };
      this.#known.set(backend, known);
    }
    return known;
  }

  #modelsOf(backend: BackendConfig): Models {
    const identity = fingerprint([nameOf(backend), backend.baseUrl, backend.breaker]);
    const models = this.#backends.get(identity) ?? new Map<string, CandidateHealth>();
    this.#backends.set(identity, models);
    return models;
  }

  #keysOf(backend: BackendConfig): KeyPool {
    const identity = fingerprint([nameOf(backend), backend.baseUrl]);
    const print = fingerprint(backend.keys);
    const known = this.#keys.get(identity);
    if (known?.print === print) return known.pool;
    const pool = known?.pool.reconfigured(backend.keys) ?? new KeyPool(backend.keys, this.#now, nameOf(backend));
    this.#keys.set(identity, { print, pool });
    return pool;
  }

  #slotsOf(backend: BackendConfig): Slots | undefined {
    const name = nameOf(backend);
    const { concurrency } = backend;
    const known = this.#slots.get(name);
    known?.reconfigure(concurrency);
    if (concurrency === undefined) return undefined;
    const slots = known ?? this.#source.open(name, concurrency);
    this.#slots.set(name, slots);
    return slots;
  }
}

const local: SlotsSource = { open: (name, config) => new FairSlots(name, config) };

/** A backend and a connectors' provider may have the same name. */
function nameOf({ origin, name }: BackendConfig): string {
  return origin === 'connectors' ? `${name} of the connectors` : name;
}

function maxExtraOf({ policy, tiers }: RouteConfig): number {
  if (policy.hedge !== undefined) return policy.hedge.maxExtra;
  const racing = tiers.filter((tier) => tier.strategy === 'race').map((tier) => tier.candidates.length - 1);
  return Math.max(0, ...racing);
}
