import type { BackendConfig } from '../config/backend-config.ts';
import type { RouteConfig, RoutePolicy } from '../config/route-config.ts';

/**
 * The longest that one try may take in a drill, in milliseconds: half the time of the fault, so that time-outs show
 * while it is there, but not so short that a busy machine is taken for a fault.
 * @param seconds how long the load lasts
 */
export function longestTry(seconds: number): number {
  return Math.round(Math.min(1000, Math.max(300, (seconds * 1000) / 6)));
}

/** A deadline that leaves time for a second try leaves at least this in the drill. */
const shortestRestMs = 300;

type BackendTimes = Pick<BackendConfig, 'timeoutMs' | 'retryDelayMs' | 'loadingWaitMs'>;

/** A backend's own times, none above that of one try in a drill. */
export function shorterTimes(
  { timeoutMs, retryDelayMs, loadingWaitMs }: BackendTimes,
  longestTryMs: number,
): BackendTimes {
  return {
    timeoutMs: Math.min(timeoutMs, longestTryMs),
    retryDelayMs: Math.min(retryDelayMs, longestTryMs),
    loadingWaitMs: Math.min(loadingWaitMs, longestTryMs),
  };
}

/**
 * The times of a route: those of one try not above that in a drill, and those over all tries in the same proportion to a try as
 * they were. So a deadline that leaves no time for a second try leaves none in the drill either, and one that does
 * leaves enough for one.
 * @param timeoutMs the time-out of the backend that fails, as it is configured
 */
export function shorterPolicy(policy: RoutePolicy, timeoutMs: number, longestTryMs: number): RoutePolicy {
  const tryMs = Math.min(timeoutMs, policy.firstOutputMs ?? Number.POSITIVE_INFINITY);
  const factor = Math.min(1, longestTryMs / tryMs);
  const shortTryMs = Math.min(tryMs, longestTryMs);
  const overall = (time: number) => {
    if (time <= tryMs) return Math.min(time, shortTryMs);
    return Math.max(Math.round(time * factor), shortTryMs + Math.min(time - tryMs, shortestRestMs));
  };
  const { firstOutputMs, gapMs, totalMs, maxRetryMs, hedge } = policy;
  const after = hedge?.after;
  return {
    ...policy,
    firstOutputMs: firstOutputMs && Math.min(firstOutputMs, longestTryMs),
    gapMs: gapMs && Math.min(gapMs, longestTryMs),
    totalMs: totalMs && overall(totalMs),
    maxRetryMs: maxRetryMs && overall(maxRetryMs),
    hedge:
      hedge && typeof after === 'number'
        ? { ...hedge, after: Math.min(after, Math.max(20, Math.round(after * factor))) }
        : hedge,
  };
}

/** What of it is shorter in the drill, a line each. */
export function describeShorterTimes(
  backends: Iterable<BackendConfig>,
  routes: Iterable<RouteConfig>,
  longestTryMs: number,
): string[] {
  const lines: string[] = [];
  for (const backend of backends) {
    const short = shorterTimes(backend, longestTryMs);
    const line = (setting: string, was: number, is: number) => {
      if (is < was) lines.push(`${backend.name}: ${setting} ${seconds(was)} became ${seconds(is)}`);
    };
    line('timeout', backend.timeoutMs, short.timeoutMs);
    line('retry_delay', backend.retryDelayMs, short.retryDelayMs);
    const queueMs = backend.concurrency?.queueTimeoutMs ?? 0;
    line('queue_timeout', queueMs, Math.min(queueMs, longestTryMs));
  }
  for (const { name, policy } of routes) {
    for (const [setting, time] of [
      ['first_token', policy.firstOutputMs],
      ['gap', policy.gapMs],
    ] as const) {
      if (time !== undefined && time > longestTryMs)
        lines.push(`${name}: ${setting} ${seconds(time)} became ${seconds(longestTryMs)}`);
    }
    if (lines.length > 0 && [policy.totalMs, policy.maxRetryMs, policy.hedge?.after].some((time) => Number(time) > 0))
      lines.push(`${name}: total, max_time and hedge in the same proportion as the time of one try`);
  }
  return lines;
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}
