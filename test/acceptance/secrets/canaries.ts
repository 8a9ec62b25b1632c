import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'vitest';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

/** A secret of each kind. Each has its own word, so that a failing test says which one leaked. */
export const canaries = {
  backend: 'canary-backend-key-3f9a-last',
  custom: 'canary-custom-header-key-77b1-last',
  short: 'canaryshort',
  provider: 'canary-provider-key-c2d4-last',
  admin: 'canary-admin-key-90e1-last',
  user: 'canary-user-key-5a5a-last',
  wrong: 'canary-key-that-nobody-knows-last',
  token: 'canary-granted-token-6b6b-last',
  url: 'canary-password-in-a-url',
  prompt: 'canary-prompt-of-a-client',
  answer: 'canary-answer-of-a-model',
} as const;

export const canaryKey = privateKey;

const texts = [...Object.values(canaries), ...privateKey.split('\n').filter((line) => line.length > 20)];

/** No canary stands in the text: not plain, not escaped as JSON or in a URL, not in base64, not all but its end. */
export function expectNoCanary(where: string, text: string): void {
  for (const secret of texts) {
    const forms = [
      secret,
      secret.slice(0, -5),
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret),
      Buffer.from(secret)
        .toString('base64')
        .replace(/.{0,4}=*$/, ''),
    ];
    for (const form of forms) expect(text.includes(form), `"${form}" in ${where}: ${text.slice(0, 3000)}`).toBe(false);
  }
}
