import { TransportError, type UpstreamHeaders } from '../transport.ts';

/** The first lines of an answer, and what they say of its body and its connection. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: UpstreamHeaders;
  readonly isChunked: boolean;
  /** Bytes of the body; undefined: not said. */
  readonly length: number | undefined;
  readonly keepsAlive: boolean;
  /** Milliseconds for which the backend keeps an idle connection; undefined: not said. */
  readonly idleMs: number | undefined;
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n\0]*)?$/;
/** RFC 9110, 5.6.2: a token. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a value must not have
const unfit = /[\0-\x08\x0a-\x1f\x7f]/;

/**
 * @param text the head without its empty line, of which each byte is a character
 * @throws TransportError `protocol`
 */
export function parseHead(text: string): ResponseHead {
  let lineEnd = text.indexOf('\r\n');
  const first = statusLine.exec(lineEnd < 0 ? text : text.slice(0, lineEnd));
  if (first === null) throw noHttp('its first line is no status line');
  const headers: Record<string, string | string[] | undefined> = { __proto__: null } as never;
  while (lineEnd >= 0) {
    const start = lineEnd + 2;
    lineEnd = text.indexOf('\r\n', start);
    addLine(headers, text, start, lineEnd < 0 ? text.length : lineEnd);
  }
  const status = Number(first[2]);
  if (status === 101) throw noHttp('it changes the protocol, which was not asked for');
  const isChunked = readCoding(headers['transfer-encoding']);
  const length = readLength(headers['content-length']);
  if (isChunked !== undefined && length !== undefined) throw noHttp('it has both a length and a transfer encoding');
  const connection = String(headers.connection ?? '').toLowerCase();
  const isOld = first[1] === '0';
  const keepsAlive = isOld ? /(?:^|[\s,])keep-alive/.test(connection) : !/(?:^|[\s,])close/.test(connection);
  return {
    status,
    headers,
    isChunked: isChunked === true,
    length,
    keepsAlive,
    idleMs: readIdle(headers['keep-alive']),
  };
}

function addLine(
  headers: Record<string, string | string[] | undefined>,
  text: string,
  start: number,
  end: number,
): void {
  const colon = text.indexOf(':', start);
  if (colon < 0 || colon >= end) throw noHttp('a header has no colon');
  const written = text.slice(start, colon);
  if (!token.test(written)) throw noHttp('a header has no proper name');
  const name = written.toLowerCase();
  const raw = text.slice(colon + 1, end);
  if (unfit.test(raw)) throw noHttp(`the header ${name} has a control character`);
  const value = raw.trim();
  const known = headers[name];
  if (known === undefined) headers[name] = value;
  else if (typeof known === 'string') headers[name] = [known, value];
  else known.push(value);
}

/** Whether the body is in chunks; undefined: no coding is named. */
function readCoding(value: string | string[] | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  if (String(value).trim().toLowerCase() !== 'chunked') throw noHttp('its transfer encoding is not "chunked"');
  return true;
}

function readLength(value: string | string[] | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !/^\d{1,15}$/.test(value)) throw noHttp('its content-length is no single number');
  return Number(value);
}

function readIdle(value: string | string[] | undefined): number | undefined {
  const seconds = value === undefined ? undefined : /timeout=(\d{1,6})/i.exec(String(value))?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

function noHttp(why: string): TransportError {
  return new TransportError('protocol', `the answer is no HTTP: ${why}`);
}
