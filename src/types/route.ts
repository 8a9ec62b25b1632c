import type { Backend } from '../backends/backend.ts';
import type { CandidateHealth } from '../balancing/candidate-health.ts';
import type { HedgeAllowance } from '../balancing/hedge-allowance.ts';
import type { KeyPool } from '../balancing/key-pool.ts';
import type { Slots } from '../balancing/slots.ts';
import type { RouteApproach } from '../config/approaches-config.ts';
import type { ModelConfig, ModelPrices } from '../config/backend-config.ts';
import type { CandidateConditions, RoutePolicy, Strategy } from '../config/route-config.ts';

/** What a model's name stands for. */
export interface Route {
  /** The public name, as it stands in lists. */
  readonly name: string;
  /** Undefined: plain calls. */
  readonly approach: RouteApproach | undefined;
  /** Tried one after the other. */
  readonly tiers: readonly Tier[];
  /** All candidates of all tiers, in the order in which they are written. */
  readonly candidates: readonly Candidate[];
  readonly policy: RoutePolicy;
  /** How many extra calls hedging and races may make; undefined: the route does neither. */
  readonly allowance: HedgeAllowance | undefined;
}

/** Candidates that are as good as each other but for what the strategy says. */
export interface Tier {
  readonly strategy: Strategy;
  readonly candidates: readonly Candidate[];
}

/** One backend and one of its models. */
export interface Candidate {
  readonly backend: Backend;
  /** The model's name upstream. */
  readonly model: string;
  /** What is configured of that model; undefined: nothing is, so only the forced context window limits it. */
  readonly config: ModelConfig | undefined;
  /** The name that answers carry in `model`; undefined: what the backend wrote. */
  readonly answerModel: string | undefined;
  readonly weight: number;
  readonly conditions: CandidateConditions | undefined;
  /** Request fields that are set, whatever the client sent: the field's name, and its JSON text. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Undefined: unknown. */
  readonly prices: ModelPrices | undefined;
  /** How it fares; shared by all routes that lead to it, and kept over reloads. */
  readonly health: CandidateHealth;
  /** The keys of its backend, and how they fare. */
  readonly keys: KeyPool;
  /** Places for calls that run at a time; undefined: unlimited. */
  readonly slots: Slots | undefined;
}
