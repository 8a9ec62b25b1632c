import type { ApproachCatalogue } from '../config/approach-catalogue.ts';
import { parsePlan } from './plan.ts';
import { PlanError } from './plan-error.ts';
import { stages } from './registry.ts';

/** Checks approaches for the configuration, as they would be read for a request. */
export const catalogue: ApproachCatalogue = {
  check: (name, parameters) => {
    try {
      parsePlan(name, parameters, stages);
      return undefined;
    } catch (error) {
      if (error instanceof PlanError) return { message: error.message, path: error.path };
      throw error;
    }
  },
};
