import type { Credential } from '../config/backend-config.ts';
import { GatewayError } from '../gateway-error.ts';
import { Secret } from '../secret.ts';
import type { Authorizer } from './authorizer.ts';
import { UpstreamFailure } from './backend.ts';
import type { Failures } from './failures.ts';
import type { TransportError, UpstreamHandler } from './transport.ts';
import { openTransport } from './undici-transport.ts';

type OauthCredential = Extract<Credential, { kind: 'oauth' }>;

const grantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** A token is taken for spent this long before it really is. */
const marginMs = 60_000;
const assertionSeconds = 3600;
const grantTimeoutMs = 10_000;
const maximumAnswerBytes = 1024 * 1024;

interface Token {
  readonly header: readonly string[];
  readonly secret: Secret;
  /** By `performance.now()`. */
  readonly spentAt: number;
}

interface Tokens {
  current: Token | undefined;
  granting: Promise<Token> | undefined;
}

interface OauthOptions {
  readonly credential: OauthCredential;
  readonly key: number;
  readonly failures: Failures;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** One for the same credential, with which the token is shared. */
  readonly earlier: OauthAuthorizer | undefined;
}

/** Trades a signed assertion for access tokens (RFC 7523), one grant for all that wait at the same time. */
export class OauthAuthorizer implements Authorizer {
  readonly #credential: OauthCredential;
  readonly #failures: Failures;
  readonly #env: Readonly<Record<string, string | undefined>>;
  /** The place of the credential in `BackendConfig.keys`. */
  readonly #key: number;
  readonly #tokens: Tokens;

  constructor({ credential, key, failures, env, earlier }: OauthOptions) {
    this.#credential = credential;
    this.#key = key;
    this.#failures = failures;
    this.#env = env;
    this.#tokens = earlier === undefined ? { current: undefined, granting: undefined } : earlier.#tokens;
  }

  async header(): Promise<readonly string[]> {
    const { current } = this.#tokens;
    let token = current !== undefined && performance.now() < current.spentAt ? current : undefined;
    if (token === undefined) {
      this.#tokens.granting ??= this.#grant().finally(() => {
        this.#tokens.granting = undefined;
      });
      token = await this.#tokens.granting;
    }
    this.#failures.granted(this.#key, token.secret);
    return token.header;
  }

  renew(refused: readonly string[]): boolean {
    if (this.#tokens.current?.header === refused) this.#tokens.current = undefined; // else another call has renewed it
    return true;
  }

  async #grant(): Promise<Token> {
    const form = new URLSearchParams({ grant_type: grantType, assertion: await this.#assertion() });
    const { status, body } = await this.#post(Buffer.from(form.toString()));
    if (status >= 500) throw this.#unreachable(`answered ${status}`);
    const answer = status === 200 ? readAnswer(body) : undefined;
    if (answer === undefined) {
      throw this.#failures.refusedKey(
        status,
        this.#key,
        `got no token: ${new URL(this.#credential.tokenUrl).host} answered ${status}`,
      );
    }
    const token = {
      header: ['authorization', `Bearer ${answer.token}`],
      secret: new Secret(answer.token),
      spentAt: performance.now() + answer.lifeMs - marginMs,
    };
    this.#tokens.current = token;
    return token;
  }

  async #assertion(): Promise<string> {
    const { SignJWT } = await import('jose');
    const { createPrivateKey } = await import('node:crypto');
    const { issuer, audience, scope, privateKey } = this.#credential;
    return new SignJWT(scope === undefined ? {} : { scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + assertionSeconds)
      .sign(createPrivateKey(privateKey.reveal()));
  }

  #post(form: Buffer): Promise<{ status: number; body: Buffer }> {
    const url = new URL(this.#credential.tokenUrl);
    const transport = openTransport({ origin: url.origin, connectTimeoutMs: grantTimeoutMs, env: this.#env });
    return new Promise<{ status: number; body: Buffer }>((resolve, reject) => {
      const chunks: Buffer[] = [];
      let status = 0;
      let size = 0;
      const handler: UpstreamHandler = {
        head: (code) => {
          status = code;
        },
        data: (chunk) => {
          size += chunk.length;
          if (size <= maximumAnswerBytes) chunks.push(chunk);
        },
        end: () => resolve({ status, body: Buffer.concat(chunks) }),
        fail: (error: TransportError) => reject(this.#unreachable(error.message, error)),
      };
      transport.send(
        {
          method: 'POST',
          path: url.pathname + url.search,
          headers: ['content-type', 'application/x-www-form-urlencoded', 'accept', 'application/json'],
          body: form,
          timeoutMs: grantTimeoutMs,
          timeoutKind: 'total',
        },
        handler,
      );
    }).finally(() => transport.close());
  }

  #unreachable(why: string, cause?: TransportError): UpstreamFailure {
    const url = new URL(this.#credential.tokenUrl);
    const message = `the token endpoint ${url.origin}${url.pathname} (${this.#credential.source}) gave no token: ${why}`;
    const error = new GatewayError('upstream_unreachable', message, { cause });
    return new UpstreamFailure(error, { retry: 'backoff', reached: false });
  }
}

function readAnswer(body: Buffer): { token: string; lifeMs: number } | undefined {
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(body.toString());
  } catch {
    return undefined;
  }
  const token = answer?.access_token;
  // A line break in a header value would be an injected header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return undefined;
  const seconds = Number(answer.expires_in ?? 3600);
  return { token, lifeMs: Number.isFinite(seconds) ? seconds * 1000 : 0 };
}
