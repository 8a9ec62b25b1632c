import { noApproach } from './approaches-config.ts';
import type { BackendConfig } from './backend-config.ts';
import { listOf, type NameTable } from './name-table.ts';
import type { Resolved } from './resolve-setting.ts';
import type { RouteConfig } from './route-config.ts';
import type { RouteExpander } from './route-expander.ts';
import { routePolicy } from './route-policy.ts';
import { plainTiers } from './routes.ts';
import { isCompound } from './selector.ts';
import { didYouMean } from './suggest.ts';
import { tiersOfSelector, warnOfIdleWeights } from './written-route.ts';

/** What takes the names that nothing else does; at most one of the two. */
export interface DefaultTarget {
  readonly backend: string | undefined;
  readonly route: RouteConfig | undefined;
}

const none: DefaultTarget = { backend: undefined, route: undefined };

/**
 * Finds what `default_backend` means: one backend, or a route of its own.
 * @param typed the backend of `--base-url`, which is the default where nothing else is
 */
export function findDefaultTarget(
  setting: Resolved<string>,
  typed: BackendConfig | undefined,
  names: NameTable,
  expander: RouteExpander,
): DefaultTarget {
  const asked = setting.value;
  if (asked === undefined) return { ...none, backend: typed?.name };
  if (names.isBackend(asked)) return { ...none, backend: asked };
  if (!isCompound(asked) && names.find(asked).kind === 'fault') {
    const there = listOf('the backends are', names.backendNames);
    setting.error(`must be the name of a backend${didYouMean(asked, names.backendNames)}; ${there}`);
    return none;
  }
  const written = tiersOfSelector(asked, setting.spot);
  for (const tier of written ?? []) warnOfIdleWeights(tier);
  const tiers = written && expander.default(written);
  if (!tiers) return none;
  const place = setting.source.replace(/^(flag|environment) /, '');
  const route = { ...noApproach, name: 'default', tiers: plainTiers(tiers), policy: routePolicy({}), place };
  return { ...none, route };
}
