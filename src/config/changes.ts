import type { Config, GatewayKey } from './config.ts';
import { fingerprint } from './fingerprint.ts';

/** Settings that a process takes when it starts; another value of them needs a restart. */
export const restartSettings: ReadonlySet<string> = new Set([
  'listen.host',
  'listen.port',
  'workers',
  'storage.folder',
]);

/** What was added, changed and removed, by name; of settings, which have another value. New keys alone are a change. */
export function describeChanges(before: Config, after: Config) {
  return {
    backends: difference(before.backends, after.backends),
    providers: difference(before.providers, after.providers),
    connectors: difference(before.connectors, after.connectors),
    keys: difference(keysByName(before.keys), keysByName(after.keys)),
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

function difference(before: ReadonlyMap<string, object>, after: ReadonlyMap<string, object>) {
  const added = [...after.keys()].filter((name) => !before.has(name));
  const removed = [...before.keys()].filter((name) => !after.has(name));
  const changed = [...after].filter(([name, value]) => before.has(name) && !isEqual(before.get(name), value));
  return { added, changed: changed.map(([name]) => name), removed };
}

function isEqual(one: unknown, other: unknown): boolean {
  const content = (value: unknown) => fingerprint({ ...(value as object), written: undefined }); // a place is no content
  return content(one) === content(other);
}
