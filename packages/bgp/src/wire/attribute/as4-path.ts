import { ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import { decodeSegments, encodeSegments, segmentProblem } from './as-path-segments.js';
import { type AttributeCodec, complaint } from './codec.js';

const MALFORMED = complaint(UPDATE_ERROR.optionalAttribute, 'AS4_PATH is malformed');

const isConfed = ({ type }: { readonly type: string }): boolean => type.startsWith('confed');

/**
 * AS4_PATH, RFC 6793 section 3: the true path beside the AS_PATH of a 2-octet session. Between 4-octet speakers it is
 * discarded (section 4.1); so is a malformed one, and confederation segments within (section 6).
 */
export const as4Path: AttributeCodec<'as4Path'> = {
  type: ATTRIBUTE_TYPE.as4Path,
  name: 'AS4_PATH',
  key: 'as4Path',
  flags: 0xc0,
  malformed: 'attribute-discard',
  discards: ({ fourOctetAs }) => fourOctetAs,
  check: (bytes, start, end) =>
    end === start || segmentProblem(bytes, start, end, 4) !== undefined ? MALFORMED : undefined,
  decode: (bytes, start, end) => decodeSegments(bytes, start, end, 4).filter((segment) => !isConfed(segment)),
  encode: (value) =>
    encodeSegments(
      value.filter((segment) => !isConfed(segment)),
      4,
    ),
};
