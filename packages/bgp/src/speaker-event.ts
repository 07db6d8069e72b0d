/** What a speaker tells whoever watches it. */
import type { ChangeImpact } from './config-change.js';
import type { Cause } from './fsm/cause.js';
import type { SessionStateName } from './fsm/state.js';
import type { FamilyName } from './wire/family/family.js';

export type SpeakerEvent =
  /** The state shown of a peer changed; `cause` and its words where a session or an attempt ended. */
  | {
      readonly type: 'session';
      readonly peer: string;
      readonly from: SessionStateName;
      readonly to: SessionStateName;
      readonly cause?: Cause;
      readonly reason?: string;
    }
  | { readonly type: 'end-of-rib'; readonly peer: string; readonly family: FamilyName }
  /** A malformed UPDATE was dealt with, RFC 7606. */
  | {
      readonly type: 'fault';
      readonly peer: string;
      readonly action: 'attribute-discard' | 'treat-as-withdraw';
      readonly attributeType?: number;
      readonly reason: string;
    }
  /** More prefixes than maxPrefixes, with the action `warn`. */
  | {
      readonly type: 'prefix-limit';
      readonly peer: string;
      readonly family: FamilyName;
      readonly received: number;
      readonly limit: number;
    }
  /** Routes of a restarted peer that it did not announce again are gone. */
  | { readonly type: 'stale-removed'; readonly peer: string; readonly family: FamilyName; readonly routes: number }
  /** A peer stays away longer than a restart takes: its routes are the last choice, for so many seconds at most. RFC 9494. */
  | {
      readonly type: 'long-lived-stale';
      readonly peer: string;
      readonly family: FamilyName;
      readonly routes: number;
      readonly seconds: number;
    }
  | { readonly type: 'refused'; readonly remoteAddress: string; readonly reason: string }
  | {
      readonly type: 'peer';
      readonly peer: string;
      readonly change: 'added' | 'changed' | 'removed';
      readonly impact: ChangeImpact;
    }
  /** A BMP collector's connection: up, lost (`reason`), or not to be had: of attempts that fail in a row, the first. */
  | {
      readonly type: 'bmp';
      readonly collector: string;
      readonly change: 'connected' | 'lost' | 'unreachable';
      readonly reason?: string;
    }
  /** After a restart of ours: the peers have sent what they have, or time is up; routes flow from here on. */
  | { readonly type: 'restart-done' }
  /** Something of ours failed. */
  | { readonly type: 'problem'; readonly peer?: string; readonly error: Error };
