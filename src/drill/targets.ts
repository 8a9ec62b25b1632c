import type { Ability, BackendConfig } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import type { CandidateConfig, RouteConfig, Strategy } from '../config/route-config.ts';

/** A public name that is drilled, with those who serve it. */
export interface DrillTarget {
  /** What reports call it. */
  readonly name: string;
  /** The `model` that is asked for. */
  readonly asks: string;
  readonly candidates: readonly DrillCandidate[];
}

export interface DrillCandidate {
  /** Such as `openai:gpt-4.1`. */
  readonly label: string;
  readonly backend: BackendConfig;
  /** The upstream name. */
  readonly model: string;
  readonly strategy: Strategy;
  /** What a request must have in order to come here: header by header, and field by field of its metadata. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly metadata: ReadonlyMap<string, readonly string[]>;
  /** Undefined: it does everything. */
  readonly abilities: ReadonlySet<Ability> | undefined;
}

/** A name that no backend declares, for targets that take any. */
const anyModel = 'headrace-drill';

const nothing: ReadonlyMap<string, readonly string[]> = new Map();

/**
 * The routes, and what takes all other names; where there are none, one model of each backend and one connector of each
 * provider.
 */
export function allTargets(config: Config): DrillTarget[] {
  const routes = [...config.routes.values()].map((route) => ofRoute(route, route.name, config));
  const { defaultRoute } = config;
  if (defaultRoute !== undefined) routes.push(ofRoute(defaultRoute, anyModel, config));
  const found = routes.filter((target) => target.candidates.length > 0);
  if (found.length > 0) return found;
  const backends = [...config.backends.values()].map((backend) => ofBackend(backend, undefined));
  const connectors = [...config.providers.keys()].flatMap((label) => {
    const one = [...config.connectors.values()].find((entry) => entry.provider === label && entry.heldBy === undefined);
    return one === undefined ? [] : [ofConnector(one.internal, config)].filter((target) => target !== undefined);
  });
  return [...backends, ...connectors];
}

/** A target by its name: one of the above, `backend:model`, a backend's name or a connector's internal one. */
export function findTarget(name: string, config: Config): DrillTarget | undefined {
  const known = allTargets(config).find((target) => target.name === name);
  if (known !== undefined) return known;
  const colon = name.indexOf(':');
  const backend = config.backends.get(colon < 0 ? name : name.slice(0, colon));
  if (backend !== undefined) return ofBackend(backend, colon < 0 ? undefined : name.slice(colon + 1) || undefined);
  return ofConnector(name, config);
}

function ofRoute(route: RouteConfig, asks: string, config: Config): DrillTarget {
  const candidates = route.tiers.flatMap((tier) =>
    tier.candidates.map((candidate) => ofCandidate(candidate, tier.strategy, asks, config)),
  );
  return { name: route.name, asks, candidates: candidates.filter((candidate) => candidate !== undefined) };
}

function ofCandidate(
  { target, conditions }: CandidateConfig,
  strategy: Strategy,
  asks: string,
  config: Config,
): DrillCandidate | undefined {
  const place = target.kind === 'backend' ? atBackend(target, asks, config) : atProvider(target.internal, config);
  if (place === undefined) return undefined;
  return {
    ...place,
    label: `${place.backend.name}:${place.model}`,
    strategy,
    headers: conditions?.headers ?? nothing,
    metadata: conditions?.metadata ?? nothing,
    abilities: conditions?.abilities ?? place.backend.models.get(place.model)?.abilities,
  };
}

function atBackend(
  target: { readonly backend: string; readonly model: string | undefined },
  asks: string,
  config: Config,
) {
  const backend = config.backends.get(target.backend);
  return backend && { backend, model: target.model ?? asks };
}

function atProvider(internal: string, config: Config) {
  const connector = config.connectors.get(internal);
  const backend = connector?.heldBy === undefined ? config.providers.get(connector?.provider ?? '') : undefined;
  return connector && backend && { backend, model: connector.external };
}

function ofBackend(backend: BackendConfig, asked: string | undefined): DrillTarget {
  const [declared] = backend.models.keys();
  const model = asked ?? backend.defaultModel ?? declared ?? anyModel;
  const name = `${backend.name}:${model}`;
  return { name, asks: name, candidates: [alone(backend, model)] };
}

function ofConnector(internal: string, config: Config): DrillTarget | undefined {
  const place = atProvider(internal, config);
  return place && { name: internal, asks: internal, candidates: [alone(place.backend, place.model)] };
}

function alone(backend: BackendConfig, model: string): DrillCandidate {
  const abilities = backend.models.get(model)?.abilities;
  const label = `${backend.name}:${model}`;
  return { label, backend, model, strategy: 'ordered', headers: nothing, metadata: nothing, abilities };
}
