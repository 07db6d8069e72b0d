/** Extensions of iptables inside of nf_tables rules, by the structures of linux/netfilter/xt_*.h. Those that rules of firewalls have most. */
import { LITTLE_ENDIAN } from '../netlink/byte-order.js';
import type { ShownExpression } from './shown-rule.js';

export type ShownMatch =
  /** Bits as nf_tables' `ct state` has them. */
  | { readonly type: 'state-in'; readonly states: number; readonly not: boolean }
  | {
      readonly type: 'mark-is';
      readonly of: 'packet' | 'connection';
      readonly mark: number;
      readonly mask: number;
      readonly not: boolean;
    }
  /** Kinds of addresses, one bit each by its RTN_ number; 0: any. */
  | {
      readonly type: 'address-kinds';
      readonly source: number;
      readonly destination: number;
      readonly notSource: boolean;
      readonly notDestination: boolean;
    };

/** Targets after which a packet goes on as it was. */
const ASIDE_TARGETS = new Set(['LOG', 'NFLOG', 'TCPMSS', 'TRACE', 'CLASSIFY', 'DSCP', 'TTL', 'HL', 'CHECKSUM', 'CT']);
const ENDS = new Set(['DNAT', 'SNAT', 'MASQUERADE', 'REDIRECT', 'NETMAP', 'TPROXY', 'NFQUEUE', 'SYNPROXY', 'TEE']);
/** Where struct xt_conntrack_mtinfo2 and 3 have flags and states, and the flags where states alone are asked for; `-m state` has both. */
const CONNTRACK = { FLAGS: 146, INVERT: 148, STATES: 150, STATE: 1, STATE_ALIAS: 0x2000 } as const;
const ADDRTYPE = { INVERT_SOURCE: 1, INVERT_DESTINATION: 2, INTERFACES: 12 } as const;

/** A match: `info` is the structure of its revision. */
export function readMatch(name: string, revision: number, info: Uint8Array): ShownExpression {
  const view = new DataView(info.buffer, info.byteOffset, info.length);
  const u16 = (at: number): number => view.getUint16(at, LITTLE_ENDIAN);
  const u32 = (at: number): number => view.getUint32(at, LITTLE_ENDIAN);
  const has = (octets: number): boolean => info.length >= octets;
  const none: ShownExpression = { type: 'unknown', what: `match ${name}` };
  switch (name) {
    case 'comment':
      return { type: 'aside' };
    case 'conntrack': {
      if ((revision !== 2 && revision !== 3) || !has(CONNTRACK.STATES + 2)) return none;
      if ((u16(CONNTRACK.FLAGS) & ~CONNTRACK.STATE_ALIAS) !== CONNTRACK.STATE) return none;
      return { type: 'state-in', states: u16(CONNTRACK.STATES), not: (u16(CONNTRACK.INVERT) & CONNTRACK.STATE) !== 0 };
    }
    case 'state':
      return has(4) ? { type: 'state-in', states: u32(0), not: false } : none;
    case 'mark':
    case 'connmark': {
      if (revision !== 1 || !has(9)) return none;
      const of = name === 'mark' ? 'packet' : 'connection';
      return { type: 'mark-is', of, mark: u32(0), mask: u32(4), not: info[8] !== 0 };
    }
    case 'addrtype': {
      if (revision !== 1 || !has(8)) return none;
      const flags = u32(4);
      if (flags & ADDRTYPE.INTERFACES) return none;
      return {
        ...{ type: 'address-kinds', source: u16(0), destination: u16(2) },
        notSource: (flags & ADDRTYPE.INVERT_SOURCE) !== 0,
        notDestination: (flags & ADDRTYPE.INVERT_DESTINATION) !== 0,
      };
    }
  }
  return none;
}

export function readTarget(name: string, revision: number, info: Uint8Array): ShownExpression {
  if (name === 'REJECT') return { type: 'reject' };
  if (name === 'MARK' && revision === 2 && info.length >= 8) {
    const view = new DataView(info.buffer, info.byteOffset);
    return { type: 'turn-mark', mark: view.getUint32(0, LITTLE_ENDIAN), mask: view.getUint32(4, LITTLE_ENDIAN) };
  }
  if (ENDS.has(name)) return { type: 'leave' };
  return ASIDE_TARGETS.has(name) ? { type: 'aside' } : { type: 'unknown-marks' };
}
