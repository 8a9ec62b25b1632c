import type { IdempotencySettings } from './config.ts';
import { type Resolved, resolveSetting, type SettingContext } from './resolve-setting.ts';
import { idempotencyDefaults } from './schema/idempotency-section.ts';
import { settingSources } from './setting-sources.ts';

/** The settings of `idempotency`, before they are put together. */
export interface ResolvedIdempotency {
  readonly idempotencyKeep: Resolved<number>;
  readonly idempotencyLinger: Resolved<number>;
  readonly idempotencyMaxBytes: Resolved<number>;
  readonly idempotencyMaxAnswerBytes: Resolved<number>;
}

export function resolveIdempotency(context: SettingContext): ResolvedIdempotency {
  return {
    idempotencyKeep: resolveSetting(settingSources.idempotencyKeep, context),
    idempotencyLinger: resolveSetting(settingSources.idempotencyLinger, context),
    idempotencyMaxBytes: resolveSetting(settingSources.idempotencyMaxBytes, context),
    idempotencyMaxAnswerBytes: resolveSetting(settingSources.idempotencyMaxAnswerBytes, context),
  };
}

export function idempotencySettings(resolved: ResolvedIdempotency): IdempotencySettings {
  return {
    keepMs: Math.round((resolved.idempotencyKeep.value ?? idempotencyDefaults.keep) * 1000),
    lingerMs: Math.round((resolved.idempotencyLinger.value ?? idempotencyDefaults.linger) * 1000),
    maxBytes: resolved.idempotencyMaxBytes.value ?? idempotencyDefaults.max_bytes,
    maxAnswerBytes: resolved.idempotencyMaxAnswerBytes.value ?? idempotencyDefaults.max_answer_bytes,
  };
}
