import type { Backend } from '../backends/backend.ts';
import type { Config } from '../config/config.ts';
import type { Route } from '../types/route.ts';

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
  readonly #connectors = new Map<string, Route>();
  /** Which backends declare a bare name. */
  readonly #declaring = new Map<string, string[]>();
  /** Routes of declared models, by `backend:model`. */
  readonly #declared = new Map<string, Route>();

  /**
   * @param backends the backends by name
   * @param providers the connectors' providers by label
   */
  constructor(config: Config, backends: ReadonlyMap<string, Backend>, providers: ReadonlyMap<string, Backend>) {
    this.#config = config;
    this.#backends = backends;
    this.defaultBackend = config.settings.defaultBackend;
    for (const backend of backends.values()) {
      for (const model of backend.config.models.keys()) {
        const declaring = this.#declaring.get(model);
        if (declaring) declaring.push(backend.config.name);
        else this.#declaring.set(model, [backend.config.name]);
        this.#declared.set(`${backend.config.name}:${model}`, createRoute(backend, model));
      }
    }
    for (const connector of config.connectors.values()) {
      const provider = providers.get(connector.provider);
      if (provider === undefined || connector.heldBy !== undefined) continue;
      const candidates = [{ backend: provider, model: connector.external, config: undefined }];
      const route = { name: connector.internal, approach: 'none', candidates, answerModel: connector.internal };
      this.#connectors.set(connector.internal, route);
    }
  }

  /** The route of a public name of the operator's own. */
  publicRoute(name: string): Route | undefined {
    return this.#connectors.get(name);
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

  hasBackend(name: string): boolean {
    return this.#backends.has(name);
  }

  backendNames(): string[] {
    return [...this.#backends.keys()];
  }

  /** The names of the backends that declare this model. */
  declaring(model: string): readonly string[] {
    return this.#declaring.get(model) ?? [];
  }

  /** The route to a known backend's model, declared or not; `''` means its default, undefined that it has none. */
  backendRoute(name: string, model: string): Route | undefined {
    const backend = this.#backends.get(name);
    const upstream = model === '' ? backend?.config.defaultModel : model;
    if (backend === undefined || upstream === undefined) return undefined;
    if (this.isDeleted(`${name}:${upstream}`)) return undefined;
    return this.#declared.get(`${name}:${upstream}`) ?? createRoute(backend, upstream);
  }

  /** The public names of a route: the one that is listed, and a declared model's bare name where it means just that. */
  namesOf(route: Route): string[] {
    const model = route.candidates[0]?.model ?? '';
    const isBare = this.declaring(model).length === 1 && this.#declared.get(route.name) === route;
    return isBare && !this.#connectors.has(model) ? [route.name, model] : [route.name];
  }

  /** The name under which a public name is listed; undefined where it needs a backend to be asked, or is none. */
  listedName(name: string): string | undefined {
    if (this.#connectors.has(name) || this.#declared.has(name)) return name;
    const [only, ...others] = this.declaring(name);
    return only === undefined || others.length > 0 ? undefined : `${only}:${name}`;
  }

  /** Whether a key that is limited to some public names may use a listed one. */
  isListedFor(name: string, allowed: ReadonlySet<string> | undefined): boolean {
    if (allowed === undefined || allowed.has(name)) return true;
    const route = this.#declared.get(name);
    return route !== undefined && this.namesOf(route).some((one) => allowed.has(one));
  }

  /** The public names that need no backend to be asked. */
  listedNames(): string[] {
    return [...this.#connectors.keys(), ...this.#declared.keys()];
  }

  /** What is known of the public names, each once. */
  listings(): ModelListing[] {
    const own = [...this.#connectors].map(([id, route]) => ({
      id,
      ownedBy: route.candidates[0]?.backend.config.name ?? '',
      contextWindow: this.#config.settings.forceContextWindow,
      maxOutputTokens: undefined,
    }));
    const declared = [...this.#declared].map(([id, route]) => {
      const limits = route.candidates[0]?.config?.limits;
      return {
        id,
        ownedBy: route.candidates[0]?.backend.config.name ?? '',
        contextWindow: least(limits?.contextWindow, this.#config.settings.forceContextWindow),
        maxOutputTokens: limits?.maxOutputTokens,
      };
    });
    return [...own, ...declared];
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

function createRoute(backend: Backend, model: string): Route {
  const candidate = { backend, model, config: backend.config.models.get(model) };
  return { name: `${backend.config.name}:${model}`, approach: 'none', candidates: [candidate], answerModel: undefined };
}
