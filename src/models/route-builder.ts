import type { Backend } from '../backends/backend.ts';
import type { HealthRegistry } from '../balancing/health-registry.ts';
import type { Config, Connector } from '../config/config.ts';
import { type CandidateConfig, plainPolicy, type RouteConfig } from '../config/route-config.ts';
import type { Candidate, Route } from '../types/route.ts';

const noParameters: ReadonlyMap<string, string> = new Map();

/** Makes routes of what is configured, and ties their candidates to how those fare. */
export class RouteBuilder {
  readonly #config: Config;
  readonly #backends: ReadonlyMap<string, Backend>;
  readonly #providers: ReadonlyMap<string, Backend>;
  readonly #health: HealthRegistry;

  constructor(
    config: Config,
    backends: ReadonlyMap<string, Backend>,
    providers: ReadonlyMap<string, Backend>,
    health: HealthRegistry,
  ) {
    this.#config = config;
    this.#backends = backends;
    this.#providers = providers;
    this.#health = health;
  }

  /** The route to one model of one backend. */
  direct(backend: Backend, model: string): Route {
    return this.#single(`${backend.config.name}:${model}`, this.#candidate(backend, model, undefined));
  }

  /** The route of a connector; undefined where it serves nothing. */
  connector(connector: Connector): Route | undefined {
    const candidate = this.#connected(connector.internal);
    return candidate && this.#single(connector.internal, candidate);
  }

  /**
   * A route of the operator's own, without the candidates that are not there (any more); undefined where none is left.
   * @param asked the model's name as the client sent it, for candidates that take any
   */
  virtual(route: RouteConfig, asked: string): Route | undefined {
    const tiers = route.tiers
      .map(({ strategy, candidates }) => ({
        strategy,
        candidates: candidates.map((one) => this.#configured(one, asked)).filter((one) => one !== undefined),
      }))
      .filter((tier) => tier.candidates.length > 0);
    if (tiers.length === 0) return undefined;
    const { name, policy } = route;
    const approach = route.approach === 'none' ? undefined : route;
    const candidates = tiers.flatMap((tier) => tier.candidates);
    return { name, approach, tiers, candidates, policy, allowance: this.#health.allowance(route) };
  }

  #single(name: string, candidate: Candidate): Route {
    const candidates = [candidate];
    const tiers = [{ strategy: 'ordered' as const, candidates }];
    return { name, approach: undefined, tiers, candidates, policy: plainPolicy, allowance: undefined };
  }

  #configured(config: CandidateConfig, asked: string): Candidate | undefined {
    const { target } = config;
    if (target.kind === 'connector') {
      const connected = this.#connected(target.internal);
      return connected && { ...connected, ...written(config) };
    }
    const backend = this.#backends.get(target.backend);
    const model = target.model ?? (asked === '' ? backend?.config.defaultModel : asked);
    if (backend === undefined || model === undefined) return undefined;
    if (this.#config.deletedNames?.has(`${target.backend}:${model}`)) return undefined;
    return { ...this.#candidate(backend, model, undefined), ...written(config) };
  }

  #connected(internal: string): Candidate | undefined {
    const connector = this.#config.connectors.get(internal);
    if (connector === undefined || connector.heldBy !== undefined) return undefined;
    const provider = this.#providers.get(connector.provider);
    return provider && this.#candidate(provider, connector.external, connector.internal);
  }

  #candidate(backend: Backend, model: string, answerModel: string | undefined): Candidate {
    const config = backend.config.models.get(model);
    return {
      backend,
      model,
      config,
      answerModel,
      weight: 1,
      conditions: undefined,
      parameters: noParameters,
      prices: config?.prices,
      health: this.#health.candidate(backend.config, model),
      keys: this.#health.keys(backend.config),
      slots: this.#health.slots(backend.config),
    };
  }
}

function written({ weight, conditions, parameters }: CandidateConfig) {
  return { weight, conditions, parameters };
}
