import type { Loose } from './check-tree.ts';
import type { EffectiveSetting, GatewayKey } from './config.ts';
import { readMoment } from './expiry.ts';
import type { Environment } from './flags.ts';
import { secretFrom } from './key-value.ts';
import { checkTier, readLimits } from './limit-section.ts';
import type { SettingContext, SettingsTree } from './resolve-setting.ts';
import type { SettingsFile } from './schema/settings-file.ts';
import { didYouMean } from './suggest.ts';
import { nodeAt, type Path, type Place } from './tree.ts';

type KeyEntry = NonNullable<NonNullable<Loose<SettingsFile>['keys']>[number]>;

/** The gateway's own keys, and how each shows in `--print-config`. */
export interface GatewayKeys {
  readonly keys: readonly GatewayKey[];
  readonly effective: readonly EffectiveSetting[];
  /** Whether keys are wanted at all, also where one of them has a problem. */
  readonly wanted: boolean;
}

const adminVariable = 'HEADRACE_ADMIN_KEY';

interface Found {
  readonly key: GatewayKey;
  readonly shown: EffectiveSetting;
}

/** Reads the keys of `headrace.yaml` and `HEADRACE_ADMIN_KEY`. */
export function loadGatewayKeys(context: SettingContext): GatewayKeys {
  const found: Found[] = [];
  const admin = secretFrom(context.env[adminVariable]);
  if (admin) {
    found.push({
      key: {
        name: 'admin',
        digest: admin.digest(),
        last4: admin.hint().slice(-4),
        role: 'admin',
        models: undefined,
        source: `environment ${adminVariable}`,
      },
      shown: {
        name: 'keys.admin',
        value: `env ${adminVariable} ${admin.hint()}`.trimEnd(),
        source: `environment ${adminVariable}`,
      },
    });
  }
  const entries = context.file?.value.keys ?? [];
  for (const [index, entry] of entries.entries()) {
    if (!context.file || !entry) continue;
    const key = readKey(entry, ['keys', index], context.file, context.env);
    if (key && isNew(key, found, ['keys', index], context.file)) found.push(key);
  }
  return {
    keys: found.map(({ key }) => key),
    effective: found.map(({ shown }) => shown),
    wanted: found.length > 0 || entries.length > 0,
  };
}

function readKey(entry: KeyEntry, path: Path, file: SettingsTree, env: Environment): Found | undefined {
  const at = (name: string): Place | undefined => nodeAt(file.tree, [...path, name])?.place;
  if (at('key_env_var') && at('sha256')) {
    file.report.error(
      at('sha256'),
      [...path, 'sha256'],
      'only one of key_env_var and sha256 may be given; leave one out',
    );
    return undefined;
  }
  const given = givenKey(entry, path, file, env);
  if (!given || entry.name === undefined) return undefined;
  const place = nodeAt(file.tree, path)?.place;
  const source = `${file.report.name}:${place?.line}:${place?.column}`;
  checkGroups(entry, path, file);
  const { name, role = 'user', owner, team, tier, limits, expires_at: expiry } = entry;
  return {
    key: {
      name,
      digest: given.digest,
      last4: given.last4,
      role,
      models: entry.models?.filter((model) => model !== undefined),
      owner,
      team,
      tags: [...new Set(entry.tags?.filter((tag) => tag !== undefined))],
      tier,
      limits: limits && readLimits(limits),
      expiresAt: expiry === undefined ? undefined : readMoment(expiry),
      source,
    },
    shown: { name: `keys.${name}`, value: given.shown, source },
  };
}

/** What a key stands under must be there: a misspelt name would mean no limit at all. */
function checkGroups(entry: KeyEntry, path: Path, file: SettingsTree): void {
  const { team } = entry;
  checkTier(entry.tier, [...path, 'tier'], file, namesIn('tiers', file));
  const teams = namesIn('teams', file);
  if (team === undefined || teams.includes(team)) return;
  const there = teams.length === 0 ? 'there are none; write it under teams' : `the teams are ${teams.join(', ')}`;
  const place = nodeAt(file.tree, [...path, 'team'])?.place;
  file.report.error(place, [...path, 'team'], `must be the name of a team${didYouMean(team, teams)}; ${there}`);
}

/** Those with faults of their own are there all the same. */
function namesIn(section: 'tiers' | 'teams', file: SettingsTree): string[] {
  const node = nodeAt(file.tree, [section]);
  return node?.kind === 'mapping' ? [...node.entries.keys()] : [];
}

function givenKey(
  entry: KeyEntry,
  path: Path,
  file: SettingsTree,
  env: Environment,
): { digest: Buffer; shown: string; last4: string } | undefined {
  if (entry.sha256 !== undefined) {
    return { digest: Buffer.from(entry.sha256, 'hex'), shown: 'sha256', last4: '' };
  }
  const variable = entry.key_env_var;
  const written = (name: string) => nodeAt(file.tree, [...path, name]);
  if (variable === undefined) {
    if (!written('key_env_var') && !written('sha256') && !written('key')) {
      file.report.error(
        nodeAt(file.tree, path)?.place,
        path,
        'required: key_env_var with the name of the variable that holds the key, or sha256',
      );
    }
    return undefined;
  }
  const secret = secretFrom(env[variable]);
  if (!secret) {
    file.report.error(
      written('key_env_var')?.place,
      [...path, 'key_env_var'],
      `the environment variable ${variable} is not set or empty; set it, or take this key out`,
    );
    return undefined;
  }
  const shown = `env ${variable} ${secret.hint()}`.trimEnd();
  return { digest: secret.digest(), shown, last4: secret.hint().slice(-4) };
}

function isNew(candidate: Found, found: readonly Found[], path: Path, file: SettingsTree): boolean {
  const { key } = candidate;
  const sameName = found.find((other) => other.key.name === key.name);
  if (sameName) {
    const where = sameName.shown.source === `environment ${adminVariable}` ? `of ${adminVariable}` : 'of another key';
    file.report.error(
      nodeAt(file.tree, [...path, 'name'])?.place,
      [...path, 'name'],
      `is already the name ${where}; write another`,
    );
  }
  const sameKey = found.find((other) => other.key.digest.equals(key.digest));
  if (sameKey && !sameName) {
    file.report.error(
      nodeAt(file.tree, path)?.place,
      path,
      `has the same key as ${sameKey.key.name}; each needs a key of its own`,
    );
  }
  return !sameName && !sameKey;
}
