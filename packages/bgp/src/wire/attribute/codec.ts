/** The shape of a row in the table of path attributes. */
import type { WireContext } from '../context.js';
import type { FaultAction } from './faults.js';
import type { Aggregator, AsPathSegment, PathAttributes } from './path-attributes.js';

/** The attributes as they lie on the wire: with the two that only 2-octet peers send (RFC 6793). */
export interface WireAttributes extends PathAttributes {
  readonly as4Path?: readonly AsPathSegment[];
  readonly as4Aggregator?: Aggregator;
}

export type AttributeKey = Exclude<keyof WireAttributes, 'unknown'>;

export type AttributeValue<K extends AttributeKey> = NonNullable<WireAttributes[K]>;

/** What is wrong with an attribute's value. */
export interface Complaint {
  /** The subcode of UPDATE Message Error, RFC 4271 section 6.3. */
  readonly errorSubcode: number;
  readonly reason: string;
}

export interface AttributeCodec<K extends AttributeKey = AttributeKey> {
  readonly type: number;
  /** As the RFC writes it. */
  readonly name: string;
  readonly key: K;
  /** The Optional and Transitive bits it must have. */
  readonly flags: number;
  /** What RFC 7606 section 7 (or its own RFC) says to do where the value is malformed. */
  readonly malformed: FaultAction;
  /** Whether a session of this kind discards the attribute unseen. */
  discards?(context: WireContext): boolean;
  /** Checks the value between two offsets without decoding it. Allocates nothing where the value is sound. */
  check(bytes: Uint8Array, start: number, end: number, context: WireContext): Complaint | undefined;
  /** Decodes a value that `check` found sound. */
  decode(bytes: Uint8Array, start: number, end: number, context: WireContext): AttributeValue<K>;
  /** The octets of the value, without flags, type and length. */
  encode(value: AttributeValue<K>, context: WireContext): Uint8Array;
}

export const complaint = (errorSubcode: number, reason: string): Complaint => ({ errorSubcode, reason });
