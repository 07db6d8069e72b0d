import { CAPABILITY_CODE } from '../../iana.js';
import { u16At } from '../reader.js';
import { Writer } from '../writer.js';
import type { AddPathCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

const RECEIVE = 1;
const SEND = 2;

/** ADD-PATH, RFC 7911 section 4. With a send/receive value other than 1 to 3 the capability is ignored. */
export const addPath: CapabilityCodec<AddPathCapability> = {
  code: CAPABILITY_CODE.addPath,
  type: 'add-path',
  decode(bytes, start, end) {
    checkLength('add-path', end - start, 0, 4);
    const families: AddPathCapability['families'][number][] = [];
    for (let at = start; at < end; at += 4) {
      const mode = bytes[at + 3]!;
      if (mode < RECEIVE || mode > (SEND | RECEIVE)) return undefined;
      const send = (mode & SEND) !== 0;
      families.push({ afi: u16At(bytes, at), safi: bytes[at + 2]!, send, receive: (mode & RECEIVE) !== 0 });
    }
    return { type: 'add-path', families };
  },
  encode({ families }) {
    const writer = new Writer();
    for (const { afi, safi, send, receive } of families) {
      if (send || receive)
        writer
          .u16(afi)
          .u8(safi)
          .u8((send ? SEND : 0) | (receive ? RECEIVE : 0));
    }
    return writer.finish();
  },
};
