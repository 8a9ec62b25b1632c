import type { KeyBook } from '../keys/key-book.ts';
import type { Caller } from '../types/caller.ts';

/**
 * Who sends these headers.
 * @param authorization the header `Authorization`, with or without `Bearer`
 * @param apiKey the header `x-api-key`
 * @throws GatewayError see `KeyBook.identify`
 */
export function identify(book: KeyBook, authorization: string | undefined, apiKey: string | undefined): Caller {
  return book.identify(readKey(authorization) ?? (apiKey?.trim() || undefined));
}

function readKey(authorization: string | undefined): string | undefined {
  const text = authorization?.trim();
  if (!text) return undefined;
  const bearer = /^bearer\s+(.*)$/i.exec(text);
  return (bearer ? bearer[1] : text)?.trim() || undefined;
}
