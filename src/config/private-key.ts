import { createPrivateKey, type KeyObject } from 'node:crypto';

const fault =
  'must be an RSA private key as PEM, of 2048 bits or more and not encrypted (in """, or with \\n for each line break)';

/** A PEM text whose line breaks may have come as the two characters `\n`. */
export function cleanPem(text: string): string {
  return text.includes('\n') ? text : text.replaceAll('\\n', '\n');
}

/** What is wrong with an RSA private key, with nothing of the key; undefined: it is good. */
export function privateKeyProblem(text: string): string | undefined {
  let key: KeyObject;
  try {
    key = createPrivateKey(cleanPem(text));
  } catch {
    // The library's own message may quote the input.
    return fault;
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return key.asymmetricKeyType === 'rsa' && bits >= 2048 ? undefined : fault;
}
