/** States and diagnostics of RFC 5880 section 4.1; an index is the number on the wire. */

export const STATES = ['admin-down', 'down', 'init', 'up'] as const;
export type SessionState = (typeof STATES)[number];

export const DIAGNOSTICS = [
  'no diagnostic',
  'control detection time expired',
  'echo function failed',
  'neighbor signaled session down',
  'forwarding plane reset',
  'path down',
  'concatenated path down',
  'administratively down',
  'reverse concatenated path down',
] as const;
/** `reserved`: a number of 9 to 31. */
export type Diagnostic = (typeof DIAGNOSTICS)[number] | 'reserved';
