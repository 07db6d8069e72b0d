/**
 * Is a peer's OPEN acceptable? RFC 4271 section 6.2, RFC 6286 (router ID), RFC 7607 (AS 0), RFC 5492 (capabilities),
 * RFC 9234 (roles).
 */
import { NotificationError } from '../errors.js';
import { AFI, AS_TRANS, ERROR_CODE, OPEN_ERROR, SAFI } from '../iana.js';
import type { Capability } from '../wire/capability/capability.js';
import { FAMILIES, familyIndex } from '../wire/family/family.js';
import type { OpenMessage } from '../wire/message.js';
import { roleMismatch } from './check-role.js';
import type { FsmConfig } from './config.js';

/** An OPEN that passed. */
export interface PeerOpen {
  readonly asn: number;
  readonly routerId: number;
  readonly holdTimeS: number;
  readonly capabilities: readonly Capability[];
}

const reject = (subcode: number, reason: string, data?: Uint8Array): NotificationError =>
  new NotificationError(ERROR_CODE.open, subcode, reason, data);

/** Gives the OPEN's content, or the error that the NOTIFICATION to the peer has to carry. */
export function checkOpen(open: OpenMessage, config: FsmConfig): PeerOpen | NotificationError {
  if (open.version !== 4) {
    // RFC 4271 section 6.2: the Data field holds the largest version we support that is not larger than the peer's.
    return reject(OPEN_ERROR.unsupportedVersion, `BGP version ${open.version}; we speak 4`, Uint8Array.of(0, 4));
  }
  // RFC 7607 section 2: AS 0 in an OPEN is a Bad Peer AS.
  if (open.asn === 0) return reject(OPEN_ERROR.badPeerAs, 'the peer says AS 0');
  if (open.asn === AS_TRANS && config.remoteAsn !== AS_TRANS) {
    return reject(OPEN_ERROR.badPeerAs, `the peer says AS_TRANS (23456) without a 4-octet AS number`);
  }
  if (config.remoteAsn === 'external') {
    if (open.asn === config.localAsn) {
      return reject(OPEN_ERROR.badPeerAs, `the peer says AS ${open.asn}, which is ours; configured is an external one`);
    }
  } else if (open.asn !== config.remoteAsn) {
    return reject(OPEN_ERROR.badPeerAs, `the peer says AS ${open.asn}; configured is AS ${config.remoteAsn}`);
  }
  // RFC 6286 section 2.2: non-zero; and another one than ours where both are in one AS.
  if (open.routerId === 0) return reject(OPEN_ERROR.badBgpIdentifier, "the peer's BGP Identifier is 0");
  if (open.routerId === config.routerId && config.remoteAsn === config.localAsn) {
    return reject(OPEN_ERROR.badBgpIdentifier, 'the peer has our own BGP Identifier');
  }
  if (open.holdTimeS === 1 || open.holdTimeS === 2) {
    return reject(OPEN_ERROR.unacceptableHoldTime, `a hold time of ${open.holdTimeS} s; it must be 0 or at least 3`);
  }
  if (!peerFamilies(open.capabilities).some((offered, index) => offered && config.families[index])) {
    return reject(
      OPEN_ERROR.unsupportedCapability,
      'no address family in common',
      multiprotocolTuples(config.families),
    );
  }
  // Roles are of eBGP alone.
  const mismatch =
    config.remoteAsn === config.localAsn ? undefined : roleMismatch(open.capabilities, config.role, config.roleStrict);
  if (mismatch !== undefined) return reject(OPEN_ERROR.roleMismatch, mismatch);
  return { asn: open.asn, routerId: open.routerId, holdTimeS: open.holdTimeS, capabilities: open.capabilities };
}

/** By family index: what the peer offers. A peer without the multiprotocol capability offers IPv4 unicast (RFC 4760). */
export function peerFamilies(capabilities: readonly Capability[]): boolean[] {
  const families = FAMILIES.map(() => false);
  let multiprotocol = false;
  for (const capability of capabilities) {
    if (capability.type !== 'multiprotocol') continue;
    multiprotocol = true;
    const index = familyIndex(capability.afi, capability.safi);
    if (index >= 0) families[index] = true;
  }
  if (!multiprotocol) families[familyIndex(AFI.ipv4, SAFI.unicast)] = true;
  return families;
}

/** RFC 5492 section 5: the Data field lists the capabilities that the peer lacks, as they stand in OPEN. */
function multiprotocolTuples(families: readonly boolean[]): Uint8Array {
  const octets: number[] = [];
  for (const { index, afi, safi } of FAMILIES) {
    if (families[index]) octets.push(1, 4, afi >>> 8, afi & 255, 0, safi);
  }
  return Uint8Array.from(octets);
}
