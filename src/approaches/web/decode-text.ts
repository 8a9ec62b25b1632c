/** What a body is to be read as. */
export type ContentKind = 'html' | 'json' | 'text';

const furtherText = /^application\/(?:(?:[\w.+-]+\+)?xml|ecmascript|javascript|x-ndjson|(?:x-)?yaml|toml|graphql|rtf)$/;

/** The media type without parameters, lower case; `''` where there is none. */
export function mediaType(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** How a media type is read; undefined where it is no text. A body without a type is judged by its first bytes. */
export function contentKind(type: string, bytes: Buffer): ContentKind | undefined {
  if (type === '') return sniff(bytes);
  if (type === 'text/html' || type === 'application/xhtml+xml') return 'html';
  if (type === 'application/json' || /^[\w.-]+\/[\w.+-]+\+json$/.test(type)) return 'json';
  return type.startsWith('text/') || furtherText.test(type) ? 'text' : undefined;
}

function sniff(bytes: Buffer): ContentKind | undefined {
  const start = bytes.subarray(0, 1024);
  if (start.includes(0)) return undefined;
  return /^\s*<(?:!doctype\s+html|html|head|body)\b/i.test(start.toString('latin1')) ? 'html' : 'text';
}

/**
 * The text of a body. Which characters its bytes mean is said by a byte order mark, else by the header's `charset`,
 * else by a `meta` of HTML or the declaration of XML; else it is UTF-8 if it can be, and Windows-1252 if not.
 * Bytes that mean nothing become U+FFFD.
 * @param cut whether bytes are missing at the end, so that the last character may be left out
 */
export function decodeText(bytes: Buffer, contentType: string, kind: ContentKind, cut: boolean): string {
  const label = markedCharset(bytes) ?? (kind === 'json' ? 'utf-8' : declaredCharset(bytes, contentType, kind));
  if (label) return new TextDecoder(label).decode(bytes, { stream: cut });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut });
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function markedCharset(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

function declaredCharset(bytes: Buffer, contentType: string, kind: ContentKind): string | undefined {
  const fromHeader = /;\s*charset\s*=\s*["']?([\w.:-]+)/i.exec(contentType)?.[1];
  if (fromHeader && isKnown(fromHeader)) return fromHeader;
  const start = bytes.subarray(0, 2048).toString('latin1');
  const pattern = kind === 'html' ? /<meta\s[^>]{0,300}?charset\s*=\s*["']?([\w.:-]+)/i : undefined;
  const inside = (pattern ?? /^\s*<\?xml\s[^>]{0,300}?encoding\s*=\s*["']([\w.:-]+)/i).exec(start)?.[1];
  if (!inside || !isKnown(inside)) return undefined;
  // A declaration that could be read byte by byte is not in UTF-16, whatever it says.
  return /^utf-?16/i.test(inside) ? 'utf-8' : inside;
}

function isKnown(label: string): boolean {
  try {
    new TextDecoder(label);
    return true;
  } catch {
    return false;
  }
}
