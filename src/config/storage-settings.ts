import { resolve as resolvePath } from 'node:path';
import { Secret } from '../secret.ts';
import type { EffectiveSetting, StorageSettings } from './config.ts';
import type { ConfigFolder } from './config-folder.ts';
import { type Resolved, resolveSetting, type SettingContext } from './resolve-setting.ts';
import { storageDefaults } from './schema/storage-section.ts';
import { settingSources } from './setting-sources.ts';
import { shownStorageUrl } from './storage-url.ts';

/** The settings of `storage`, before they are put together. */
export interface ResolvedStorage {
  readonly storageFolder: Resolved<string>;
  readonly storageUrl: Resolved<string>;
  readonly flushInterval: Resolved<number>;
  readonly keepUsage: Resolved<number>;
  readonly keepUsageSums: Resolved<number>;
}

/** What folders start from. */
export interface StoragePlaces {
  readonly folder: ConfigFolder;
  readonly cwd: string;
  /** Where state goes that nobody said a place for, absolute; undefined: nowhere. */
  readonly stateFolder: string | undefined;
}

export function resolveStorage(context: SettingContext): ResolvedStorage {
  return {
    storageFolder: resolveSetting(settingSources.storageFolder, context),
    storageUrl: resolveSetting(settingSources.storageUrl, context),
    flushInterval: resolveSetting(settingSources.flushInterval, context),
    keepUsage: resolveSetting(settingSources.keepUsage, context),
    keepUsageSums: resolveSetting(settingSources.keepUsageSums, context),
  };
}

export function storageSettings(resolved: ResolvedStorage, places: StoragePlaces): StorageSettings {
  const { storageFolder, storageUrl, flushInterval, keepUsage, keepUsageSums } = resolved;
  const base = storageFolder.from === 'file' ? places.folder.absolute : places.cwd;
  const written = storageFolder.value;
  return {
    folder: written === undefined ? places.stateFolder : written === 'none' ? undefined : resolvePath(base, written),
    isFolderDefault: written === undefined,
    url: storageUrl.value === undefined ? undefined : new Secret(storageUrl.value),
    flushIntervalMs: Math.round((flushInterval.value ?? storageDefaults.flush_interval) * 1000),
    keepUsageMs: daysMs(keepUsage.value ?? storageDefaults.keep_usage),
    keepUsageSumsMs: daysMs(keepUsageSums.value ?? storageDefaults.keep_usage_sums),
  };
}

/** As they may be shown: a URL without its password, the default folder where it is. */
export function shownStorage(resolved: ResolvedStorage, { stateFolder }: StoragePlaces): EffectiveSetting[] {
  const { storageFolder, storageUrl, flushInterval, keepUsage, keepUsageSums } = resolved;
  return [storageFolder, storageUrl, flushInterval, keepUsage, keepUsageSums].map((one) => {
    const { name, value, source } = one;
    if (one === resolved.storageUrl && typeof value === 'string')
      return { name, value: shownStorageUrl(value), source };
    return { name, value: one === resolved.storageFolder ? (value ?? stateFolder) : value, source };
  });
}

function daysMs(days: number): number | undefined {
  return days === 0 ? undefined : days * 86_400_000;
}
