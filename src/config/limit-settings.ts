/**
 * Limits as people write them, of a tier, a key, a team or a tag. What is undefined is not limited. In YAML and JSON:
 * `{requests_per_minute, tokens_per_minute, requests_per_day, tokens_per_day, max_concurrent, budget: {day, week, month,
 * total}, when_spent}`.
 */
export interface LimitSettings {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly requestsPerDay: number | undefined;
  readonly tokensPerDay: number | undefined;
  readonly maxConcurrent: number | undefined;
  /** Nano-dollars in each period; undefined: no budget. */
  readonly budget: BudgetSettings;
  /**
   * What becomes of a call for which a budget has too little left: it is refused, or goes to this public model.
   * Undefined: nothing is said, so that the tier's word holds, and without one it is refused.
   */
  readonly whenSpent: 'refuse' | { readonly downgradeTo: string } | undefined;
}

/** A team or a tag: what all of its keys may take together. */
export interface GroupSettings {
  /** The tier whose limits hold where it has none of its own. */
  readonly tier: string | undefined;
  readonly limits: LimitSettings | undefined;
}

export interface BudgetSettings {
  readonly day: number | undefined;
  readonly week: number | undefined;
  readonly month: number | undefined;
  readonly total: number | undefined;
}
