import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPublicAddress } from './public-address.ts';

/** Each range of the special-purpose registries: its first and last address, and both neighbours where they differ. */
const special: readonly (readonly [name: string, inside: readonly string[], outside: readonly string[]])[] = [
  ['this network, RFC 791', ['0.0.0.0', '0.0.0.1', '0.255.255.255'], ['1.0.0.0']],
  ['private 10, RFC 1918', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']],
  ['shared, RFC 6598', ['100.64.0.0', '100.127.255.255'], ['100.63.255.255', '100.128.0.0']],
  ['loopback, RFC 1122', ['127.0.0.0', '127.0.0.1', '127.255.255.255'], ['126.255.255.255', '128.0.0.0']],
  ['link-local, RFC 3927', ['169.254.0.0', '169.254.169.254', '169.254.255.255'], ['169.253.255.255', '169.255.0.0']],
  ['private 172, RFC 1918', ['172.16.0.0', '172.31.255.255'], ['172.15.255.255', '172.32.0.0']],
  [
    'protocol assignments, RFC 6890',
    ['192.0.0.0', '192.0.0.8', '192.0.0.170', '192.0.0.255'],
    ['191.255.255.255', '192.0.1.0'],
  ],
  ['documentation 1, RFC 5737', ['192.0.2.0', '192.0.2.255'], ['192.0.1.255', '192.0.3.0']],
  ['relays of 6to4, RFC 7526', ['192.88.99.0', '192.88.99.255'], ['192.88.98.255', '192.88.100.0']],
  ['private 192, RFC 1918', ['192.168.0.0', '192.168.255.255'], ['192.167.255.255', '192.169.0.0']],
  ['benchmarks, RFC 2544', ['198.18.0.0', '198.19.255.255'], ['198.17.255.255', '198.20.0.0']],
  ['documentation 2, RFC 5737', ['198.51.100.0', '198.51.100.255'], ['198.51.99.255', '198.51.101.0']],
  ['documentation 3, RFC 5737', ['203.0.113.0', '203.0.113.255'], ['203.0.112.255', '203.0.114.0']],
  ['multicast, RFC 5771', ['224.0.0.0', '239.255.255.255'], ['223.255.255.255']],
  ['reserved and broadcast, RFC 1112, RFC 919', ['240.0.0.0', '255.255.255.254', '255.255.255.255'], []],
  ['unspecified and loopback, RFC 4291', ['::', '::1', '0:0:0:0:0:0:0:1'], []],
  ['IPv4-compatible, RFC 4291', ['::127.0.0.1', '::8.8.8.8', '::7f00:1'], []],
  ['IPv4-mapped, RFC 4291', ['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '::FFFF:7f00:1'], []],
  ['IPv4-translated, RFC 2765', ['::ffff:0:127.0.0.1', '::ffff:0:8.8.8.8'], []],
  [
    'NAT64 of a special address, RFC 6052',
    ['64:ff9b::127.0.0.1', '64:ff9b::a00:1', '64:ff9b::169.254.169.254', '64:ff9b::', '64:ff9b::1:0:0'],
    ['64:ff9b::8.8.8.8', '64:ff9b::808:808'],
  ],
  ['NAT64 of local use, RFC 8215', ['64:ff9b:1::', '64:ff9b:1::8.8.8.8', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'], []],
  ['discard and dummy, RFC 6666, RFC 9780', ['100::', '100::ffff:ffff:ffff:ffff', '100:0:0:1::1'], []],
  ['protocol assignments, RFC 2928', ['2001:1::1', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'], ['2001:200::']],
  ['Teredo, RFC 4380', ['2001::', '2001:0:4136:e378:8000:63bf:3fff:fdd2'], []],
  ['benchmarks, RFC 5180', ['2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff'], []],
  ['ORCHID, RFC 4843, RFC 7343, RFC 9374', ['2001:10::', '2001:20::1', '2001:3f:ffff::'], []],
  ['documentation, RFC 3849', ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'], ['2001:db7::', '2001:db9::']],
  ['6to4, RFC 3056', ['2002::', '2002:7f00:1::', '2002:a00:1::1', '2002:808:808::'], ['2003::']],
  ['documentation, RFC 9637', ['3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'], ['3fff:1000::']],
  ['not assigned', ['1fff:ffff::', '4000::', '8000::1', 'e000::'], ['2000::', '3ffe::1']],
  ['segment routing, RFC 9602', ['5f00::', '5f00:ffff::'], []],
  ['unique local, RFC 4193', ['fc00::', 'fd00::1', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'], []],
  ['link-local, RFC 4291', ['fe80::', 'fe80::1', 'febf:ffff::'], []],
  ['site-local, RFC 3879', ['fec0::', 'feff:ffff::'], []],
  ['multicast, RFC 4291', ['ff00::', 'ff02::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'], []],
  ['ISATAP, RFC 5214', ['2a00:1450::5efe:10.0.0.1', '2a00:1450::200:5efe:808:808'], ['2a00:1450::5eff:808:808']],
];

test.each(special)('%s is not public, and what lies beside it is', (_name, inside, outside) => {
  expect(inside.filter(isPublicAddress)).toEqual([]);
  expect(outside.filter((address) => !isPublicAddress(address))).toEqual([]);
});

test.each(['1.1.1.1', '8.8.8.8', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001:82b::200e'])(
  '%s is public',
  (address) => expect(isPublicAddress(address)).toBe(true),
);

test.each([
  ...['', 'localhost', 'example.com', '127.1', '2130706433', '0x7f.0.0.1', '0177.0.0.1', '8.8.8', '8.8.8.8.8'],
  ...['[2606:4700::1]', '2606:4700::1%eth0', 'fe80::1%1', '8.8.8.8:80', ' 8.8.8.8', '2606:4700:::1'],
])('%j is no address', (text) => expect(isPublicAddress(text)).toBe(false));

test('an address of IPv4 is as public translated as it is by itself, and never mapped or compatible', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(isPublicAddress(`64:ff9b::${address}`)).toBe(isPublicAddress(address));
      expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
      expect(isPublicAddress(`::${address}`)).toBe(false);
    }),
  );
});

test('each way of writing an address of IPv6 means the same', () => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
      expect(isPublicAddress(address)).toBe(isPublicAddress(canonical));
      expect(isPublicAddress(address.toUpperCase())).toBe(isPublicAddress(canonical));
    }),
  );
});
