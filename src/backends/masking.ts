import type { BackendConfig } from '../config/backend-config.ts';
import { Secret } from '../secret.ts';
import type { UpstreamErrorBody } from './upstream-error-body.ts';

/** A shorter value of a configured header says nothing secret. */
const shortestHeaderValue = 8;

/** Hides the secrets of a backend in what it says: all its keys, its tokens, and values of configured headers. */
export class Masking {
  /** The tokens that were granted last, by the place of their key. */
  readonly tokens: (Secret | undefined)[] = [];
  readonly #secrets: readonly Secret[];

  constructor({ keys, headers }: BackendConfig) {
    const values = headers.filter(([, value]) => value.length >= shortestHeaderValue);
    const secrets = keys.map(({ credential }) => (credential.kind === 'key' ? credential.secret : undefined));
    this.#secrets = [
      ...secrets.filter((secret) => secret !== undefined),
      ...values.map(([, value]) => new Secret(value)),
    ];
  }

  text(text: string): string {
    const masked = this.#secrets.reduce((left, secret) => secret.mask(left), text);
    return this.tokens.reduce((left, token) => token?.mask(left) ?? left, masked);
  }

  /** The same in all texts of a value, keys included. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item) => this.value(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.value(item)]));
  }

  body(said: UpstreamErrorBody): UpstreamErrorBody {
    const error = said.error && (this.value(said.error) as Record<string, unknown>);
    return { ...said, message: this.text(said.message), error, detail: this.value(said.detail) };
  }
}
