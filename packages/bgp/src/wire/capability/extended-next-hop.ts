import { CAPABILITY_CODE } from '../../iana.js';
import { u16At } from '../reader.js';
import { Writer } from '../writer.js';
import type { ExtendedNextHopCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

/** Extended next hop encoding, RFC 8950 section 4. SAFI has two octets here. */
export const extendedNextHop: CapabilityCodec<ExtendedNextHopCapability> = {
  code: CAPABILITY_CODE.extendedNextHop,
  type: 'extended-next-hop',
  decode(bytes, start, end) {
    checkLength('extended-next-hop', end - start, 0, 6);
    const entries: ExtendedNextHopCapability['entries'][number][] = [];
    for (let at = start; at < end; at += 6) {
      entries.push({ afi: u16At(bytes, at), safi: u16At(bytes, at + 2), nextHopAfi: u16At(bytes, at + 4) });
    }
    return { type: 'extended-next-hop', entries };
  },
  encode({ entries }) {
    const writer = new Writer();
    for (const { afi, safi, nextHopAfi } of entries) writer.u16(afi).u16(safi).u16(nextHopAfi);
    return writer.finish();
  },
};
