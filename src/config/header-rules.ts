import type { Loose } from './check-tree.ts';
import { unsendable } from './key-value.ts';
import type { FileReport } from './report.ts';
import type { BackendFile } from './schema/backend-file.ts';
import { entriesAt, type TreeNode } from './tree.ts';

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers that describe one connection or one body; the gateway itself sets them. */
const ownHeaders = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);

/** What is wrong with the name of the header that carries a key; undefined: it is good. */
export function credentialHeaderProblem(name: string): string | undefined {
  if (!token.test(name)) return 'must be a header name such as X-API-Key: letters, digits and dashes, no white space';
  return ownHeaders.has(name.toLowerCase())
    ? 'must not be a header that the gateway sets itself; write another, such as X-API-Key'
    : undefined;
}

/** What is wrong with a value that no header can carry. */
export const unsendableText =
  'must be one line of text that a header can carry: no line break, no NUL, Latin characters only';

/** The header that carries the key of a backend, in lower case; undefined where none does. */
export function keyHeader(file: Pick<Loose<BackendFile>, 'auth_type' | 'auth_header'>): string | undefined {
  if (file.auth_type === 'bearer') return 'authorization';
  return file.auth_type === 'custom' ? file.auth_header?.toLowerCase() : undefined;
}

/** Checks the `headers` of a backend: legal names and values, none that the gateway sets, none that carries the key. */
export function checkHeaders(file: Loose<BackendFile>, tree: TreeNode, report: FileReport): void {
  const seen = new Map<string, string>();
  for (const [name, entry] of entriesAt(tree, ['headers'])) {
    if (name === '') continue;
    const path = ['headers', name];
    const lower = name.toLowerCase();
    const fault = headerNameFault(lower, keyHeader(file), seen.get(lower));
    if (fault) report.error(entry.keyPlace, path, fault);
    seen.set(lower, name);
    const value = file.headers?.[name];
    if (value !== undefined && unsendable(value)) report.error(entry.node.place, path, unsendableText);
  }
}

/**
 * What is wrong with the name of a header; undefined: it is good.
 * @param lower the name in lower case
 * @param carriesKey the header of the backend's key, in lower case
 * @param earlier how the same name was written before
 */
export function headerNameFault(
  lower: string,
  carriesKey: string | undefined,
  earlier: string | undefined,
): string | undefined {
  if (!token.test(lower))
    return 'is not a legal header name; write letters, digits and dashes, such as X-Organization-ID';
  if (ownHeaders.has(lower)) return 'is set by the gateway itself; leave it out';
  if (lower === carriesKey) return 'carries the key of this backend (see auth_type); leave it out';
  if (earlier !== undefined)
    return `stands twice, also as ${earlier}; header names are the same in upper and lower case`;
  return undefined;
}
