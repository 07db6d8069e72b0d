/** What a schema cannot say about a peer. One list for the file and for the REST API. */
import { formatAddress, ipv4, isLinkLocal, isMulticast, isUnspecified, parsePrefix, tryParseAddress } from '@tortie/ip';
import type { PeerSpec } from '../api/peer.js';
import type { PeerRangeSpec } from '../api/peer-range.js';
import type { PolicyLibrary } from '../api/policy.js';
import type { Issue } from '../errors.js';
import { pointerTo } from '../schema/check.js';
import { checkPolicy } from './policy-rules.js';

/** Faults of a peer whose fields each fit the schema. `asn` is the node's own. */
export function checkPeer(peer: PeerSpec, asn: number, library: PolicyLibrary, at = ''): Issue[] {
  const issues: Issue[] = [];
  const fail = (field: string, detail: string): void => {
    issues.push({ pointer: field === '' ? at : pointerTo(at, field), detail });
  };
  const remote = peer.remoteAddress === undefined ? undefined : tryParseAddress(peer.remoteAddress);
  const local = peer.localAddress === undefined ? undefined : tryParseAddress(peer.localAddress);
  checkPlace(peer, fail);
  if (remote && (isUnspecified(remote) || isMulticast(remote))) {
    fail('remoteAddress', `${peer.remoteAddress} is the address of no single host`);
  }
  if (remote?.version === 6 && remote.a >>> 22 === 0xfe80 >>> 6 && peer.device === undefined) {
    fail('remoteAddress', `${peer.remoteAddress} is link-local; name its interface with "device"`);
  }
  if (remote && local && remote.version !== local.version) {
    fail('localAddress', `${peer.localAddress} and remoteAddress ${peer.remoteAddress} are of different IP versions`);
  }
  // RFC 4271 section 4.2: the hold time is zero or at least three seconds.
  if (peer.holdTimeS === 1 || peer.holdTimeS === 2) {
    fail('holdTimeS', `is ${peer.holdTimeS}; it must be 0 (no keepalives) or 3 to 65535 (RFC 4271 section 4.2)`);
  }
  const hold = peer.holdTimeS ?? 90;
  if (peer.keepaliveS !== undefined && hold !== 0 && peer.keepaliveS * 2 > hold) {
    fail(
      'keepaliveS',
      `is ${peer.keepaliveS} with a hold time of ${hold}; one lost keepalive would end the session, so write at most ${Math.max(1, Math.floor(hold / 2))} (a third is usual)`,
    );
  }
  const localAsn = peer.localAsn ?? asn;
  const internal = peer.remoteAsn === localAsn || peer.remoteAsn === 'internal';
  if (peer.routeReflectorClient && !internal) {
    fail(
      'routeReflectorClient',
      `needs a peer of the own AS ${localAsn}, but remoteAsn is ${peer.remoteAsn}; set remoteAsn: ${localAsn} or leave it out`,
    );
  }
  if (peer.ttlSecurityHops !== undefined && peer.multihopTtl !== undefined) {
    fail('multihopTtl', 'excludes ttlSecurityHops, which also reaches over several hops; keep one of them');
  }
  if (peer.password !== undefined && Buffer.byteLength(peer.password) > 80) {
    fail('password', 'has more than 80 octets, the most that TCP-MD5 takes');
  }
  for (const field of ['asOverride', 'removePrivateAs'] as const) {
    if (peer[field] && internal) {
      fail(field, `is for peers of another AS, and this one is of the own AS ${localAsn}; leave it out`);
    }
  }
  for (const field of ['localAsnPrependIn', 'localAsnPrependOut'] as const) {
    if (!peer[field]) continue;
    if (localAsn === asn) {
      fail(field, `needs a localAsn other than the node's own ${asn}; write localAsn, or leave it out`);
    } else if (internal) {
      fail(field, `is for peers of another AS, and this one is of the own AS ${localAsn}; leave it out`);
    }
  }
  if (peer.role !== undefined && internal) {
    fail('role', `is for peers of another AS, and this one is of the own AS ${localAsn}; leave it out`);
  }
  if (peer.roleStrict && peer.role === undefined) {
    fail('roleStrict', 'asks the peer for its role, but ours is not given; write role as well');
  }
  for (const side of ['import', 'export'] as const) {
    if (peer[side]) issues.push(...checkPolicy(peer[side], pointerTo(at, side), library, side));
  }
  return issues;
}

/** Faults of a range: those that each of its peers would have. */
export function checkPeerRange(range: PeerRangeSpec, asn: number, library: PolicyLibrary, at = ''): Issue[] {
  const { prefix, limit: _, ...settings } = range;
  // The first address after that of the network stands for all of them.
  const first = parsePrefix(prefix);
  const remoteAddress = formatAddress(first.version === 4 ? ipv4(first.a + 1) : { ...first, d: first.d + 1 });
  return checkPeer({ ...settings, remoteAddress }, asn, library, at).map((issue) =>
    issue.pointer === pointerTo(at, 'remoteAddress') ? { ...issue, pointer: pointerTo(at, 'prefix') } : issue,
  );
}

/** Either an address or an interface says where the peer is. */
function checkPlace(peer: PeerSpec, fail: (field: string, detail: string) => void): void {
  if (peer.interface === undefined) {
    if (peer.remoteAddress === undefined) {
      fail('', 'neither "remoteAddress" nor "interface" is there; one of them says where the peer is');
    }
    return;
  }
  const excluded = [
    ['remoteAddress', 'the address is found there'],
    ['device', 'it is that interface already'],
    ['localAddress', 'ours is the link-local one there'],
    ['multihopTtl', 'the peer is on the link'],
  ] as const;
  for (const [field, why] of excluded) {
    if (peer[field] !== undefined) fail(field, `excludes interface: ${why}; keep one of them`);
  }
}

/** Where a peer is, in words: no two peers may be at the same place. */
export function placeOf({ interface: name, remoteAddress = '', device, remotePort = 179 }: PeerSpec): string {
  if (name !== undefined) return `interface ${name}`;
  const address = tryParseAddress(remoteAddress);
  const scoped = address?.version === 6 && isLinkLocal(address) && device !== undefined;
  return `${remoteAddress}${scoped ? `%${device}` : ''} port ${remotePort}`;
}

/** Faults between peers: names and addresses that are there twice. */
export function checkPeers(peers: readonly PeerSpec[], at: string): Issue[] {
  const issues: Issue[] = [];
  const names = new Map<string, number>();
  const addresses = new Map<string, number>();
  for (const [index, peer] of peers.entries()) {
    const first = names.get(peer.name);
    if (first !== undefined) {
      issues.push({
        pointer: pointerTo(pointerTo(at, index), 'name'),
        detail: `"${peer.name}" is already the name of ${pointerTo(at, first)}; names must differ`,
      });
    }
    names.set(peer.name, first ?? index);
    const address = placeOf(peer);
    const other = addresses.get(address);
    if (other !== undefined) {
      issues.push({
        pointer: pointerTo(pointerTo(at, index), peer.interface === undefined ? 'remoteAddress' : 'interface'),
        detail: `${address} is already peer "${peers[other]!.name}"; two peers cannot share ${peer.interface === undefined ? 'address and port' : 'an interface'}`,
      });
    }
    addresses.set(address, other ?? index);
  }
  return issues;
}
