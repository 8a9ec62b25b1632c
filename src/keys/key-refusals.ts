import { GatewayError } from '../gateway-error.ts';
import type { AccessDirectory } from './access-directory.ts';
import type { KeyRecord } from './key-record.ts';

/** The refusal of who has no key that is good. */
export function unknownKey(message: string): GatewayError {
  return new GatewayError('invalid_api_key', message, { headers: [['www-authenticate', 'Bearer']] });
}

/** Said only to who has the right secret. */
export function expired(since: number): GatewayError {
  return unknownKey(`this key has expired (${new Date(since).toISOString()}); ask for a new one`);
}

/** Why a key is refused to who has its secret, whatever the time; undefined: it is not. */
export function refusalOf(key: KeyRecord, directory: AccessDirectory): (() => GatewayError) | undefined {
  if (key.disabledAt !== undefined) return () => unknownKey('this key is disabled; an admin can enable it');
  const message = messageOf(key, directory);
  return message === undefined ? undefined : () => new GatewayError('permission_denied', message);
}

function messageOf(key: KeyRecord, directory: AccessDirectory): string | undefined {
  if (directory.isNameTaken(key)) {
    return `the name "${key.name}" of this key is that of another one, of headrace.yaml; an admin can rename either`;
  }
  if (key.team !== undefined && !directory.teams.has(key.team)) {
    return `the team "${key.team}" of this key was deleted; an admin can make it again, or give the key another one`;
  }
  const tier = directory.missingTier(key);
  if (tier === undefined) return undefined;
  return `the tier "${tier}", from which this key has limits, is not in headrace.yaml any more; an admin can put it back`;
}
