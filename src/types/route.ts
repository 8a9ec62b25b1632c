import type { Backend } from '../backends/backend.ts';
import type { ModelConfig } from '../config/config.ts';

/** What a model's name stands for. */
export interface Route {
  /** The public name, as it stands in lists. */
  readonly name: string;
  readonly approach: string;
  readonly candidates: readonly Candidate[];
  /** The name that answers carry in `model`; undefined: what the backend wrote. */
  readonly answerModel: string | undefined;
}

/** One backend and one of its models. */
export interface Candidate {
  readonly backend: Backend;
  /** The model's name upstream. */
  readonly model: string;
  /** What is configured of that model; undefined: nothing is, so only the forced context window limits it. */
  readonly config: ModelConfig | undefined;
}
