/** The `format` keywords of our schemas: each gives undefined for a good value, else what is wrong and what is right. */
import { asPathExpressionFault } from '@tortie/bgp';
import { COMMON_FORMATS, type Formats } from '@tortie/cluster/schema';
import { type IpVersion, tryParseAddress } from '@tortie/ip';
import { tryParseCommunity, tryParseCommunityMatch } from '../bgp-text/community.js';
import { filePatternFault } from '../mrt/file-pattern.js';
import { readAddressMethod } from '../node/address-method.js';

/** Splits `ADDRESS:PORT`, `[ADDRESS]:PORT`; undefined where it is neither. */
export function tryParseEndpoint(text: string): { address: string; port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const address = match && tryParseAddress(match[1] ?? match[2]!);
  const port = Number(match?.[3]);
  if (!match || !address || port > 65535 || (match[1] !== undefined) !== (address.version === 6)) return undefined;
  return { address: match[1] ?? match[2]!, port };
}

function methodFault(text: string, version: IpVersion): string | undefined {
  const read = readAddressMethod(text, version);
  return typeof read === 'string' ? read : undefined;
}

export const FORMATS: Formats = {
  ...COMMON_FORMATS,
  'ipv4-address-method': (text) => methodFault(text, 4),
  'ipv6-address-method': (text) => methodFault(text, 6),
  'bgp-community': (text) =>
    tryParseCommunity(text)
      ? undefined
      : `"${text}" is no community; write two numbers 0 to 65535 like "65000:100", three like "65000:1:2", or a name like no-export`,
  'bgp-standard-community': (text) =>
    tryParseCommunity(text)?.type === 'standard'
      ? undefined
      : `"${text}" is no community; write two numbers 0 to 65535 like "65000:100", or a name like no-export`,
  'bgp-community-pattern': (text) =>
    tryParseCommunityMatch(text) === undefined
      ? `"${text}" is no community; write "65000:100", "65000:1:2" with "*" for any part, or a name like no-export`
      : undefined,
  'bgp-large-community': (text) =>
    tryParseCommunity(text)?.type === 'large'
      ? undefined
      : `"${text}" is no large community; write three numbers 0 to 4294967295 like "65000:1:2"`,
  'as-path-expression': asPathExpressionFault,
  'file-pattern': filePatternFault,
  'next-hop': (text) =>
    text === 'self' || text === 'peer' || tryParseAddress(text)
      ? undefined
      : `"${text}" is no next hop; write an address like 192.0.2.1, self (on export) or peer (on import)`,
  handle: (text) => (/^[^/\s]+$/.test(text) ? undefined : `"${text}" is no handle; write it without slash and space`),
  endpoint: (text) =>
    tryParseEndpoint(text) ? undefined : `"${text}" is no address and port; write 127.0.0.1:9179 or [::1]:9179`,
  'etcd-endpoint': (text) =>
    /^https?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}\/?$/.test(text)
      ? undefined
      : `"${text}" is no endpoint of etcd; write https://10.0.0.1:2379 or http://10.0.0.1:2379`,
  'etcd-prefix': (text) =>
    /^[\x21-\x7e]*\/$/.test(text) ? undefined : `"${text}" is no prefix of keys; it ends in a slash, like /tortie/`,
};
