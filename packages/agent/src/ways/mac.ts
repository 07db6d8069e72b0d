/** MAC addresses of tunnel devices, and the link-local addresses that go with them. */
import { createHash } from 'node:crypto';
import { type Address, ipv6 } from '@tortie/ip';

/** The same for a device of a node everywhere and always; locally administered, of one station. */
export function tunnelMac(node: string, device: string): string {
  const octets = createHash('sha256').update(`${node} ${device}`).digest().subarray(0, 5);
  return ['06', ...[...octets].map((octet) => octet.toString(16).padStart(2, '0'))].join(':');
}

/** fe80:: with the modified EUI-64 of the MAC. RFC 4291 appendix A. */
export function linkLocalOf(mac: string): Address {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((text) => Number.parseInt(text, 16));
  const high = (((a ^ 0x02) << 24) | (b << 16) | (c << 8) | 0xff) >>> 0;
  const low = ((0xfe << 24) | (d << 16) | (e << 8) | f) >>> 0;
  return ipv6(0xfe800000, 0, high, low);
}
