import { ATTRIBUTE_TYPE } from '../../iana.js';
import { u32At } from '../reader.js';
import type { AttributeCodec } from './codec.js';
import { encodeWord, exactly } from './word.js';

/** ONLY_TO_CUSTOMER (OTC), an AS number: RFC 9234 section 5, malformed handling included. */
export const onlyToCustomer: AttributeCodec<'onlyToCustomer'> = {
  type: ATTRIBUTE_TYPE.onlyToCustomer,
  name: 'ONLY_TO_CUSTOMER',
  key: 'onlyToCustomer',
  flags: 0xc0,
  malformed: 'treat-as-withdraw',
  check: exactly(4, 'ONLY_TO_CUSTOMER'),
  decode: (bytes, start) => u32At(bytes, start),
  encode: encodeWord,
};
