import { didYouMean } from '../config/suggest.ts';
import { GatewayError } from '../gateway-error.ts';
import type { AccessDirectory } from './access-directory.ts';

interface Named {
  readonly name?: string;
  readonly team?: string | undefined;
  readonly tier?: string | undefined;
  readonly expiresAt?: number | undefined;
}

/**
 * Whether the names of a key mean what they should: its own nobody else, its team and tier something.
 * @param id the key that has them, where it is there already
 * @throws GatewayError that names the field
 */
export function checkNames(named: Named, directory: AccessDirectory, id?: string): void {
  const { name, team, tier, expiresAt } = named;
  const other = directory.keys.find((key) => key.name === name && key.id !== id);
  if (name !== undefined && other !== undefined) {
    const where = other.source === undefined ? 'another key' : `a key of ${other.source}`;
    throw new GatewayError('conflict', `"${name}" is the name of ${where}; choose another`, { param: 'name' });
  }
  if (team !== undefined && !directory.teams.has(team)) {
    const message = `there is no team "${team}"${didYouMean(team, directory.teams.keys())}; make it first`;
    throw new GatewayError('invalid_request', message, { param: 'team' });
  }
  checkTier(tier, directory);
  if (expiresAt !== undefined && expiresAt <= Date.now()) {
    const message = 'expires_at is in the past; give a later moment, or disable the key';
    throw new GatewayError('invalid_request', message, { param: 'expires_at' });
  }
}

/** @throws GatewayError where no such tier stands in the file */
export function checkTier(tier: string | undefined, directory: AccessDirectory): void {
  if (tier === undefined || directory.tiers.has(tier)) return;
  const known = [...directory.tiers.keys()];
  const hint = didYouMean(tier, known) || (known.length > 0 ? `; there are ${known.slice(0, 20).join(', ')}` : '');
  const message = `there is no tier "${tier}" in headrace.yaml${hint}`;
  throw new GatewayError('invalid_request', message, { param: 'tier' });
}
