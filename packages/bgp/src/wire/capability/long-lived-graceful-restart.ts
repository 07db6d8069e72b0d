import { EncodeError } from '../../errors.js';
import { CAPABILITY_CODE } from '../../iana.js';
import { u16At } from '../reader.js';
import { Writer } from '../writer.js';
import type { LongLivedGracefulRestartCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

const FORWARDING = 0x80;
const MAX_TIME_S = 0xffffff;

/** Long-lived graceful restart, RFC 9494 section 3.1. The stale time has 24 bits. */
export const longLivedGracefulRestart: CapabilityCodec<LongLivedGracefulRestartCapability> = {
  code: CAPABILITY_CODE.longLivedGracefulRestart,
  type: 'long-lived-graceful-restart',
  decode(bytes, start, end) {
    checkLength('long-lived-graceful-restart', end - start, 0, 7);
    const families: LongLivedGracefulRestartCapability['families'][number][] = [];
    for (let at = start; at < end; at += 7) {
      families.push({
        afi: u16At(bytes, at),
        safi: bytes[at + 2]!,
        forwarding: (bytes[at + 3]! & FORWARDING) !== 0,
        staleTimeS: (bytes[at + 4]! << 16) | u16At(bytes, at + 5),
      });
    }
    return { type: 'long-lived-graceful-restart', families };
  },
  encode({ families }) {
    const writer = new Writer();
    for (const { afi, safi, forwarding, staleTimeS } of families) {
      if (staleTimeS > MAX_TIME_S) throw new EncodeError(`a stale time is at most ${MAX_TIME_S} s, not ${staleTimeS}`);
      writer
        .u16(afi)
        .u8(safi)
        .u8(forwarding ? FORWARDING : 0);
      writer.u8(staleTimeS >>> 16).u16(staleTimeS & 0xffff);
    }
    return writer.finish();
  },
};
