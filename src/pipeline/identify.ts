import { hash, timingSafeEqual } from 'node:crypto';
import type { GatewayKey } from '../config/config.ts';
import { GatewayError } from '../gateway-error.ts';
import type { Caller } from '../types/caller.ts';

const anonymous: Caller = { name: 'anonymous', role: 'admin', models: undefined };

/** Knows callers by their keys. */
export class KeyRing {
  readonly #keys: readonly { digest: Buffer; caller: Caller }[];

  constructor(keys: readonly GatewayKey[]) {
    this.#keys = keys.map((key) => ({
      digest: key.digest,
      caller: { name: key.name, role: key.role, models: key.models && new Set(key.models) },
    }));
  }

  /**
   * Who sends this key. With no key configured everybody may do everything, since the gateway then listens on loopback
   * only, and whatever a client sends is accepted.
   * @param authorization the header `Authorization`, with or without `Bearer`
   * @param apiKey the header `x-api-key`
   * @throws GatewayError `invalid_api_key`
   */
  identify(authorization: string | undefined, apiKey: string | undefined): Caller {
    if (this.#keys.length === 0) return anonymous;
    const sent = readKey(authorization) ?? apiKey?.trim();
    if (!sent) throw refused('a key is needed: send it as "Authorization: Bearer <key>" or as "x-api-key: <key>"');
    const digest = hash('sha256', sent, 'buffer');
    let found: Caller | undefined;
    // All are compared, in constant time, so that the time says nothing about any of them.
    for (const key of this.#keys) if (timingSafeEqual(key.digest, digest)) found ??= key.caller;
    if (found === undefined) throw refused('this key of the gateway is not valid');
    return found;
  }
}

function readKey(authorization: string | undefined): string | undefined {
  const text = authorization?.trim();
  if (!text) return undefined;
  const bearer = /^bearer\s+(.*)$/i.exec(text);
  return (bearer ? bearer[1] : text)?.trim() || undefined;
}

function refused(message: string): GatewayError {
  return new GatewayError('invalid_api_key', message, { headers: [['www-authenticate', 'Bearer']] });
}
