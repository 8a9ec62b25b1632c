import type { ApproachesConfig } from '../config/approaches-config.ts';

/** What a stage needs beside the route that it runs over; left out: nothing. */
export interface StageNeeds<Parameters> {
  /**
   * What it needs that is not set up, and how to set it up, such as `there is no web search; set approaches.web_search`.
   * It is told at the route by `headrace check`, and to requests as a 400. Undefined: all is there.
   */
  missing?(settings: ApproachesConfig, parameters: Parameters): string | undefined;
  /** The models that its parameters name in place of the route's own. */
  models?(parameters: Parameters): readonly NamedModel[];
}

/** A model as a parameter names it. */
export interface NamedModel {
  /** A public name. */
  readonly name: string;
  /** Where it stands in the parameters, such as `['proposers', 1]`. */
  readonly path: readonly (string | number)[];
}

/**
 * The models that these parameters name, by texts or lists of texts.
 * @param keys the parameters that name models
 */
export function namedModels<Values extends object>(values: Values, ...keys: (keyof Values & string)[]): NamedModel[] {
  return keys.flatMap((key) => {
    const value: unknown = values[key];
    if (typeof value === 'string') return [{ name: value, path: [key] }];
    const names = Array.isArray(value) ? (value as readonly string[]) : [];
    return names.map((name, at) => ({ name, path: [key, at] }));
  });
}
