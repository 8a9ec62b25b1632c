import { hash, randomBytes } from 'node:crypto';
import { Secret } from '../secret.ts';

/** What is kept of a secret that is made here, and the secret itself, which is shown once. */
export interface NewSecret {
  readonly secret: Secret;
  readonly sha256: string;
  readonly last4: string;
}

/** `sk-hr-` and 256 random bits. */
export function createSecret(): NewSecret {
  const value = `sk-hr-${randomBytes(32).toString('base64url')}`;
  return { secret: new Secret(value), sha256: hash('sha256', value), last4: value.slice(-4) };
}

/** `key_` and 16 random characters. */
export function createKeyId(): string {
  return `key_${randomBytes(12).toString('base64url')}`;
}
