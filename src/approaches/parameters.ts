import * as z from 'zod';
import { didYouMean } from '../config/suggest.ts';
import { PlanError } from './plan-error.ts';
import type { Stage } from './stage.ts';

/** Parameters that every solver has. */
export const commonParameters = {
  temperature: z
    .number()
    .min(0)
    .max(2)
    .optional()
    .describe("The temperature of its answer calls, before the request's."),
  helper_max_tokens: z
    .int()
    .min(1)
    .optional()
    .describe('The most output tokens of a helper call; unlimited if left out.'),
};

/** A whole number of calls, candidates and the like. */
export function count(description: string, most: number, byDefault: number, least = 1) {
  return z.int().min(least).max(most).default(byDefault).describe(description);
}

/** A temperature that a step has by itself. */
export function heat(description: string, byDefault: number) {
  return z.number().min(0).max(2).default(byDefault).describe(description);
}

/**
 * Checks the parameters of one stage, and fills in its defaults.
 * @param before leads to them, for the path of the error
 * @throws PlanError
 */
export function parseParameters(stage: Stage, written: unknown, before: readonly string[] = []): unknown {
  const result = stage.parameters.safeParse(written);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys' && issue.path.length > 0) {
    const [key = ''] = issue.keys;
    const path = issue.path as (string | number)[];
    throw new PlanError(`the parameter ${path.join('.')} of ${stage.name} has no field "${key}"`, [
      ...before,
      ...path,
      key,
    ]);
  }
  if (issue?.code === 'unrecognized_keys') {
    const known = Object.keys((stage.parameters as unknown as { shape?: object }).shape ?? {});
    const [key = ''] = issue.keys;
    const there = known.length > 0 ? `its parameters are ${known.join(', ')}` : 'it has no parameters';
    throw new PlanError(`${stage.name} has no parameter "${key}"${didYouMean(key, known)}; ${there}`, [...before, key]);
  }
  const path = (issue?.path ?? []) as (string | number)[];
  throw new PlanError(`the parameter ${path.join('.') || 'list'} of ${stage.name}: ${issue?.message ?? 'wrong'}`, [
    ...before,
    ...path,
  ]);
}
