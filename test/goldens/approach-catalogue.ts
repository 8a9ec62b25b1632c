import type { ApproachCatalogue, ApproachFault } from '../../src/config/approach-catalogue.ts';
import type { ApproachesConfig } from '../../src/config/approaches-config.ts';

type Parameters = Readonly<Record<string, unknown>>;

const names = ['bon', 'moa', 'none', 'web_search'];

/**
 * For tests of the configuration: a few approaches that stay the same, whatever the gateway's own ones are. `bon` has
 * `candidates` from 1 to 32, `moa` takes no parameters, and `web_search` needs that section. Pipelines take any of them.
 */
export const testCatalogue: ApproachCatalogue = {
  check(name, parameters, settings) {
    const parts = name.split(/[&|]/).map((part) => part.trim());
    const [only, ...others] = parts;
    if (only !== undefined && others.length === 0) return checkOne(only, parameters, [], settings);
    const strange = Object.keys(parameters).find((part) => !parts.includes(part));
    if (strange !== undefined) return { message: `is no stage of ${name}; write one of these`, path: [strange] };
    const faults = parts.map((part) => checkOne(part, (parameters[part] ?? {}) as Parameters, [part], settings));
    return faults.find((fault) => fault !== undefined);
  },
  models: () => [],
};

function checkOne(
  name: string,
  parameters: Parameters,
  path: readonly string[],
  settings: ApproachesConfig,
): ApproachFault | undefined {
  if (!names.includes(name))
    return { message: `there is no approach "${name}"; write one of ${names.join(', ')}`, path: [] };
  if (name === 'web_search' && settings.webSearch === undefined) {
    return { message: 'needs a search; write approaches.web_search', path: [] };
  }
  const unknown = Object.keys(parameters).find((key) => name !== 'bon' || key !== 'candidates');
  if (unknown !== undefined) return { message: `is no parameter of ${name}`, path: [...path, unknown] };
  const { candidates = 3 } = parameters;
  const isGood = Number.isInteger(candidates) && Number(candidates) >= 1 && Number(candidates) <= 32;
  return isGood ? undefined : { message: 'must be a whole number from 1 to 32', path: [...path, 'candidates'] };
}
