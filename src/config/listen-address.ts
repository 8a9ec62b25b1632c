/** An address that the gateway listens on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[?[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\]?)$/;

/** What is wrong with a host to listen on; undefined: it is good. */
export function hostProblem(host: string): string | undefined {
  const form = 'must be a host name or an IP address such as 127.0.0.1, without scheme and port';
  if (/^[^:]+:\d+$/.test(host) || /^\[.*\]:\d+$/.test(host)) return `${form}; write the port as listen.port or --port`;
  return hostPattern.test(host) ? undefined : form;
}

/** Without the brackets of an IPv6 address. */
export function bareHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  const bare = bareHost(host).replace(/\.$/, '');
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}

const everyAddress = new Set(['0.0.0.0', '::']);
const spellingsOfThisMachine = new Set(['localhost', '127.0.0.1', '::1', ...everyAddress]);

/** Whether a backend's URL is the gateway's own address, in any of the spellings of this machine. */
export function isOwnAddress(baseUrl: string, own: ListenAddress): boolean {
  const url = new URL(baseUrl);
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  if (own.port === 0 || port !== own.port) return false;
  const target = bareHost(url.hostname).replace(/\.$/, '');
  const host = bareHost(own.host);
  if (target === host) return true;
  if (everyAddress.has(host)) return isLoopback(target) || everyAddress.has(target);
  return spellingsOfThisMachine.has(host) && spellingsOfThisMachine.has(target);
}

/** What is wrong with a backend whose URL is the own address. */
export const ownAddressText =
  'is the address that the gateway itself listens on, so requests would go round in a circle; write the address of the server, or choose another port with --port';
