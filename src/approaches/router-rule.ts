import * as z from 'zod';
import { compileSearch, searchedLength } from '../config/pattern-rules.ts';
import { hasCode } from './has-code.ts';
import { PlanError } from './plan-error.ts';
import type { Task } from './solver.ts';
import { findUrls } from './web/find-urls.ts';

const tokens = z.int().min(0).optional();
/** When a rule of a router fits. */
export const when = z
  .strictObject({
    matches: z
      .string()
      .min(1)
      .optional()
      .describe(`A regular expression that is looked for in its first and last ${searchedLength} characters.`),
    min_tokens: tokens.describe('It has at least so many tokens.'),
    max_tokens: tokens.describe('It has at most so many tokens.'),
    has_code: z.boolean().optional().describe('Whether it holds code.'),
    has_url: z.boolean().optional().describe('Whether it holds the address of a web page.'),
  })
  .describe('What must be so of the last user message; all that is given.');

/** Whether a rule fits a question. */
export type Test = (task: Pick<Task, 'original' | 'question' | 'tokensOf'>) => Promise<boolean>;

/**
 * @param path where the rule's `when` stands
 * @throws PlanError where it can never fit, or always does
 */
export function testOf(
  { matches, min_tokens, max_tokens, has_code, has_url }: z.output<typeof when>,
  path: readonly (string | number)[],
): Test {
  const tests: Test[] = [];
  if (matches !== undefined) {
    const pattern = compileSearch(matches);
    if (typeof pattern === 'string') throw new PlanError(`the pattern ${pattern}`, [...path, 'matches']);
    tests.push(async ({ original }) => isIn(pattern, original));
  }
  if (has_code !== undefined) tests.push(async ({ original }) => hasCode(original) === has_code);
  if (has_url !== undefined) tests.push(async ({ original }) => findUrls(original, 1).length > 0 === has_url);
  if (min_tokens !== undefined || max_tokens !== undefined) {
    if ((min_tokens ?? 0) > (max_tokens ?? Number.POSITIVE_INFINITY)) {
      throw new PlanError('min_tokens is more than max_tokens, so that it never fits', [...path, 'min_tokens']);
    }
    tests.push(async (task) => {
      const [length = 0] = await task.tokensOf([task.question]);
      return length >= (min_tokens ?? 0) && length <= (max_tokens ?? Number.POSITIVE_INFINITY);
    });
  }
  if (tests.length === 0) throw new PlanError('a rule needs a condition; what always holds is the default', path);
  return async (task) => {
    for (const test of tests) {
      if (!(await test(task))) return false;
    }
    return true;
  };
}

function isIn(pattern: RegExp, text: string): boolean {
  return pattern.test(text.slice(0, searchedLength)) || pattern.test(text.slice(searchedLength).slice(-searchedLength));
}
