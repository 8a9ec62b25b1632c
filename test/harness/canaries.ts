import { createHash } from 'node:crypto';
import { expect } from 'vitest';

/** Shorter texts may stand in a log by chance. */
const leastLength = { key: 10, prompt: 5 };

/**
 * Every key and every prompt that a test uses is a canary: whatever the test is about, at its end none of them may
 * stand in what the gateway says of itself.
 */
export class Canaries {
  readonly #texts = new Map<string, string>();

  /** Takes over what looks like a key in an environment. */
  addKeys(env: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(env)) {
      // An outer pair of quotes and white space are no part of a key.
      const bare = value.trim().replace(/^(["'])([\s\S]*)\1$/, '$2');
      if (/KEY|TOKEN|SECRET|PASSWORD/i.test(name)) this.#add(`the key in ${name}`, bare, leastLength.key);
    }
  }

  /** Takes over a secret of a key that was made, which is shown once and stored as its digest alone. */
  addSecret(secret: string): void {
    this.#add('the secret of a key', secret, leastLength.key);
    this.#add("the digest of a key's secret", createHash('sha256').update(secret).digest('hex'), leastLength.key);
  }

  /** Takes over the texts of a request's messages. */
  addPrompt(body: unknown): void {
    const parsed = typeof body === 'string' ? parse(body) : body;
    const messages = (parsed as { messages?: unknown } | undefined)?.messages;
    if (!Array.isArray(messages)) return;
    for (const message of messages as { content?: unknown }[]) {
      if (typeof message?.content === 'string')
        this.#add('a prompt', message.content.slice(0, 200), leastLength.prompt);
    }
  }

  /** Fails where a canary stands in this text. */
  expectNoneIn(where: string, text: string): void {
    for (const [canary, what] of this.#texts) {
      if (text.includes(canary)) expect.fail(`${what} stands in ${where}`);
    }
  }

  #add(what: string, text: string, least: number): void {
    if (text.length >= least && !/^https?:/.test(text)) this.#texts.set(text, what);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a test of bad input
  }
}
