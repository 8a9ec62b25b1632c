import { isIPv6 } from 'node:net';
import type { Recognizer, Span } from './recognizer.ts';

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const version4 = new RegExp(`(?<![\\w.])(?:${octet}\\.){3}${octet}(?!\\w|\\.\\d)`, 'g');

/** Whatever could be one; a run of such characters is one match, so that none is read twice. */
const version6 = /(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]+(?:\.\d{1,3}){0,3}/g;

/** Addresses of IPv4 and IPv6. */
export const networkAddresses: Recognizer = {
  kind: 'IP',
  *find(text) {
    let from = 0;
    for (const span of [...findVersion6(text), ...findVersion4(text)].sort((left, right) => left[0] - right[0])) {
      if (span[0] < from) continue;
      yield span;
      from = span[1];
    }
  },
};

function* findVersion4(text: string): Generator<Span> {
  for (const match of text.matchAll(version4)) yield [match.index, match.index + match[0].length];
}

function* findVersion6(text: string): Generator<Span> {
  for (const match of text.matchAll(version6)) {
    // A colon may follow as punctuation.
    const address = match[0].length > 45 ? '' : match[0].replace(/(?<!:):$/, '');
    const end = match.index + address.length;
    // `::` alone is no one's address, nor is the loopback address.
    if (!isIPv6(address) || address.length < 4 || /^(?:\w|\.\d)/.test(text.slice(end, end + 2))) continue;
    yield [match.index, end];
  }
}
