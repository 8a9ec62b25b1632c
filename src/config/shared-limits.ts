import { Secret } from '../secret.ts';
import type { EffectiveSetting, SharedLimitsSettings } from './config.ts';
import { type Resolved, resolveSetting, type SettingContext } from './resolve-setting.ts';
import { settingSources } from './setting-sources.ts';

/** How limits are shared by several machines, before it is put together. */
export interface ResolvedSharedLimits {
  readonly limitsRedisUrl: Resolved<string>;
  readonly limitsWhenStoreLost: Resolved<'share' | 'refuse'>;
}

export function resolveSharedLimits(context: SettingContext): ResolvedSharedLimits {
  return {
    limitsRedisUrl: resolveSetting(settingSources.limitsRedisUrl, context),
    limitsWhenStoreLost: resolveSetting(settingSources.limitsWhenStoreLost, context),
  };
}

export function sharedLimitsSettings(resolved: ResolvedSharedLimits): SharedLimitsSettings {
  const url = resolved.limitsRedisUrl.value;
  return {
    redisUrl: url === undefined ? undefined : new Secret(url),
    whenStoreLost: resolved.limitsWhenStoreLost.value ?? 'share',
  };
}

/** As it may be shown: without the password. */
export function shownSharedLimits({ limitsRedisUrl }: ResolvedSharedLimits): EffectiveSetting[] {
  const { name, value, source } = limitsRedisUrl;
  return value === undefined ? [] : [{ name, value: shownRedisUrl(value), source }];
}

function shownRedisUrl(text: string): string {
  if (!URL.canParse(text)) return 'redis://...';
  const { protocol, username, hostname, port, pathname } = new URL(text);
  return `${protocol}//${username === '' ? '' : `${username}@`}${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
}
