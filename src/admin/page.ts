import { GatewayError } from '../gateway-error.ts';

export interface Page<T> {
  readonly object: 'list';
  readonly data: readonly T[];
  readonly next_cursor: string | null;
}

/**
 * A page of a list, which is the next one also where the list has changed meanwhile.
 * @param place what a list is ordered by; unique in it
 * @param cursor the `next_cursor` of the page before; undefined: the first page
 * @throws GatewayError `invalid_request`
 */
export function pageOf<T, Shown>(
  items: readonly T[],
  place: (item: T) => string,
  show: (item: T) => Shown,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): Page<Shown> {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const ordered = items.map((item) => ({ item, at: place(item) })).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const rest = after === undefined ? ordered : ordered.filter(({ at }) => at > after);
  const data = rest.slice(0, limit);
  const last = data.at(-1);
  const hasMore = last !== undefined && rest.length > limit;
  return {
    object: 'list',
    data: data.map(({ item }) => show(item)),
    next_cursor: hasMore ? Buffer.from(`v1 ${last.at}`).toString('base64url') : null,
  };
}

function readCursor(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  if (text.startsWith('v1 ')) return text.slice(3);
  throw new GatewayError('invalid_request', 'cursor must be the next_cursor of the page before', { param: 'cursor' });
}
