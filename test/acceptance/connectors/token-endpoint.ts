import { generateKeyPairSync, verify } from 'node:crypto';
import {
  type MockReply,
  type MockServer,
  type RecordedRequest,
  startFakeBackend,
} from '../../fake-backend/fake-backend.ts';

export const keyPair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

export interface TokenEndpoint {
  readonly server: MockServer;
  /** Where tokens are granted. */
  readonly url: string;
  /** The claims of every assertion that was good. */
  readonly claims: Record<string, unknown>[];
}

/** Grants `token-1`, `token-2` ... for assertions that are signed with the key; anything else is refused. */
export async function startTokenEndpoint(
  fields: Record<string, unknown> = { expires_in: 3600 },
): Promise<TokenEndpoint> {
  const claims: Record<string, unknown>[] = [];
  const grant = (request: RecordedRequest): MockReply => {
    const found = readAssertion(request);
    if (typeof found === 'string') return { status: 400, json: { error: 'invalid_grant', error_description: found } };
    claims.push(found);
    return { delay_ms: 30, json: { access_token: `token-${claims.length}`, token_type: 'Bearer', ...fields } };
  };
  const server = await startFakeBackend({ routes: [{ path: '/oauth/token', method: 'POST', replies: grant }] });
  return { server, url: `${server.url}/oauth/token`, claims };
}

/** The claims; a text says what is wrong with the request. */
function readAssertion(request: RecordedRequest): Record<string, unknown> | string {
  if (request.headers['content-type'] !== 'application/x-www-form-urlencoded') return 'no form';
  const form = new URLSearchParams(request.body.toString());
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return 'wrong grant_type';
  const [head = '', payload = '', signature = ''] = (form.get('assertion') ?? '').split('.');
  const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string };
  if (alg !== 'RS256') return 'wrong algorithm';
  const signed = Buffer.from(`${head}.${payload}`);
  const isGood = verify('RSA-SHA256', signed, keyPair.publicKey, Buffer.from(signature, 'base64url'));
  return isGood ? JSON.parse(Buffer.from(payload, 'base64url').toString()) : 'wrong signature';
}

/** A connectors file with one connector, `inner` for `outer`, whose provider wants tokens. */
export function oauthFile(baseUrl: string, tokenUrl: string, more = 'scope = "models.read"'): string {
  return `[google]
base_url = "${baseUrl}"
[google.oauth]
private_key = """${keyPair.privateKey}"""
token_url = "${tokenUrl}"
issuer = "gateway@example.com"
audience = "https://token.example.com/"
${more}
[google.gemini]
internal = "inner"
external = "outer"
`;
}
