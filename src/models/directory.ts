import type { Backend } from '../backends/backend.ts';
import type { HealthRegistry } from '../balancing/health-registry.ts';
import { backendPrefix } from '../config/backend-prefix.ts';
import type { Config } from '../config/config.ts';
import { DeclaredModels, splitDeclared } from '../config/declared-models.ts';
import type { Candidate, Route } from '../types/route.ts';
import { RouteBuilder } from './route-builder.ts';

/** Longer names are not held against patterns. */
const longestAliased = 256;

/** A line of the list of models. */
export interface ModelListing {
  readonly id: string;
  readonly ownedBy: string;
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
}

/** Which names there are and what they stand for; built whole from a configuration. */
export class Directory {
  readonly defaultBackend: string | undefined;
  readonly #config: Config;
  readonly #backends: ReadonlyMap<string, Backend>;
  readonly #builder: RouteBuilder;
  readonly #connectors = new Map<string, Route>();
  readonly #routes = new Map<string, Route>();
  readonly #models: DeclaredModels;
  /** By `backend:model`, where that is declared. Each is built when it is first asked for, so that a reload need not. */
  readonly #declaredRoutes = new Map<string, Route>();

  /**
   * @param backends the backends by name
   * @param providers the connectors' providers by label
   */
  constructor(
    config: Config,
    backends: ReadonlyMap<string, Backend>,
    providers: ReadonlyMap<string, Backend>,
    health: HealthRegistry,
  ) {
    this.#config = config;
    this.#backends = backends;
    this.#builder = new RouteBuilder(config, backends, providers, health);
    this.defaultBackend = config.settings.defaultBackend;
    this.#models = DeclaredModels.of(config.backends);
    for (const connector of config.connectors.values()) {
      const route = this.#builder.connector(connector);
      if (route !== undefined) this.#connectors.set(connector.internal, route);
    }
    for (const written of config.routes.values()) {
      const route = this.isDeleted(written.name) ? undefined : this.#builder.virtual(written, '');
      if (route !== undefined) this.#routes.set(written.name, route);
    }
  }

  /** The route of a public name of the operator's own. */
  publicRoute(name: string): Route | undefined {
    return this.#routes.get(name) ?? this.#connectors.get(name);
  }

  /** The name that is looked up in place of one that a client sent; the operator's own names are never rewritten. */
  rewritten(name: string): string {
    const { modelAliases } = this.#config;
    if (modelAliases.length === 0 || name.length > longestAliased || this.publicRoute(name) !== undefined) return name;
    const alias = modelAliases.find(({ pattern }) => pattern.test(name));
    return alias === undefined ? name : name.replace(alias.pattern, alias.model);
  }

  /** Whether a name means something by itself, and does not just go to the default backend. */
  isNamed(asked: string): boolean {
    const name = this.rewritten(asked);
    if (this.publicRoute(name) !== undefined || this.declaring(name).length > 0) return true;
    const prefix = backendPrefix(name);
    return prefix !== undefined && this.hasBackend(prefix);
  }

  /** Whether a package of this name was deleted, so that nothing else may take it. */
  isDeleted(name: string): boolean {
    return this.#config.deletedNames?.has(name) === true;
  }

  /** Whether a backend has a default model and that was deleted. */
  isDefaultDeleted(name: string): boolean {
    const model = this.#backends.get(name)?.config.defaultModel;
    return model !== undefined && this.isDeleted(`${name}:${model}`);
  }

  /** The route of every name that nothing else takes, where that is no single backend. */
  defaultRoute(asked: string): Route | undefined {
    const route = this.#config.defaultRoute;
    return route && this.#builder.virtual(route, asked);
  }

  get hasDefaultRoute(): boolean {
    return this.#config.defaultRoute !== undefined;
  }

  hasBackend(name: string): boolean {
    return this.#backends.has(name);
  }

  backendNames(): string[] {
    return [...this.#backends.keys()];
  }

  /** The names of the backends that declare this model. */
  declaring(model: string): readonly string[] {
    return this.#models.declaring(model);
  }

  /** The route to a known backend's model, declared or not; `''` means its default, undefined that it has none. */
  backendRoute(name: string, model: string): Route | undefined {
    const backend = this.#backends.get(name);
    const upstream = model === '' ? backend?.config.defaultModel : model;
    if (backend === undefined || upstream === undefined) return undefined;
    if (this.isDeleted(`${name}:${upstream}`)) return undefined;
    return this.#declaredRoute(`${name}:${upstream}`) ?? this.#builder.direct(backend, upstream);
  }

  /** The public names of a route: the one that is listed, and a declared model's bare name where it means just that. */
  namesOf(route: Route): string[] {
    const model = route.candidates[0]?.model ?? '';
    const isBare = this.declaring(model).length === 1 && this.#declaredRoute(route.name) === route;
    return isBare && this.publicRoute(model) === undefined ? [route.name, model] : [route.name];
  }

  /** The name under which a public name is listed; undefined where it needs a backend to be asked, or is none. */
  listedName(name: string): string | undefined {
    if (this.publicRoute(name) !== undefined || this.#find(name) !== undefined) return name;
    const [only, ...others] = this.declaring(name);
    return only === undefined || others.length > 0 ? undefined : `${only}:${name}`;
  }

  /** Whether a key that is limited to some public names may use a listed one. */
  isListedFor(name: string, allowed: ReadonlySet<string> | undefined): boolean {
    if (allowed === undefined || allowed.has(name)) return true;
    const route = this.#declaredRoute(name);
    return route !== undefined && this.namesOf(route).some((one) => allowed.has(one));
  }

  /** The public names that need no backend to be asked. */
  listedNames(): string[] {
    return [...this.#routes.keys(), ...this.#connectors.keys(), ...this.#declared().map(({ id }) => id)];
  }

  /** What is known of the public names, each once. */
  listings(): ModelListing[] {
    const own = [...this.#connectors].map(([id, route]) => ({
      id,
      ownedBy: route.candidates[0]?.backend.config.name ?? '',
      contextWindow: this.#config.settings.forceContextWindow,
      maxOutputTokens: undefined,
    }));
    const declared = this.#declared().map(({ id, backend, limits }) => ({
      id,
      ownedBy: backend.name,
      contextWindow: least(limits.contextWindow, this.#config.settings.forceContextWindow),
      maxOutputTokens: limits.maxOutputTokens,
    }));
    return [...this.#routeListings(), ...own, ...declared];
  }

  /** The route of a declared model; always the same one. */
  #declaredRoute(name: string): Route | undefined {
    const known = this.#declaredRoutes.get(name);
    if (known !== undefined) return known;
    const found = this.#find(name);
    const backend = found && this.#backends.get(found.backend.name);
    if (found === undefined || backend === undefined) return undefined;
    const route = this.#builder.direct(backend, found.model);
    this.#declaredRoutes.set(name, route);
    return route;
  }

  #find(name: string) {
    return splitDeclared(name, this.#config.backends);
  }

  /** The models that backends declare. */
  #declared() {
    return [...this.#config.backends.values()].flatMap((backend) =>
      [...backend.models].map(([model, { limits }]) => ({ id: `${backend.name}:${model}`, backend, limits })),
    );
  }

  #routeListings(): ModelListing[] {
    return [...this.#routes].map(([id, { candidates }]) => ({
      id,
      ownedBy: 'headrace',
      contextWindow: least(largestWindow(candidates), this.#config.settings.forceContextWindow),
      maxOutputTokens: undefined,
    }));
  }

  /** Backends that declare no models, so that they must be asked for theirs. */
  undeclaredBackends(): Backend[] {
    const { emptiedBackends } = this.#config;
    return [...this.#backends.values()].filter(
      ({ config }) => config.models.size === 0 && !emptiedBackends?.has(config.name),
    );
  }
}

/** The lesser of two limits, where undefined means none. */
export function least(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

/** A route takes what any of its candidates takes; undefined: that is not known of one of them. */
function largestWindow(candidates: readonly Candidate[]): number | undefined {
  const windows = candidates.map(({ config, conditions }) =>
    least(config?.limits.contextWindow, conditions?.maxContext),
  );
  return windows.includes(undefined) ? undefined : Math.max(...windows.filter((window) => window !== undefined));
}
