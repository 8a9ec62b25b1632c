import * as z from 'zod';
import { readLimits, writeLimits } from '../config/limit-section.ts';
import type { LimitSettings } from '../config/limit-settings.ts';
import { type LimitsFields, limitsSchema } from '../config/schema/limits-section.ts';

const budgetSchema = limitsSchema.shape.budget.unwrap();

/** Limits as they are shown and given. */
export const limits = limitsSchema.meta({ id: 'Limits' });

type Clearable<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape]: Shape[Name] extends z.ZodOptional<infer Inner extends z.ZodType>
    ? z.ZodOptional<z.ZodNullable<Inner>>
    : never;
};

/** The same fields, each of which may be null to clear it. */
function clearable<Shape extends z.ZodRawShape>(shape: Shape): Clearable<Shape> {
  const fields = Object.entries(shape).map(([name, field]) => [
    name,
    (field as unknown as z.ZodOptional<z.ZodType>).unwrap().nullable().optional(),
  ]);
  return Object.fromEntries(fields) as Clearable<Shape>;
}

/** A change of limits: what is left out stays, null clears, and a budget is changed period by period. */
export const limitsChange = z
  .strictObject({
    ...clearable(limitsSchema.shape),
    budget: z.strictObject(clearable(budgetSchema.shape)).nullable().optional(),
  })
  .describe('What is left out stays as it is; null clears.')
  .meta({ id: 'LimitsChange' });

type LimitsChange = z.output<typeof limitsChange>;

/** Limits after a change; undefined: none is left. */
export function changeLimits(
  before: LimitSettings | undefined,
  change: LimitsChange | null,
): LimitSettings | undefined {
  if (change === null) return undefined;
  const written: LimitsFields = before === undefined ? {} : writeLimits(before);
  const { budget, ...others } = change;
  const merged = withoutNulls({ ...written, ...others });
  const changedBudget = budget === undefined ? written.budget : withoutNulls({ ...written.budget, ...budget });
  const hasBudget = changedBudget !== undefined && budget !== null && Object.keys(changedBudget).length > 0;
  const { budget: _, ...rates } = merged;
  const fields = { ...rates, ...(hasBudget && { budget: changedBudget }) } as LimitsFields;
  return Object.keys(fields).length === 0 ? undefined : readLimits(fields);
}

/** Limits as they are given; undefined: none. */
export function takeLimits(given: LimitsFields | null | undefined): LimitSettings | undefined {
  return given === null || given === undefined || Object.keys(given).length === 0 ? undefined : readLimits(given);
}

export function showLimits(settings: LimitSettings | undefined): LimitsFields | null {
  return settings === undefined ? null : writeLimits(settings);
}

function withoutNulls(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}
