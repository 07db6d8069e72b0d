import { EncodeError } from '../../errors.js';
import { CAPABILITY_CODE } from '../../iana.js';
import { decodeUtf8, encodeUtf8 } from '../utf8.js';
import { Writer } from '../writer.js';
import type { FqdnCapability } from './capability.js';
import type { CapabilityCodec } from './codec.js';

const MAX_OCTETS = 64;

/** FQDN, draft-walton-bgp-hostname-capability: a name for the eye alone, so a malformed one is ignored. */
export const fqdn: CapabilityCodec<FqdnCapability> = {
  code: CAPABILITY_CODE.fqdn,
  type: 'fqdn',
  decode(bytes, start, end) {
    if (end - start < 2) return undefined;
    const hostEnd = start + 1 + bytes[start]!;
    if (hostEnd >= end || hostEnd + 1 + bytes[hostEnd]! !== end) return undefined;
    return {
      type: 'fqdn',
      hostname: decodeUtf8(bytes, start + 1, hostEnd),
      domain: decodeUtf8(bytes, hostEnd + 1, end),
    };
  },
  encode({ hostname, domain }) {
    const writer = new Writer();
    for (const name of [encodeUtf8(hostname), encodeUtf8(domain)]) {
      if (name.length > MAX_OCTETS)
        throw new EncodeError(`a name in the FQDN capability has at most ${MAX_OCTETS} octets`);
      writer.u8(name.length).octets(name);
    }
    return writer.finish();
  },
};
