/** BGPPeer: sessions of the selected nodes with one router, with nodes, with whoever is on an interface or in a range. */
import { formatAddress, ipv4, isLinkLocal, isMulticast, isUnspecified, tryParseAddress } from '@tortie/ip';
import type { TUnsafe } from 'typebox';
import { type Static, Type } from '../schema/type.js';
import { Faults, type Findings } from './findings.js';
import { extension, refused } from './marks.js';
import type { Resource } from './resource.js';
import {
  address,
  asNumber,
  duration,
  oneOf,
  prefix,
  reference,
  secondsOf,
  secretReference,
  selector,
  tryParsePeerIp,
} from './text.js';

const closed = { additionalProperties: false };

export type RemoteAsNumber = number | 'external' | 'internal';

const remoteAsNumber = Type.Union([asNumber('A number'), Type.Literal('external'), Type.Literal('internal')], {
  description:
    'AS number of the peer; with interface or range also external (any but ours) or internal (ours). Not with peerSelector: nodes have theirs',
}) as unknown as TUnsafe<RemoteAsNumber>;

const milliseconds = (description: string) => Type.Integer({ minimum: 10, maximum: 60_000, description });

export const BgpPeerSpec = Type.Object(
  {
    node: Type.Optional(reference('The node that has the session; neither node nor nodeSelector: all nodes')),
    nodeSelector: Type.Optional(selector('The nodes that have the session')),
    peerIP: Type.Optional(
      Type.String({
        format: 'peer-ip',
        description:
          'Address of the peer, and its port unless 179: 192.0.2.1, 192.0.2.1:1790, [2001:db8::1]:1790. Without a port, and where it is a node: its listenPort',
      }),
    ),
    asNumber: Type.Optional(remoteAsNumber),
    peerSelector: Type.Optional(
      selector(
        'The nodes to peer with, over each IP version both have. They get the same sessions the other way round',
      ),
    ),
    localWorkloadSelector: Type.Optional(
      selector('Pods of the node that peer with it', refused('nodes do not peer with their workloads')),
    ),
    interface: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 15,
        description: 'Unnumbered: the router at the far end of this interface of the node (RFC 4861, RFC 8950)',
        ...extension(),
      }),
    ),
    range: Type.Optional(prefix('Whoever dials from inside of it', extension())),
    reversePeering: Type.Optional(
      oneOf(['Auto', 'Manual'], {
        default: 'Auto',
        description: 'With peerSelector. Manual: the selected nodes get no sessions from this resource',
      }),
    ),
    localASNumber: Type.Optional(asNumber("ASN shown to this peer instead of the node's own")),
    password: Type.Optional(secretReference('TCP-MD5 key (RFC 2385)')),
    sourceAddress: Type.Optional(
      oneOf(['UseNodeIP', 'None'], {
        default: 'UseNodeIP',
        description: "UseNodeIP: from the node's address; None: from what the kernel chooses",
      }),
    ),
    nextHopMode: Type.Optional(
      oneOf(['Auto', 'Self', 'Keep'], {
        default: 'Auto',
        description: 'Auto: as RFC 4271 says; Self: always our own address; Keep: never changed',
      }),
    ),
    keepOriginalNextHop: Type.Optional(
      Type.Boolean({ description: 'Former spelling of nextHopMode: Keep, for peers of another AS' }),
    ),
    ttlSecurity: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 254,
        description: 'GTSM (RFC 5082): how many hops away the peer is. Without it eBGP may be over any number of hops',
      }),
    ),
    numAllowedLocalASNumbers: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10,
        description: 'How often our own ASN may be in the AS_PATH of what the peer sends',
      }),
    ),
    maxRestartTime: Type.Optional(duration('How long the peer keeps our routes while we restart; default 120s')),
    keepaliveTime: Type.Optional(duration('Between keepalives; default: a third of the hold time')),
    holdTime: Type.Optional(duration('Hold time offered; default 90s', extension())),
    connectRetryTime: Type.Optional(duration('Between attempts to connect; default 5s', extension())),
    reachableBy: Type.Optional(
      address(
        'Gateway to peerIP on a link of the node, which makes a route to the peer by it, for as long as there is the session',
      ),
    ),
    filters: Type.Optional(
      Type.Array(reference('Name of a BGPFilter'), {
        maxItems: 100,
        uniqueItems: true,
        description: 'BGPFilters, asked in this order before what is the default',
      }),
    ),
    importPolicy: Type.Optional(
      oneOf(['Pools', 'All'], {
        description:
          'What is taken of routes no filter decides on. Pools: inside pools and service ranges, and a default route; default: importPolicy of the agent',
        ...extension(),
      }),
    ),
    bfd: Type.Optional(
      Type.Object(
        {
          minTxMs: Type.Optional(milliseconds('Shortest time between packets we send')),
          minRxMs: Type.Optional(milliseconds('Shortest time between packets we want')),
          multiplier: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 255, description: 'Packets in a row that may be lost, plus one' }),
          ),
          multihop: Type.Optional(Type.Boolean({ description: 'Over routers (RFC 5883)' })),
          strict: Type.Optional(Type.Boolean({ description: 'No session before BFD is up' })),
        },
        { ...closed, description: 'BFD (RFC 5880) beside the session; present: on', ...extension() },
      ),
    ),
  },
  { ...closed, description: 'Which nodes have which sessions' },
);
export type BgpPeerSpec = Static<typeof BgpPeerSpec>;
export type BgpPeer = Resource<'BGPPeer', BgpPeerSpec>;

const REMOTES = ['peerIP', 'peerSelector', 'localWorkloadSelector', 'interface', 'range'] as const;

export function checkBgpPeer({ spec }: BgpPeer): Findings {
  const found = new Faults();
  if (spec.node !== undefined && spec.nodeSelector !== undefined) {
    found.add('/spec/nodeSelector', 'excludes node', 'one of the two, or neither for all nodes');
  }
  const remotes = REMOTES.filter((field) => spec[field] !== undefined);
  if (remotes.length === 0) found.add('/spec', 'says not who the peer is', 'peerIP, peerSelector, interface or range');
  for (const field of remotes.slice(1)) {
    found.add(`/spec/${field}`, `excludes ${remotes[0]}`, 'one of them: who the peer is');
  }
  checkAsNumber(spec, found);
  checkPeerIp(spec, found);
  checkTimes(spec, found);
  if (spec.keepOriginalNextHop !== undefined && spec.nextHopMode !== undefined) {
    found.add('/spec/keepOriginalNextHop', 'excludes nextHopMode', 'nextHopMode alone');
  }
  for (const field of ['password', 'bfd'] as const) {
    if (spec.range === undefined || spec[field] === undefined) continue;
    found.add(`/spec/${field}`, 'cannot be with range, whose peers are not known beforehand', 'peerIP, or none');
  }
  return found;
}

function checkAsNumber(
  { asNumber: asn, peerSelector, interface: name, range, peerIP }: BgpPeerSpec,
  found: Faults,
): void {
  const at = '/spec/asNumber';
  if (asn !== undefined && peerSelector !== undefined) {
    found.add(at, 'excludes peerSelector: nodes have their own AS numbers', 'none');
  }
  const from = peerIP !== undefined ? 'peerIP' : name !== undefined ? 'interface' : range !== undefined ? 'range' : '';
  if (asn === undefined && from !== '') {
    found.add('/spec', `"asNumber" is missing, of the peer at ${from}`, 'its AS number, like asNumber: 64512');
  }
  if (typeof asn === 'string' && peerIP !== undefined) {
    found.add(at, `is ${asn}, which is for interface and range`, 'a whole number 1 to 4294967295');
  }
}

function checkPeerIp({ peerIP, reachableBy, ttlSecurity, interface: name }: BgpPeerSpec, found: Faults): void {
  const remote = peerIP === undefined ? undefined : tryParseAddress(tryParsePeerIp(peerIP)?.address ?? '');
  if (remote && (isUnspecified(remote) || isMulticast(remote))) {
    found.add('/spec/peerIP', `${peerIP} is the address of no single host`, 'the address of the peer');
  }
  // ::ffff:0:0/96, RFC 4291 section 2.5.5.2.
  if (remote?.version === 6 && remote.a === 0 && remote.b === 0 && remote.c === 0xffff) {
    const right = formatAddress(ipv4(remote.d));
    found.add('/spec/peerIP', `${peerIP} is an IPv4 address written as IPv6, which no session goes over`, right);
  }
  if (remote?.version === 6 && isLinkLocal(remote)) {
    found.add(
      '/spec/peerIP',
      `${peerIP} is link-local, and of no node's interface in particular`,
      '"interface" instead',
    );
  }
  if (reachableBy !== undefined) {
    const gateway = tryParseAddress(reachableBy);
    if (!remote) found.add('/spec/reachableBy', 'is the gateway to a peerIP, which is not given', 'peerIP beside it');
    else if (gateway && gateway.version !== remote.version) {
      found.add(
        '/spec/reachableBy',
        `${reachableBy} is of another IP version than ${peerIP}`,
        `an IPv${remote.version} address`,
      );
    }
  }
  if (name !== undefined && (ttlSecurity ?? 1) > 1) {
    found.add('/spec/ttlSecurity', `is ${ttlSecurity}, but the peer of an interface is on the link`, '1, or none');
  }
}

/** RFC 4271 section 4.2: the hold time is zero or at least three seconds. */
function checkTimes({ holdTime, keepaliveTime, maxRestartTime, connectRetryTime }: BgpPeerSpec, found: Faults): void {
  const hold = holdTime === undefined ? 90 : secondsOf(holdTime);
  if (hold === 1 || hold === 2 || hold > 65535) {
    found.add('/spec/holdTime', `is ${holdTime}`, '0s (no keepalives), or 3s to 65535s (RFC 4271 section 4.2)');
  } else if (keepaliveTime !== undefined && hold > 0) {
    const most = Math.max(1, Math.floor(hold / 2));
    const keepalive = secondsOf(keepaliveTime);
    if (keepalive < 1 || keepalive > most) {
      found.add('/spec/keepaliveTime', `is ${keepaliveTime} with a hold time of ${hold}s`, `1s to ${most}s`);
    }
  }
  const limits = [
    ['maxRestartTime', maxRestartTime, 4095],
    ['connectRetryTime', connectRetryTime, 3600],
  ] as const;
  for (const [field, text, most] of limits) {
    const seconds = text === undefined ? 1 : secondsOf(text);
    if (seconds < 1 || seconds > most) found.add(`/spec/${field}`, `is ${text}`, `1s to ${most}s`);
  }
}
