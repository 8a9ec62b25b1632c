import type { Config, GatewayKey } from './config.ts';
import { isSame } from './fingerprint.ts';
import { Pace } from './pace.ts';

/** Settings that a process takes when it starts; another value of them needs a restart. */
export const restartSettings: ReadonlySet<string> = new Set([
  'listen.host',
  'listen.port',
  'workers',
  'limits.redis_url',
  'limits.when_store_lost',
  'storage.folder',
  'storage.url',
  'storage.flush_interval',
  'storage.keep_usage',
  'storage.keep_usage_sums',
]);

/**
 * What was added, changed and removed, by name; of settings, which have another value. New keys alone are a change.
 * Leaves room for other work meanwhile.
 */
export async function describeChanges(before: Config, after: Config) {
  const pace = new Pace();
  return {
    backends: await difference(before.backends, after.backends, pace),
    providers: await difference(before.providers, after.providers, pace),
    connectors: await difference(before.connectors, after.connectors, pace),
    routes: await difference(before.routes, after.routes, pace),
    keys: await difference(keysByName(before.keys), keysByName(after.keys), pace),
    settings: changedSettings(before, after),
  };
}

/** The names of the settings whose values differ. */
export function changedSettings(before: Config, after: Config): string[] {
  const values = new Map(before.settings.effective.map(({ name, value }) => [name, value]));
  return after.settings.effective.filter(({ name, value }) => values.get(name) !== value).map(({ name }) => name);
}

function keysByName(keys: readonly GatewayKey[]): ReadonlyMap<string, GatewayKey> {
  return new Map(keys.map((key) => [key.name, key]));
}

async function difference(before: ReadonlyMap<string, object>, after: ReadonlyMap<string, object>, pace: Pace) {
  const added = [...after.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !after.has(name));
  const changed: string[] = [];
  for (const [name, value] of after) {
    const earlier = before.get(name);
    if (earlier === undefined || earlier === value) continue;
    await pace.turn();
    if (!isEqual(earlier, value)) changed.push(name);
  }
  return { added, changed, removed };
}

function isEqual(one: object, other: object): boolean {
  // Where a backend's values, a route and a key stand is no content.
  const content = (value: object) => ({
    ...value,
    written: undefined,
    ...('tiers' in value && { place: '' }),
    ...('digest' in value && { source: '' }),
  });
  return isSame(content(one), content(other));
}
