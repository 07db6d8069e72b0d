import { EncodeError } from '../../errors.js';
import { CAPABILITY_CODE } from '../../iana.js';
import { u16At } from '../reader.js';
import { Writer } from '../writer.js';
import type { GracefulRestartCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

const RESTARTING = 0x8000;
const NOTIFICATION = 0x4000;
const MAX_TIME_S = 0x0fff;
const FORWARDING = 0x80;

/** Graceful restart, RFC 4724 section 3; the N bit RFC 8538 section 2. */
export const gracefulRestart: CapabilityCodec<GracefulRestartCapability> = {
  code: CAPABILITY_CODE.gracefulRestart,
  type: 'graceful-restart',
  decode(bytes, start, end) {
    checkLength('graceful-restart', end - start, 2, 4);
    const head = u16At(bytes, start);
    const families: GracefulRestartCapability['families'][number][] = [];
    for (let at = start + 2; at < end; at += 4) {
      const forwarding = (bytes[at + 3]! & FORWARDING) !== 0;
      families.push({ afi: u16At(bytes, at), safi: bytes[at + 2]!, forwarding });
    }
    return {
      type: 'graceful-restart',
      restarting: (head & RESTARTING) !== 0,
      notification: (head & NOTIFICATION) !== 0,
      restartTimeS: head & MAX_TIME_S,
      families,
    };
  },
  encode({ restarting, notification, restartTimeS, families }) {
    if (restartTimeS > MAX_TIME_S)
      throw new EncodeError(`a restart time is at most ${MAX_TIME_S} s, not ${restartTimeS}`);
    const writer = new Writer();
    writer.u16((restarting ? RESTARTING : 0) + (notification ? NOTIFICATION : 0) + restartTimeS);
    for (const { afi, safi, forwarding } of families)
      writer
        .u16(afi)
        .u8(safi)
        .u8(forwarding ? FORWARDING : 0);
    return writer.finish();
  },
};
