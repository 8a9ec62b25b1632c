import { describe, expect, it } from 'vitest';
import { noApproach } from '../config/approaches-config.ts';
import type { BackendConfig, PoolKey } from '../config/backend-config.ts';
import type { RouteConfig, Strategy, TierConfig } from '../config/route-config.ts';
import { Secret } from '../secret.ts';
import { HealthRegistry } from './health-registry.ts';
import type { Slots } from './slots.ts';
import { backendConfig } from './test-candidates.ts';

function keyOf(value: string, weight = 1): PoolKey {
  return {
    credential: {
      kind: 'key',
      header: 'authorization',
      prefix: 'Bearer ',
      secret: new Secret(value),
      source: 'KEY',
      variable: 'KEY',
    },
    weight,
    requestsPerMinute: undefined,
    tokensPerMinute: undefined,
  };
}

function routeOf(name: string, maxExtra: number | undefined, ...tiers: [Strategy, number][]): RouteConfig {
  const candidate = {
    target: { kind: 'backend', backend: 'a', model: 'm' },
    weight: 1,
    conditions: undefined,
    parameters: new Map<string, string>(),
  } as const;
  return {
    name,
    ...noApproach,
    tiers: tiers.map(([strategy, count]): TierConfig => ({ strategy, candidates: Array(count).fill(candidate) })),
    policy: {
      firstOutputMs: undefined,
      gapMs: undefined,
      totalMs: undefined,
      maxAttempts: undefined,
      maxRetryMs: undefined,
      hedge: maxExtra === undefined ? undefined : { after: 'p95', maxExtra },
      affinity: true,
    },
    place: 'config/headrace.yaml:1:1',
  };
}

const concurrency = { maxConcurrent: 1, queueSize: 0, queueTimeoutMs: 1000 };

function take(slots: Slots | undefined) {
  return slots?.take({ caller: 'a', nice: false, deadlineAt: undefined, signal: new AbortController().signal });
}

describe('HealthRegistry', () => {
  it('gives the same objects after a reload with nothing changed', () => {
    const registry = new HealthRegistry();
    const load = () => {
      const backend = backendConfig('a', { keys: [keyOf('k1'), keyOf('k2')], concurrency: { ...concurrency } });
      return [
        registry.candidate(backend, 'm'),
        registry.candidate(backend, 'n'),
        registry.keys(backend),
        registry.slots(backend),
        registry.allowance(routeOf('r', 0.05, ['ordered', 2])),
      ];
    };
    const before = load();
    const after = load();
    expect(before).not.toContain(undefined);
    expect(new Set(before).size).toBe(5);
    before.forEach((one, index) => {
      expect(after[index]).toBe(one);
    });
  });

  it('starts anew where another thing is meant', () => {
    const registry = new HealthRegistry();
    const healthOf = (changes: Partial<BackendConfig>, name = 'a') =>
      registry.candidate(backendConfig(name, changes), 'm');
    const others = [
      healthOf({}),
      healthOf({}, 'b'),
      healthOf({ baseUrl: 'http://127.0.0.1:10' }),
      healthOf({ breaker: { failures: 1, openMs: 1, longestMs: 1 } }),
      healthOf({ origin: 'connectors' }),
      registry.candidate(backendConfig('a'), 'other'),
    ];
    expect(new Set(others).size).toBe(6);
    expect(healthOf({ timeoutMs: 1, keys: [keyOf('other')], place: 'elsewhere', origin: 'vendor' })).toBe(others[0]);
  });

  it('makes new keys of other credentials or weights', () => {
    const registry = new HealthRegistry();
    const keysOf = (...keys: PoolKey[]) => registry.keys(backendConfig('a', { keys }));
    const first = keysOf(keyOf('k1'), keyOf('k2'));
    expect(keysOf(keyOf('k1'), keyOf('k2'))).toBe(first);
    const second = keysOf(keyOf('k1'), keyOf('k3'));
    expect(second).not.toBe(first);
    expect(keysOf(keyOf('k1', 2), keyOf('k3'))).not.toBe(second);
    expect(second.keys.map(({ credential }) => credential.kind === 'key' && credential.secret?.reveal())).toEqual([
      'k1',
      'k3',
    ]);
  });

  it('keeps what is known of a key that stays', () => {
    let now = 1000;
    const registry = new HealthRegistry({ now: () => now });
    const keysOf = (...keys: PoolKey[]) => registry.keys(backendConfig('a', { keys }));
    keysOf(keyOf('k1'), keyOf('k2')).limited(0, 'm', 5000);
    expect(keysOf(keyOf('k1'), keyOf('k3')).choose('m', 0, 0)).toEqual({ usable: [1] });
    now += 5000;
    expect(keysOf(keyOf('k1'), keyOf('k3')).choose('m', 1, 0).usable).toHaveLength(2);
  });

  it('keeps the places of a backend whose limits change', () => {
    const registry = new HealthRegistry();
    const slotsOf = (limit: typeof concurrency | undefined) =>
      registry.slots(backendConfig('a', { concurrency: limit }));
    expect(slotsOf(undefined)).toBeUndefined();
    const slots = slotsOf(concurrency);
    take(slots);
    expect(slots?.isFull).toBe(true);
    expect(slotsOf({ ...concurrency, maxConcurrent: 2 })).toBe(slots);
    expect(slots?.isFull).toBe(false);
    expect(slotsOf(undefined)).toBeUndefined();
    expect(slotsOf(concurrency)).toBe(slots);
    expect(slots?.isFull).toBe(true);
  });

  it('asks another process for places where it is told to', () => {
    const opened: string[] = [];
    const registry = new HealthRegistry({
      slots: {
        open: (name) => {
          opened.push(name);
          return { isFull: true, expectedWaitMs: 7, take: () => () => {}, reconfigure: () => {} };
        },
      },
    });
    const backend = backendConfig('a', { concurrency });
    expect(registry.slots(backend)?.expectedWaitMs).toBe(7);
    registry.slots(backendConfig('a', { concurrency, origin: 'connectors' }));
    registry.slots(backend);
    registry.slots(backendConfig('a', { concurrency }));
    expect(opened).toEqual(['a', 'a of the connectors']);
  });

  it('holds 100,000 candidates, those that were asked for last', () => {
    const registry = new HealthRegistry();
    const backend = backendConfig('a');
    const other = backendConfig('b');
    const kept = registry.candidate(other, 'm');
    const lost = registry.candidate(backend, 'lost');
    for (let i = 0; i < 99_998; i++) registry.candidate(backend, `m${i}`);
    expect(registry.candidate(other, 'm')).toBe(kept);
    registry.candidate(backend, 'one more');
    expect(registry.candidate(other, 'm')).toBe(kept);
    expect(registry.candidate(backend, 'lost')).not.toBe(lost);
  });

  it('allows a race as many extra calls as it has rivals, where no hedging says otherwise', () => {
    const registry = new HealthRegistry();
    const extras = (route: RouteConfig) => {
      const allowance = registry.allowance(route);
      let taken = 0;
      for (let i = 0; i < 100; i++) allowance?.called();
      while (allowance?.take()) taken++;
      return taken;
    };
    expect(registry.allowance(routeOf('plain', undefined, ['ordered', 2]))).toBeUndefined();
    expect(registry.allowance(routeOf('none', 0, ['race', 2]))).toBeUndefined();
    expect(extras(routeOf('race', undefined, ['ordered', 5], ['race', 3]))).toBe(201);
    expect(extras(routeOf('hedged race', 0.1, ['race', 3]))).toBe(11);
    const first = registry.allowance(routeOf('r', 0.1, ['ordered', 2]));
    expect(registry.allowance(routeOf('r', 0.1, ['ordered', 3]))).toBe(first);
    expect(registry.allowance(routeOf('r', 0.2, ['ordered', 2]))).not.toBe(first);
    expect(registry.allowance(routeOf('s', 0.1, ['ordered', 2]))).not.toBe(first);
  });
});
