import type { ApproachCatalogue } from '../config/approach-catalogue.ts';
import { checkSetUp, modelsOf, parsePlan } from './plan.ts';
import { PlanError } from './plan-error.ts';
import { stages } from './registry.ts';

/** Checks approaches for the configuration, as they would be read for a request. */
export const catalogue: ApproachCatalogue = {
  check: (name, parameters, settings) => {
    try {
      checkSetUp(parsePlan(name, parameters, stages), settings);
      return undefined;
    } catch (error) {
      if (error instanceof PlanError) return { message: error.message, path: error.path };
      throw error;
    }
  },
  models: (name, parameters) => {
    try {
      return modelsOf(parsePlan(name, parameters, stages));
    } catch (error) {
      if (error instanceof PlanError) return []; // of which `check` tells
      throw error;
    }
  },
};
