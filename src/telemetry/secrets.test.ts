import { expect, it } from 'vitest';
import type { Config, Credential } from '../config/config.ts';
import { unpooled } from '../config/unpooled.ts';
import { Secret } from '../secret.ts';
import { secretsOf } from './secrets.ts';

function key(value: string): Credential {
  const secret = new Secret(value);
  return { kind: 'key', header: 'authorization', prefix: 'Bearer ', secret, source: 'K', variable: 'K' };
}

it('knows every key of a backend', () => {
  const credentials = [key('first-key-12345'), key('second-key-12345')];
  const [one, two] = credentials.map((credential) => unpooled(credential));
  const backend = { ...one, keys: [...(one?.keys ?? []), ...(two?.keys ?? [])], headers: [], query: '' };
  const config = { backends: new Map([['b', backend]]), providers: new Map(), keys: [] } as unknown as Config;
  const secrets = secretsOf(config, {});
  expect(secrets.map((secret) => secret.reveal())).toEqual(['first-key-12345', 'second-key-12345']);
});
