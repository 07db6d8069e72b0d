import { ATTRIBUTE_TYPE } from '../../iana.js';

import type { AttributeCodec } from './codec.js';
import { decodeWords, encodeWords, multipleOf } from './word.js';

/** CLUSTER_LIST, RFC 4456 section 8; from external peers discarded, malformed handling RFC 7606 section 7.10. */
export const clusterList: AttributeCodec<'clusterList'> = {
  type: ATTRIBUTE_TYPE.clusterList,
  name: 'CLUSTER_LIST',
  key: 'clusterList',
  flags: 0x80,
  malformed: 'treat-as-withdraw',
  discards: ({ peerType }) => peerType === 'ebgp',
  check: multipleOf(4, 'CLUSTER_LIST'),
  decode: decodeWords,
  encode: encodeWords,
};
