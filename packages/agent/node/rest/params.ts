/** Path parameters and headers that several resources share. */
import { ipAddress, resourceName } from '../../src/api/text.js';
import { Type } from '../../src/api/type.js';

export const NameParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 253 }) });
/** Of something to be made. */
export const ResourceNameParams = Type.Object({ name: resourceName() });
export const AddressParams = Type.Object({ address: ipAddress() });
export const PrefixParams = Type.Object({ prefix: Type.String({ format: 'ip-prefix' }) });
export const HandleParams = Type.Object({ handle: Type.String({ minLength: 1, maxLength: 253 }) });

export const IfMatch = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'Only if the resource still has this ETag; else 412' })),
});
