import type { ApproachesConfig } from '../config/approaches-config.ts';
import type { BackendConfig } from '../config/backend-config.ts';
import type { Config } from '../config/config.ts';
import { secretFrom } from '../config/key-value.ts';
import { Secret } from '../secret.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A shorter value of a header or a variable says nothing secret, and masking it would spoil what is recorded. */
const shortestHeaderValue = 8;
const secretParameter = /key|token|secret|sig|password|auth/i;

/**
 * Every secret of a configuration that is known as a text: the backends' keys, values of their headers, what servers of
 * tools and the search on the web are given, and the gateway's own keys where they come from the environment; of a key that is given by its SHA-256 only that is known.
 */
export function secretsOf(config: Config, env: Environment): Secret[] {
  const backends = [...config.backends.values(), ...config.providers.values()];
  return [...backends.flatMap(backendSecrets), ...approachSecrets(config.approaches), ...gatewayKeys(config, env)];
}

function backendSecrets({ keys, headers, query }: BackendConfig): Secret[] {
  const secrets = headers
    .filter(([, value]) => value.length >= shortestHeaderValue)
    .map(([, value]) => new Secret(value));
  for (const { credential } of keys) {
    if (credential.kind === 'key' && credential.secret !== undefined) secrets.push(credential.secret);
    if (credential.kind === 'oauth') secrets.push(credential.privateKey);
  }
  return [...secrets, ...querySecrets(query)];
}

function approachSecrets({ mcpServers, webSearch }: ApproachesConfig): Secret[] {
  const servers = [...mcpServers.values()].flatMap((server) => {
    if (server.kind === 'command') return [...server.env.values()];
    return [...server.headers.values(), ...urlSecrets(server.url)];
  });
  const given = servers.filter((secret) => secret.reveal().length >= shortestHeaderValue);
  return webSearch === undefined
    ? given
    : [...given, ...(webSearch.apiKey === undefined ? [] : [webSearch.apiKey]), ...urlSecrets(webSearch.baseUrl ?? '')];
}

function urlSecrets(url: string): Secret[] {
  const { username = '', password = '', search = '' } = URL.parse(url) ?? {};
  const names = [username, password].filter((text) => text !== '').map((text) => new Secret(decodeURIComponent(text)));
  return [...names, ...querySecrets(search)];
}

function querySecrets(query: string): Secret[] {
  const secret = [...new URLSearchParams(query)].filter(([name, value]) => secretParameter.test(name) && value !== '');
  return secret.map(([, value]) => new Secret(value));
}

function gatewayKeys(config: Config, env: Environment): Secret[] {
  if (config.keys.length === 0) return [];
  const digests = new Set(config.keys.map((key) => key.digest.toString('hex')));
  const values = Object.values(env).map((value) => secretFrom(value));
  return values.filter((secret) => secret !== undefined && digests.has(secret.digest().toString('hex'))) as Secret[];
}
