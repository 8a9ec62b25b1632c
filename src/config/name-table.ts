import type { BackendConfig } from './backend-config.ts';
import { backendPrefix } from './backend-prefix.ts';
import type { Connector } from './config.ts';
import { DeclaredModels } from './declared-models.ts';
import type { CandidateConfig } from './route-config.ts';
import { isCompound } from './selector.ts';
import { didYouMean } from './suggest.ts';

/** What a name in a route stands for. */
export type NamedTarget =
  | { readonly kind: 'route'; readonly name: string }
  | { readonly kind: 'target'; readonly target: CandidateConfig['target']; readonly warning: string | undefined }
  | { readonly kind: 'fault'; readonly fault: string }
  /** It may be something whose file has errors, so there is nothing to say. */
  | { readonly kind: 'unknowable' };

/** All names that a route can use. */
export interface KnownNames {
  readonly backends: ReadonlyMap<string, BackendConfig>;
  /** Also of those whose files have errors. */
  readonly backendNames: ReadonlySet<string>;
  readonly connectors: ReadonlyMap<string, Connector>;
  readonly routes: ReadonlySet<string>;
  /** Whether the files of all backends are without errors, so that each model is known. */
  readonly isModelsKnown: boolean;
  /** The same of the connectors file. */
  readonly isConnectorsKnown: boolean;
}

/** Says what names stand for, in the order in which those of requests are looked up. */
export class NameTable {
  readonly #known: KnownNames;
  readonly #models: DeclaredModels;

  constructor(known: KnownNames) {
    this.#known = known;
    this.#models = DeclaredModels.of(known.backends);
  }

  backend(name: string): BackendConfig | undefined {
    return this.#known.backends.get(name);
  }

  isBackend(name: string): boolean {
    return this.#known.backendNames.has(name);
  }

  get backendNames(): ReadonlySet<string> {
    return this.#known.backendNames;
  }

  /** @param takesBackends whether the name of a backend alone means that backend with any model */
  find(name: string, takesBackends = false): NamedTarget {
    const { routes, connectors, isModelsKnown, isConnectorsKnown } = this.#known;
    if (takesBackends && this.isBackend(name)) return backendTarget(name, undefined);
    if (routes.has(name)) return { kind: 'route', name };
    const connector = connectors.get(name);
    if (connector !== undefined && connector.heldBy === undefined) {
      return { kind: 'target', target: { kind: 'connector', internal: name }, warning: undefined };
    }
    const prefix = backendPrefix(name);
    if (prefix !== undefined && this.isBackend(prefix)) return this.#prefixed(prefix, name.slice(prefix.length + 1));
    const [only, ...others] = this.#models.declaring(name);
    if (only !== undefined && others.length === 0) return backendTarget(only, name);
    if (only !== undefined) {
      const choices = [only, ...others].map((backend) => `${backend}:${name}`).join(', ');
      return { kind: 'fault', fault: `is declared by several backends; write one of ${choices}` };
    }
    if (!isConnectorsKnown || (prefix === undefined && !isModelsKnown)) return { kind: 'unknowable' };
    return { kind: 'fault', fault: this.#unknown(name, prefix, takesBackends) };
  }

  #prefixed(name: string, model: string): NamedTarget {
    const backend = this.#known.backends.get(name);
    if (backend === undefined) return { kind: 'unknowable' };
    if (model === '') {
      const { defaultModel } = backend;
      if (defaultModel !== undefined) return backendTarget(name, defaultModel);
      return { kind: 'fault', fault: `needs a model behind the colon, since backend ${name} has no default_model` };
    }
    if (backend.models.size === 0 || backend.models.has(model)) return backendTarget(name, model);
    const near = didYouMean(model, backend.models.keys());
    return backendTarget(name, model, `is not among the models of backend ${name}, so it has no limits${near}`);
  }

  #unknown(name: string, prefix: string | undefined, takesBackends: boolean): string {
    const { backendNames, routes, connectors } = this.#known;
    if (prefix !== undefined) {
      return `names a backend that does not exist${didYouMean(prefix, backendNames)}; ${listOf('the backends are', backendNames)}`;
    }
    if (backendNames.has(name)) return `is a backend and no model; write ${name}: and the name of a model`;
    const declared = [...this.#models.entries()].map(([model, names]) =>
      names.length === 1 ? model : `${names[0]}:${model}`,
    );
    const all = [...(takesBackends ? backendNames : []), ...routes, ...connectors.keys(), ...declared];
    const near = didYouMean(name, all);
    if (takesBackends) return `names neither a backend nor a model${near}; ${listOf('the backends are', backendNames)}`;
    const hint = isCompound(name) ? '; operators stand in a text in the place of the mapping' : '';
    return `is no public name${near}; write backend:model, a connector's internal name or another route${hint}`;
  }
}

/** `the backends are a, b`, or that there are none. */
export function listOf(what: string, names: Iterable<string>): string {
  const all = [...names];
  if (all.length === 0) return 'there are no backends';
  const shown = all.slice(0, 20).join(', ');
  return `${what} ${shown}${all.length > 20 ? ` and ${all.length - 20} more` : ''}`;
}

function backendTarget(backend: string, model: string | undefined, warning?: string): NamedTarget {
  return { kind: 'target', target: { kind: 'backend', backend, model }, warning };
}
