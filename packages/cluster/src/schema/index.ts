/** Schemas (JSON Schema with TypeScript types), and checks of values against them that say what would be right. */
export { checkValue, type SchemaNode } from './check.js';
export { coerceQuery } from './coerce.js';
export { withDefaults } from './defaults.js';
export { type Fault, formatFault, listed, pointerTo } from './fault.js';
export { COMMON_FORMATS, type Format, type Formats } from './formats.js';
export { anyGroup, mapOf } from './map.js';
export { suggest } from './suggest.js';
export { type Static, Type } from './type.js';
