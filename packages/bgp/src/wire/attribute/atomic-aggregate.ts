import { ATTRIBUTE_TYPE } from '../../iana.js';
import type { AttributeCodec } from './codec.js';
import { exactly } from './word.js';

/** ATOMIC_AGGREGATE, RFC 4271 section 5.1.6: there or not, no value; malformed handling RFC 7606 section 7.6. */
export const atomicAggregate: AttributeCodec<'atomicAggregate'> = {
  type: ATTRIBUTE_TYPE.atomicAggregate,
  name: 'ATOMIC_AGGREGATE',
  key: 'atomicAggregate',
  flags: 0x40,
  malformed: 'attribute-discard',
  check: exactly(0, 'ATOMIC_AGGREGATE'),
  decode: () => true,
  encode: () => new Uint8Array(0),
};
