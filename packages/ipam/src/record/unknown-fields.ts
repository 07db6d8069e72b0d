/**
 * Fields that a later version of this program writes beside those known here, without a new number (see version.ts): whoever
 * rewrites such a record leaves them as they are. Blocks are changed field by field and need no list.
 */
import { DEFAULT_CONFIG } from './config.js';
import { AFFINITIES, CONFIG, HANDLES, POOLS, RESERVATIONS } from './keys.js';
import { DEFAULT_POOL_SETTINGS } from './pool.js';

const KNOWN: readonly (readonly [prefix: string, fields: ReadonlySet<string>])[] = [
  [POOLS, new Set(['name', 'cidr', 'blockSize', 'notes', ...Object.keys(DEFAULT_POOL_SETTINGS)])],
  [RESERVATIONS, new Set(['name', 'cidrs', 'notes'])],
  [HANDLES, new Set(['handle', 'node', 'blocks'])],
  [AFFINITIES, new Set(['state'])],
  [CONFIG, new Set(['notes', ...Object.keys(DEFAULT_CONFIG)])],
];

/** What is to be written over `before`. */
export function withUnknownFields(key: string, before: unknown, next: unknown): unknown {
  if (!isRecord(before) || !isRecord(next)) return next;
  const known = KNOWN.find(([prefix]) => key.startsWith(prefix))?.[1];
  if (!known) return next;
  const unknown = Object.entries(before).filter(([field]) => !known.has(field) && !(field in next));
  return unknown.length === 0 ? next : { ...next, ...Object.fromEntries(unknown) };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
