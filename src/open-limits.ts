import type { Settings } from './config/config.ts';
import { replicasOf } from './gateway-options.ts';
import type { DegradablePart } from './http/degradation.ts';
import { GovernedLimiter } from './limits/governed-limiter.ts';
import type { Governor } from './limits/governor.ts';
import type { AuthorityState } from './limits/leases/authority-reach.ts';
import { LeaseGovernor } from './limits/leases/lease-governor.ts';
import { type LeaseAuthority, strictMissingMs } from './limits/leases/lease-messages.ts';
import type { LoadUsed } from './limits/leases/stored-use.ts';
import type { Limiter } from './limits/limiter.ts';
import { MemoryGovernor } from './limits/memory-governor.ts';
import { MemoryLimiter } from './limits/memory-limiter.ts';
import type { OpenLedger } from './open-ledger.ts';
import type { Storage } from './storage/storage.ts';
import type { Log } from './telemetry/log.ts';

/** Who counts limits for this process. */
export interface OpenLimits {
  /** Of those who call. */
  readonly governor: Governor;
  /** Of models and of backends' keys. */
  readonly limiter: Limiter;
  /** The store that all machines share; undefined: there is none. */
  readonly store: (() => AuthorityState) | undefined;
  /** Resolves when limits can be checked, or it is known that their store is gone. */
  ready(): Promise<void>;
  /** Gives back what this process holds of them. */
  close(): Promise<void>;
}

export interface LimitsPorts {
  readonly storage: Storage | undefined;
  readonly booked: OpenLedger | undefined;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of the rates of models, where several processes of this machine share them. */
  readonly limiter: Limiter | undefined;
  /** In the process that divides the limits among the workers of this machine. */
  readonly authority: LeaseAuthority | undefined;
}

/** Longer than a store that knows nothing waits at its first start. */
const longestSharedStartMs = 5000;
/** Longer than it takes until all others that are there know of this one, or their leases are over. */
const longestStrictStartMs = 12_000;

/** Limits in Redis where there is one, else over all workers where there are some, else in this process. */
export async function openLimits({ sharedLimits, workers }: Settings, ports: LimitsPorts): Promise<OpenLimits> {
  const { booked, log, env } = ports;
  const { redisUrl, whenStoreLost } = sharedLimits;
  const limiter = ports.limiter ?? new MemoryLimiter();
  const onSettled =
    booked && ((changes: Parameters<OpenLedger['ledger']['settled']>[0]) => booked.ledger.settled(changes));
  const loadUsed = createLoad(ports);
  if (redisUrl !== undefined) {
    const { RedisAuthority } = await import('./limits/leases/redis-authority.ts');
    const isStrict = whenStoreLost === 'refuse';
    const spans = isStrict ? { missing: strictMissingMs } : {};
    const governor = new LeaseGovernor({
      authority: new RedisAuthority({ url: redisUrl, spans }),
      whenLost: whenStoreLost,
      expectedMembers: workers * replicasOf(env),
      onSettled,
      loadUsed,
      onState: ({ ok, error }) => {
        if (ok) log.info({}, 'the shared store of limits is there');
        else log.error({ error, when_store_lost: whenStoreLost }, 'the shared store of limits cannot be reached');
      },
    });
    const longestStartMs = isStrict ? longestStrictStartMs : longestSharedStartMs;
    return leased(governor, new GovernedLimiter(governor), longestStartMs, () => governor.authorityState);
  }
  if (ports.authority !== undefined) {
    const { authority } = ports;
    const governor = new LeaseGovernor({ authority, whenLost: 'share', expectedMembers: workers, onSettled, loadUsed });
    return leased(governor, limiter, longestSharedStartMs, undefined);
  }
  const governor: MemoryGovernor = new MemoryGovernor({
    ...(onSettled && { onSettled }),
    onUnloaded: () => booked?.ledger.loadLimits(governor),
  });
  return { governor, limiter, store: undefined, ready: async () => {}, close: () => governor.close() };
}

/** What everybody may see of the store. */
export function degradableLimits({ store }: OpenLimits): DegradablePart[] {
  if (store === undefined) return [];
  return [
    {
      name: 'limits',
      isDegraded: () => !store().ok,
      state: () => ({ store: store().ok ? 'ok' : 'lost', since: new Date(store().since).toISOString() }),
    },
  ];
}

function leased(
  governor: LeaseGovernor,
  limiter: Limiter,
  longestStartMs: number,
  store: OpenLimits['store'],
): OpenLimits {
  return { governor, limiter, store, ready: () => governor.ready(longestStartMs), close: () => governor.close() };
}

/** What is stored counts only when nothing that was used waits to be stored for longer than a moment. */
function createLoad({ storage, booked }: LimitsPorts): LoadUsed | undefined {
  if (storage === undefined) return undefined;
  return async (periods) => {
    if ((booked?.ledger.state.spooled ?? 0) > 0) throw new Error('usage waits on disk to be stored');
    return storage.usage.counters(periods);
  };
}
