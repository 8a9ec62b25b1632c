import * as z from 'zod';
import { backendUrlProblem } from '../backend-url.ts';
import { keyProblem } from '../key-value.ts';
import { privateKeyProblem } from '../private-key.ts';
import { publicNameProblem } from '../public-name.ts';
import { fieldHints, text } from './fields.ts';

/** A connector: one model under a public name of the operator's own. */
export const connectorTable = z
  .strictObject({
    internal: text('The name that clients send and that the model list shows. Used once in the whole file.', {
      example: '"my-model"',
      check: publicNameProblem,
    }),
    external: text('The name that goes to the provider.', { example: '"gpt-4o-2024-11-20"' }),
  })
  .describe('A connector: one model of the provider.');

const oauth = z
  .strictObject({
    private_key: text('The RSA key that signs the assertion, as PEM.', {
      expects: 'an RSA private key as PEM, of 2048 bits or more',
      example: '"""-----BEGIN PRIVATE KEY-----..."""',
      check: privateKeyProblem,
    }),
    token_url: text('Where tokens are granted.', {
      expects: 'a URL that begins with http:// or https://',
      example: '"https://oauth2.example.com/token"',
      check: (value) => backendUrlProblem(value, { query: true, keySetting: 'private_key' }),
    }),
    issuer: text('The `iss` of the assertion.', { example: '"gateway@example.com"' }),
    audience: text('The `aud` of the assertion.', { example: '"https://oauth2.example.com/token"' }),
    scope: text('The `scope` of the assertion.', { example: '"models.read"' }).optional(),
  })
  .describe('A token from an RFC 7523 grant instead of a key.');

/** A provider and, under any other name, its connectors. */
export const providerTable = z
  .object({
    base_url: text('Where the API is, with its version path. A route such as `/chat/completions` is appended.', {
      expects: 'a URL that begins with http:// or https://',
      example: '"https://api.example.com/v1"',
      check: (value) => backendUrlProblem(value, { query: false, keySetting: 'api_key' }),
    }),
    api_key: text('The key, sent as `Authorization: Bearer`. For a server without keys any word will do.', {
      example: `"\${MY_API_KEY}"`,
      check: keyProblem,
    }).optional(),
    oauth: oauth.optional(),
  })
  .catchall(connectorTable)
  .describe('A provider. Every table in it but `oauth` is a connector.');

fieldHints.add(providerTable, {
  hints: {
    api_key_env_var: `unknown field (did you mean api_key?); for a key in the environment write api_key = "\${NAME}"`,
  },
});

/** `external-api-connectors.toml`: providers by label. */
export const connectorsFile = z
  .record(z.string(), providerTable)
  .describe('Models of other providers under names of your own.')
  .meta({ title: 'external-api-connectors.toml' });

export type ProviderTable = z.output<typeof providerTable>;
