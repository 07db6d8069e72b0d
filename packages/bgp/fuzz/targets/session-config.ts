/** The peers of the session target, as octets of an input choose them. */
import { parseAddress, parsePrefix } from '@tortie/ip';
import type { PeerConfig } from '../../src/index.js';
import type { Capability } from '../../src/wire/capability/capability.js';
import type { Message } from '../../src/wire/message.js';

export const US = parseAddress('10.0.0.1');
export const FUZZED = parseAddress('10.0.0.2');
export const WITNESS = parseAddress('10.0.0.3');
export const ASN = 65001;
export const PREFIXES = ['20.0.0.0/24', '20.0.1.0/24', '0.0.0.0/0', '2001:db8::/32', '::/0'].map(parsePrefix);
const OPTIONS = ['restart', 'idle', 'warn'] as const;

export const bit = (octet: number, place: number): boolean => ((octet >>> place) & 1) === 1;

export function fuzzedPeer(ours: number, theirs: number): PeerConfig {
  const ibgp = bit(ours, 1);
  return {
    name: 'fuzzed',
    remoteAddress: FUZZED,
    remoteAsn: ibgp ? ASN : 65002,
    routeReflectorClient: ibgp && bit(ours, 2),
    addPathReceive: bit(ours, 3),
    extendedNextHop: bit(ours, 4),
    gracefulRestart: bit(ours, 5) ? false : { restartTimeS: 30, staleTimeS: 60 },
    passive: !bit(ours, 6),
    ...(bit(ours, 7) && { maxPrefixes: 3, maxPrefixesAction: OPTIONS[theirs % 3]! }),
    ...(bit(theirs, 6) && {
      import: {
        terms: [
          {
            match: { prefixes: [{ prefix: PREFIXES[0]!, le: 32 }] },
            action: 'accept' as const,
            set: { localPref: 7, addCommunities: [9] },
          },
        ],
        otherwise: 'reject' as const,
      },
      export: { terms: [{ action: 'accept' as const, set: { prependAsns: [ASN], med: 3 } }] },
    }),
    ...(bit(theirs, 7) && { delayOpenS: 3, holdTimeS: 0 }),
  };
}

/** The OPEN of the session that an input begins with. */
export function openOf(ours: number, theirs: number): Message {
  const asn = bit(ours, 1) ? ASN : 65002;
  const families = [{ afi: 1, safi: 1 }, ...(bit(theirs, 3) ? [] : [{ afi: 2, safi: 1 }])];
  const capabilities: Capability[] = [
    ...families.map((family): Capability => ({ type: 'multiprotocol', ...family })),
    { type: 'route-refresh' },
    { type: 'enhanced-route-refresh' },
    { type: 'extended-next-hop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
    { type: 'add-path', families: families.map((each) => ({ ...each, send: true, receive: true })) },
    ...(bit(theirs, 0) ? [] : [{ type: 'four-octet-as' as const, asn }]),
    ...(bit(theirs, 1) ? [] : [{ type: 'extended-message' as const }]),
    ...(bit(theirs, 2)
      ? [
          {
            type: 'graceful-restart' as const,
            restarting: bit(theirs, 5),
            notification: true,
            restartTimeS: 20,
            families: families.map((each) => ({ ...each, forwarding: true })),
          },
        ]
      : []),
  ];
  return { type: 'open', version: 4, asn, holdTimeS: 90, routerId: 2, capabilities };
}
