import { ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import {
  decodeSegments,
  encodeSegments,
  hasConfedSegment,
  type SegmentProblem,
  segmentProblem,
} from './as-path-segments.js';
import { type AttributeCodec, type Complaint, complaint } from './codec.js';

const malformed = (reason: string): Complaint => complaint(UPDATE_ERROR.malformedAsPath, reason);
const COMPLAINTS: Readonly<Record<SegmentProblem, Complaint>> = {
  overrun: malformed('AS_PATH has a segment that runs over its end'),
  underrun: malformed('AS_PATH ends in a single octet'),
  empty: malformed('AS_PATH has an empty segment'),
  type: malformed('AS_PATH has a segment of undefined type'),
  'as-zero': malformed('AS_PATH holds AS 0'),
};
const CONFED = malformed('AS_PATH of an external peer has a confederation segment');

/**
 * AS_PATH, RFC 4271 section 5.1.2; malformed handling RFC 7606 section 7.2, AS 0 RFC 7607 section 2. Confederation
 * segments from outside are malformed by RFC 5065 section 5.
 */
export const asPath: AttributeCodec<'asPath'> = {
  type: ATTRIBUTE_TYPE.asPath,
  name: 'AS_PATH',
  key: 'asPath',
  flags: 0x40,
  malformed: 'treat-as-withdraw',
  check(bytes, start, end, { fourOctetAs, peerType }) {
    const asnOctets = fourOctetAs ? 4 : 2;
    const problem = segmentProblem(bytes, start, end, asnOctets);
    if (problem) return COMPLAINTS[problem];
    return peerType === 'ebgp' && hasConfedSegment(bytes, start, end, asnOctets) ? CONFED : undefined;
  },
  decode: (bytes, start, end, { fourOctetAs }) => decodeSegments(bytes, start, end, fourOctetAs ? 4 : 2),
  encode: (value, { fourOctetAs }) => encodeSegments(value, fourOctetAs ? 4 : 2),
};
