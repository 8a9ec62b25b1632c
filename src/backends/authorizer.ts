import type { BackendConfig } from '../config/config.ts';
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

/** @param earlier has the same credential; its token is taken over */
export function createAuthorizer(
  config: BackendConfig,
  failures: Failures,
  env: Readonly<Record<string, string | undefined>>,
  earlier?: Authorizer,
): Authorizer {
  const { credential } = config;
  if (credential.kind === 'oauth') {
    return new OauthAuthorizer(credential, failures, env, earlier instanceof OauthAuthorizer ? earlier : undefined);
  }
  if (credential.kind === 'none') return new FixedAuthorizer([]);
  const { secret, header, prefix } = credential;
  if (secret === undefined) return new MissingKeyAuthorizer(config.name, credential.variable ?? credential.source);
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
    });
  }

  renew(): boolean {
    return false;
  }
}
