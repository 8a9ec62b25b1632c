import type { Credential } from '../config/backend-config.ts';
import { GatewayError } from '../gateway-error.ts';
import { UpstreamFailure } from './backend.ts';
import type { Failures } from './failures.ts';
import { OauthAuthorizer } from './oauth.ts';

/** Supplies the header by which a backend knows the gateway. */
export interface Authorizer {
  /**
   * The header's name and value, or nothing.
   * @throws UpstreamFailure where the backend is not configured, or no token could be had
   */
  header(): readonly string[] | Promise<readonly string[]>;
  /** After a refusal of this header: whether asking again may give another one. */
  renew(refused: readonly string[]): boolean;
}

/** One key of a backend, and what its authorizer needs of the world. */
export interface AuthorizerOptions {
  readonly credential: Credential;
  /** Its place in `BackendConfig.keys`. */
  readonly key: number;
  /** The backend's name. */
  readonly backend: string;
  readonly failures: Failures;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Has the same credential; its token is taken over. */
  readonly earlier: Authorizer | undefined;
}

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { credential, key, backend, failures, env, earlier } = options;
  if (credential.kind === 'oauth') {
    const known = earlier instanceof OauthAuthorizer ? earlier : undefined;
    return new OauthAuthorizer({ credential, key, failures, env, earlier: known });
  }
  if (credential.kind === 'none') return new FixedAuthorizer([]);
  const { secret, header, prefix } = credential;
  if (secret === undefined) return new MissingKeyAuthorizer(backend, credential.variable ?? credential.source);
  return new FixedAuthorizer([header, prefix + secret.reveal()]);
}

class FixedAuthorizer implements Authorizer {
  readonly #header: readonly string[];

  constructor(header: readonly string[]) {
    this.#header = header;
  }

  header(): readonly string[] {
    return this.#header;
  }

  renew(): boolean {
    return false;
  }
}

class MissingKeyAuthorizer implements Authorizer {
  readonly #backend: string;
  readonly #variable: string;

  constructor(backend: string, variable: string) {
    this.#backend = backend;
    this.#variable = variable;
  }

  header(): never {
    const message = `backend ${this.#backend} is not configured: the environment variable ${this.#variable} is not set; set it and restart`;
    throw new UpstreamFailure(new GatewayError('backend_unavailable', message, { retryable: false }), {
      retry: 'never',
      reached: false,
      fault: 'key',
    });
  }

  renew(): boolean {
    return false;
  }
}
