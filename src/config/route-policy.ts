import { readRepetition } from './brake-settings.ts';
import { milliseconds } from './build-backend.ts';
import { durationMs, shareOf } from './duration.ts';
import type { HedgeConfig, RoutePolicy } from './route-config.ts';
import { hedgeDefaults } from './schema/routes-section.ts';
import type { RouteValue } from './written-route.ts';

/** How a route is tried, from the units of the file. */
export function routePolicy({ timeouts, retry, hedge, affinity, brake }: RouteValue): RoutePolicy {
  const time = (seconds: number | undefined) => (seconds === undefined ? undefined : milliseconds(seconds));
  return {
    firstOutputMs: time(timeouts?.first_token),
    gapMs: time(timeouts?.gap),
    totalMs: time(timeouts?.total),
    maxAttempts: retry?.max_attempts,
    maxRetryMs: time(retry?.max_time),
    hedge: hedge && hedgeConfig(hedge),
    affinity: affinity ?? true,
    repetition: readRepetition(brake),
  };
}

function hedgeConfig({ after, max_extra }: NonNullable<RouteValue['hedge']>): HedgeConfig {
  const time = after === undefined || after === 'p95' ? undefined : durationMs(after);
  return {
    after: time === undefined ? 'p95' : Math.max(1, Math.round(time)),
    maxExtra: (max_extra === undefined ? undefined : shareOf(max_extra)) ?? hedgeDefaults.max_extra,
  };
}
