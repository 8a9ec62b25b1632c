/** The address of a backend, ready for a route to be appended. */
export interface BackendUrl {
  /** Absolute, without a slash at its end, query or fragment. */
  readonly baseUrl: string;
  /** `''`, or a query string with its `?`. */
  readonly query: string;
}

export interface UrlRules {
  /** Whether a query string may stand in it. */
  readonly query: boolean;
  /** The setting that holds the key, for who writes it into the URL. */
  readonly keySetting: string;
}

const scheme = /^https?:\/\//i;
const plainLocalAddress = /^(localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])(:\d{1,5})?(?=\/|$)/i;
const unprintable = /[\s\p{Cc}]/u;

/**
 * What is wrong with the URL of a backend and what to write instead; undefined: it is good.
 * The text never quotes the URL, which may hold a password, but for a plain local address.
 */
export function backendUrlProblem(text: string, rules: UrlRules): string | undefined {
  if (unprintable.test(text)) return 'must not have white space in it';
  if (!scheme.test(text)) return schemeProblem(text);
  const rest = text.slice(text.indexOf('//') + 2);
  const authority = /^[^/?#\\]*/.exec(rest)?.[0] ?? '';
  if (authority === '') return 'has no host after http:// or https://, such as https://api.example.com/v1';
  if (authority.includes('@') || /^[^/]*:[^/]*@/.test(rest)) {
    return `must not have a user name or a password in it; take them out (a key is given by ${rules.keySetting})`;
  }
  if (text.includes('#')) return 'must not have a fragment; leave out the # and what follows';
  if (!URL.canParse(text)) return 'is not a valid URL, such as https://api.example.com/v1';
  const url = new URL(text);
  if (!rules.query && text.includes('?')) return 'must not have a query string; leave out the ? and what follows';
  if (/\/chat\/completions\/*$/.test(url.pathname)) {
    return 'must not end in /chat/completions, which the gateway appends itself; leave it out';
  }
  return undefined;
}

function schemeProblem(text: string): string {
  const local = plainLocalAddress.exec(text)?.[0];
  if (local) return `must begin with http:// or https://: write http://${local}`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    return 'must begin with http:// or https://; other schemes are not supported';
  return 'must begin with http:// or https://; write it in front of the host, such as https://api.example.com/v1';
}

/** Takes a URL without problems apart. The path stays as written, but for slashes at its end. */
export function splitBackendUrl(text: string): BackendUrl {
  const url = new URL(text);
  return { baseUrl: url.origin + url.pathname.replace(/\/+$/, ''), query: url.search };
}

/**
 * A URL typed by hand, taken kindly: slashes at its end are trimmed, an ending `/chat/completions` is cut off,
 * and a URL without a path gets `/v1`. Anything else, also what is wrong, stays as it is.
 */
export function kindBaseUrl(typed: string): string {
  const text = typed.trim();
  const [, address = '', query = ''] = /^([^?#]*)([\s\S]*)$/.exec(text) ?? [];
  if (!scheme.test(address)) return text;
  const cut = address
    .replace(/\/+$/, '')
    .replace(/\/chat\/completions$/, '')
    .replace(/\/+$/, '');
  const hasPath = /^https?:\/\/[^/]+\/./i.test(cut);
  return (hasPath ? cut : `${cut}/v1`) + query;
}
