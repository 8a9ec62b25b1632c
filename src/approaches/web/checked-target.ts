import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { PageFailure } from './page.ts';
import { judgeHost, type PagePolicy, portOf, type Resolve } from './page-policy.ts';
import { isPublicAddress } from './public-address.ts';

/** A URL that may be fetched, and the addresses that were checked for it: the only ones to connect to. */
export interface CheckedTarget {
  readonly url: URL;
  readonly addresses: readonly string[];
}

const resolveBySystem: Resolve = async (hostname) => {
  const found = await lookup(hostname, { all: true, order: 'verbatim' });
  return found.map((entry) => entry.address);
};

/**
 * Checks one URL: scheme, port, and every address that its host has at this moment.
 * @throws PageFailure `invalid_url`, `blocked` or `unresolved`
 */
export async function checkTarget(address: string, policy: PagePolicy): Promise<CheckedTarget> {
  const url = readUrl(address);
  const { excepted, portRefused } = judgeHost(url, policy.allowHosts);
  if (portRefused) throw new PageFailure('blocked', `port ${portOf(url)} is not fetched from`);
  const addresses = await addressesOf(url.hostname, policy.resolve ?? resolveBySystem);
  if (!excepted && !addresses.every(isPublicAddress)) {
    throw new PageFailure('blocked', `${url.hostname} is not on the public internet`);
  }
  return { url, addresses };
}

/** Answers a connector's look-up with the addresses that were checked, without asking anybody again. */
export function checkedLookup(target: CheckedTarget): LookupFunction {
  const entries = target.addresses.map((address) => ({ address, family: isIP(address) }));
  return (_hostname, options, callback) => {
    const asked = options.family === 4 || options.family === 6 ? options.family : undefined;
    const suitable = asked ? entries.filter((entry) => entry.family === asked) : entries;
    const [first] = suitable;
    if (!first) callback(Object.assign(new Error('no checked address'), { code: 'ENOTFOUND' }), '', 4);
    else if (options.all) callback(null, suitable);
    else callback(null, first.address, first.family);
  };
}

function readUrl(address: string): URL {
  if (!URL.canParse(address)) throw new PageFailure('invalid_url', 'it is no valid URL');
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new PageFailure('blocked', 'only http and https are fetched');
  }
  if (url.username !== '' || url.password !== '') throw new PageFailure('blocked', 'it holds a user name or password');
  url.hash = '';
  return url;
}

async function addressesOf(hostname: string, resolve: Resolve): Promise<readonly string[]> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal)) return [literal];
  let addresses: readonly string[];
  try {
    addresses = await resolve(hostname);
  } catch (error) {
    throw new PageFailure('unresolved', `${hostname} has no address`, error);
  }
  if (addresses.length === 0) throw new PageFailure('unresolved', `${hostname} has no address`);
  if (!addresses.every((address) => isIP(address))) throw new PageFailure('unresolved', `${hostname} has no address`);
  return addresses;
}
