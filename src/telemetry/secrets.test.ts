import { expect, it } from 'vitest';
import { startTestGateway } from '../../test/harness/test-gateway.ts';
import type { Credential } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import { unpooled } from '../config/unpooled.ts';
import { Secret } from '../secret.ts';
import { secretsOf } from './secrets.ts';

function key(value: string): Credential {
  const secret = new Secret(value);
  return { kind: 'key', header: 'authorization', prefix: 'Bearer ', secret, source: 'K', variable: 'K' };
}

const approaches = { mcpServers: new Map(), webSearch: undefined };

it('knows every key of a backend', () => {
  const credentials = [key('first-key-12345'), key('second-key-12345')];
  const [one, two] = credentials.map((credential) => unpooled(credential));
  const backend = { ...one, keys: [...(one?.keys ?? []), ...(two?.keys ?? [])], headers: [], query: '' };
  const config = {
    backends: new Map([['b', backend]]),
    providers: new Map(),
    keys: [],
    approaches,
  } as unknown as Config;
  const secrets = secretsOf(config, {});
  expect(secrets.map((secret) => secret.reveal())).toEqual(['first-key-12345', 'second-key-12345']);
});

it('knows what servers of tools and the search on the web are given', async () => {
  const { gateway } = await startTestGateway({
    files: {
      'headrace.yaml': JSON.stringify({
        approaches: {
          mcp_servers: {
            program: { command: '/bin/true', env: { TOKEN: 'env-value-12345', MODE: 'fast' } },
            remote: {
              url: 'http://127.0.0.1:9/mcp?api_key=query-key-12345&mode=read-only-mode',
              headers: { 'X-Key': 'header-key-12345' },
            },
          },
          web_search: { provider: 'brave', api_key_env_var: 'SEARCH_KEY' },
        },
      }),
    },
    env: { SEARCH_KEY: 'search-key-12345' },
  });
  const known = secretsOf(gateway.runtime.config, {}).map((secret) => secret.reveal());
  expect(known.toSorted()).toEqual(['env-value-12345', 'header-key-12345', 'query-key-12345', 'search-key-12345']);
});
