/** How a node finds the address that the others use: an address as it is, or one of Calico's methods of autodetection. */
import {
  type Address,
  formatPrefix,
  type IpVersion,
  type Prefix,
  parseInterfaceAddress,
  parsePrefix,
  tryParseAddress,
} from '@tortie/ip';

export type AddressMethod =
  | { readonly type: 'fixed'; readonly address: Address }
  | { readonly type: 'first-found' }
  /** The interface by which a packet to it would leave. A name has to be looked up first. */
  | { readonly type: 'can-reach'; readonly destination: string }
  | { readonly type: 'interface'; readonly names: readonly RegExp[] }
  | { readonly type: 'skip-interface'; readonly names: readonly RegExp[] }
  | { readonly type: 'cidr'; readonly prefixes: readonly Prefix[] };

const METHODS = 'first-found, can-reach=DESTINATION, interface=REGEX,…, skip-interface=REGEX,… or cidr=CIDR,…';

/** The method, or a sentence that says what is wrong and what would be right. */
export function readAddressMethod(text: string, version: IpVersion): AddressMethod | string {
  const [, word, rest] = /^([a-z][a-z-]*)(?:=(.*))?$/.exec(text) ?? [];
  if (word === undefined) return fixed(text, version);
  if (word === 'kubernetes-internal-ip') {
    return 'kubernetes-internal-ip asks Kubernetes, which this agent does not do; write the address, or first-found, can-reach=, interface=, skip-interface= or cidr=';
  }
  if (word === 'first-found') return rest === undefined ? { type: 'first-found' } : 'first-found takes no value';
  const parts = (rest ?? '').split(',').map((part) => part.trim());
  const read = READERS[word];
  if (!read) return `"${text}" is no address and no method; write an address like ${EXAMPLES[version]}, or ${METHODS}`;
  if (parts.some((part) => part === '')) return `"${text}" has an empty part; write ${METHODS}`;
  return read(parts, version);
}

const EXAMPLES = { 4: '10.0.0.1/24', 6: '2001:db8::1/64' } as const;

function fixed(text: string, version: IpVersion): AddressMethod | string {
  try {
    const { address } = parseInterfaceAddress(text);
    return address.version === version ? { type: 'fixed', address } : `${text} is no IPv${version} address`;
  } catch {
    return `"${text}" is no address with the length of its subnet, and no method; write it like ${EXAMPLES[version]}, or ${METHODS}`;
  }
}

type Reader = (parts: readonly string[], version: IpVersion) => AddressMethod | string;

const names =
  (type: 'interface' | 'skip-interface'): Reader =>
  (parts) => {
    const found: RegExp[] = [];
    for (const part of parts) {
      try {
        found.push(new RegExp(part));
      } catch (error) {
        return `"${part}" is no regular expression (${(error as Error).message}); write it like eth.* or ^bond0$`;
      }
    }
    return { type, names: found };
  };

const READERS: Readonly<Record<string, Reader>> = {
  'can-reach'(parts, version) {
    const [destination = ''] = parts;
    const address = tryParseAddress(destination);
    if (parts.length > 1 || (address && address.version !== version)) {
      return `"${parts.join(',')}" is no destination; write one IPv${version} address, or the name of a host`;
    }
    if (!address && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(destination)) {
      return `"${destination}" is neither an IPv${version} address nor the name of a host`;
    }
    return { type: 'can-reach', destination };
  },
  interface: names('interface'),
  'skip-interface': names('skip-interface'),
  cidr(parts, version) {
    const prefixes: Prefix[] = [];
    for (const part of parts) {
      try {
        prefixes.push(parsePrefix(part));
      } catch {
        return `"${part}" is no prefix; write it like ${version === 4 ? '10.0.0.0/8' : 'fd00::/8'}`;
      }
    }
    const other = prefixes.find((prefix) => prefix.version !== version);
    return other ? `${formatPrefix(other)} is no IPv${version} prefix` : { type: 'cidr', prefixes };
  },
};
