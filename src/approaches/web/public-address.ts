import { isIPv4, isIPv6 } from 'node:net';

/**
 * Whether an address, as text without brackets, belongs to the public internet.
 * Follows the special-purpose registries of IANA (RFC 6890, RFC 8190 and what registered there since) on the careful
 * side: what is reserved, deprecated or for a protocol's own use is not public, even if packets could reach it.
 * Anything that is no canonical address (`127.1`, `0x7f.0.0.1`, a zone such as `fe80::1%eth0`) is not public.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return isPublicVersion4(version4Number(address));
  if (isIPv6(address) && !address.includes('%')) return isPublicVersion6(version6Number(address));
  return false;
}

/** First address and prefix length of each range of IPv4 that is not public. */
const specialVersion4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8], // this network, RFC 791
  ['10.0.0.0', 8], // private, RFC 1918
  ['100.64.0.0', 10], // shared by carriers, RFC 6598
  ['127.0.0.0', 8], // loopback, RFC 1122
  ['169.254.0.0', 16], // link-local, RFC 3927; clouds serve credentials here
  ['172.16.0.0', 12], // private, RFC 1918
  ['192.0.0.0', 24], // protocol assignments, RFC 6890
  ['192.0.2.0', 24], // documentation, RFC 5737
  ['192.88.99.0', 24], // relays of 6to4, RFC 7526
  ['192.168.0.0', 16], // private, RFC 1918
  ['198.18.0.0', 15], // benchmarks, RFC 2544
  ['198.51.100.0', 24], // documentation, RFC 5737
  ['203.0.113.0', 24], // documentation, RFC 5737
  ['224.0.0.0', 4], // multicast, RFC 5771
  ['240.0.0.0', 4], // reserved, RFC 1112, with the broadcast address, RFC 919
];

/** The same inside `2000::/3`; outside of it nothing of IPv6 is public, but for translated IPv4. */
const specialVersion6: readonly (readonly [string, number])[] = [
  ['2001::', 23], // protocol assignments with Teredo (RFC 4380), benchmarks (RFC 5180) and ORCHID (RFC 7343)
  ['2001:db8::', 32], // documentation, RFC 3849
  ['2002::', 16], // 6to4, RFC 3056: holds an IPv4 address, deprecated
  ['3fff::', 20], // documentation, RFC 9637
];

const blocks4 = specialVersion4.map(
  ([first, length]) => [version4Number(first) >>> (32 - length), 32 - length] as const,
);
const blocks6 = specialVersion6.map(
  ([first, length]) => [version6Number(first) >> BigInt(128 - length), BigInt(128 - length)] as const,
);

/** Addresses of IPv4 as a translator writes them, RFC 6052. The local-use prefix of RFC 8215 is not public. */
const translated = version6Number('64:ff9b::') >> 32n;

function isPublicVersion4(address: number): boolean {
  return !blocks4.some(([prefix, shift]) => address >>> shift === prefix);
}

function isPublicVersion6(address: bigint): boolean {
  const embedded = Number(address & 0xffffffffn);
  if (address >> 32n === translated) return isPublicVersion4(embedded);
  if (address >> 125n !== 1n) return false;
  // An interface of ISATAP (RFC 5214) means the IPv4 address that it ends in.
  const identifier = (address >> 32n) & 0xffffffffn;
  if (identifier === 0x5efen || identifier === 0x2005efen) return false;
  return !blocks6.some(([prefix, shift]) => address >> shift === prefix);
}

function version4Number(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Of an address that is known to be well formed. */
function version6Number(address: string): bigint {
  const ending = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  const plain = ending ? `${ending[1]}${hexadecimalGroups(version4Number(ending[2] as string))}` : address;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

function hexadecimalGroups(address: number): string {
  return `${Math.floor(address / 65536).toString(16)}:${(address % 65536).toString(16)}`;
}
