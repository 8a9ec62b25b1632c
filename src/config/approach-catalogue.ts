import type { ApproachesConfig } from './approaches-config.ts';

/** What is wrong with an approach as it is written. */
export interface ApproachFault {
  /** What is wrong, and what to write instead; without the values of parameters. */
  readonly message: string;
  /** Leads into the parameters as they were given; empty: it is the approach itself. */
  readonly path: readonly (string | number)[];
}

/** Knows the approaches there are, for the configuration, which does not. */
export interface ApproachCatalogue {
  /**
   * @param name a name or a pipeline
   * @param parameters plain data; of a pipeline by the names of its stages
   * @param settings for the approaches that need something there, such as a web search
   * @returns undefined: nothing is wrong
   */
  check(
    name: string,
    parameters: Readonly<Record<string, unknown>>,
    settings: ApproachesConfig,
  ): ApproachFault | undefined;
  /**
   * The models that parameters without faults name in place of the route's own.
   * @param name as for `check`, and so are the parameters
   */
  models(name: string, parameters: Readonly<Record<string, unknown>>): readonly ApproachModel[];
}

/** A model that a parameter names. */
export interface ApproachModel {
  /** A public name. */
  readonly name: string;
  /** Leads into the parameters as they were given. */
  readonly path: readonly (string | number)[];
}
