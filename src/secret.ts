import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * A secret that cannot be printed: every way of turning it into text gives `[secret]`.
 * Only {@link Secret.reveal} gives the value, and its callers are the places where a secret legitimately leaves.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself, for the one header or signature that needs it. */
  reveal(): string {
    return this.#value;
  }

  /** `...abcd` of a secret of 12 characters or more, nothing of a shorter one. */
  hint(): string {
    return this.#value.length >= 12 ? `...${this.#value.slice(-4)}` : '';
  }

  /** SHA-256 of the whole secret, for comparing and for keys of caches. */
  digest(): Buffer {
    return createHash('sha256').update(this.#value).digest();
  }

  /** Whether both are the same secret; for two that the operator has given, not for what a client sends. */
  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  /** The text with every occurrence of this secret masked. */
  mask(text: string): string {
    if (this.#value.length >= 8) return text.replaceAll(this.#value, '[secret]');
    if (this.#value.length === 0) return text;
    // A short one, such as `none`, is masked where it stands alone, not inside other words.
    const literal = this.#value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return text.replace(new RegExp(`(?<![A-Za-z0-9_-])${literal}(?![A-Za-z0-9_-])`, 'g'), () => '[secret]');
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.toPrimitive](): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
