import type { RouteApproach } from './approaches-config.ts';
import type { Ability } from './backend-config.ts';
import type { RepetitionConfig } from './brake-settings.ts';

/** How the candidates of a tier are put in order. */
export const strategies = ['ordered', 'weighted', 'least-busy', 'lowest-latency', 'lowest-cost', 'race'] as const;
export type Strategy = (typeof strategies)[number];

/** A virtual model: which backends' models serve it, and how they are tried. */
export interface RouteConfig extends RouteApproach {
  /** The public name. */
  readonly name: string;
  /** Never empty; a tier is tried when those before it cannot serve. */
  readonly tiers: readonly TierConfig[];
  readonly policy: RoutePolicy;
  /** Where it is configured, for messages: `config/headrace.yaml:3:5`. */
  readonly place: string;
}

export interface TierConfig {
  readonly strategy: Strategy;
  /** Never empty. */
  readonly candidates: readonly CandidateConfig[];
}

export interface CandidateConfig {
  readonly target:
    | {
        readonly kind: 'backend';
        readonly backend: string;
        /** The model's name upstream; undefined: as the client sent it. */
        readonly model: string | undefined;
      }
    /** A connector, by its internal name. */
    | { readonly kind: 'connector'; readonly internal: string };
  /** More than 0, unless others of its tier have one. */
  readonly weight: number;
  readonly conditions: CandidateConditions | undefined;
  /** Request fields that are set, whatever the client sent: the field's name, and its JSON text. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** When a candidate is taken; what is undefined or empty asks for nothing. */
export interface CandidateConditions {
  /** The most prompt tokens. */
  readonly maxContext: number | undefined;
  /** What the model can do; a request that needs more goes elsewhere. Undefined: what its backend's file says. */
  readonly abilities: ReadonlySet<Ability> | undefined;
  /** Request headers in lower case, each with the values of which it must have one. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Fields of the request's `metadata`, likewise. */
  readonly metadata: ReadonlyMap<string, readonly string[]>;
}

/** How a route's candidates are tried. Times are in milliseconds; undefined: no limit of the route's own. */
export interface RoutePolicy {
  /** Until the first real output of one try. */
  readonly firstOutputMs: number | undefined;
  /** Between two pieces of a running stream. */
  readonly gapMs: number | undefined;
  /** From the request's arrival to the answer's last byte. */
  readonly totalMs: number | undefined;
  /** Upstream requests for one call, at most; undefined: as the backends' `max_retries` allow. */
  readonly maxAttempts: number | undefined;
  /** From the request's arrival: no try begins after that. */
  readonly maxRetryMs: number | undefined;
  readonly hedge: HedgeConfig | undefined;
  /** Whether a conversation stays with its candidate and its key. */
  readonly affinity: boolean;
  /** When its streams are ended that repeat themselves; undefined: as for all routes. */
  readonly repetition?: RepetitionConfig | 'off' | undefined;
}

/** A second try beside a slow first one. */
export interface HedgeConfig {
  /** After this time without output, or after the time that 95 of 100 calls of that candidate take. */
  readonly after: 'p95' | number;
  /** Extra calls per call of the route, at most: 0.05 is one of twenty. */
  readonly maxExtra: number;
}

/** A rewrite of a model's name, before it is looked up. */
export interface ModelAlias {
  /** Matches the whole name. */
  readonly pattern: RegExp;
  /** The new name, with `$1` or `$<name>` for what the pattern's groups caught. */
  readonly model: string;
  readonly place: string;
}

/** How a route is tried of which nothing is written. */
export const plainPolicy: RoutePolicy = {
  firstOutputMs: undefined,
  gapMs: undefined,
  totalMs: undefined,
  maxAttempts: undefined,
  maxRetryMs: undefined,
  hedge: undefined,
  affinity: true,
};
