/**
 * What TCP-MD5 and GTSM made the kernel drop. A wrong key shows to the speaker as a timeout and nothing else; these
 * counters tell why. They are those of the whole network namespace, so a drop is a hint for each peer it may concern.
 */
import type { KernelDrop, PeerSpec } from '../api/peer.js';

export interface DropCounters {
  readonly notFound: number;
  readonly unexpected: number;
  readonly failure: number;
  readonly minTtlDrop: number;
}

interface DropKind {
  readonly key: keyof DropCounters;
  readonly counter: KernelDrop['counter'];
  /** Whether a peer so configured can have caused it. */
  readonly concerns: (spec: PeerSpec) => boolean;
  readonly hint: string;
}

const hasPassword = ({ password }: PeerSpec): boolean => password !== undefined;

const KINDS: readonly DropKind[] = [
  {
    key: 'notFound',
    counter: 'TCPMD5NotFound',
    concerns: hasPassword,
    hint: 'came without a TCP-MD5 key: the peer may have no password for us',
  },
  {
    key: 'unexpected',
    counter: 'TCPMD5Unexpected',
    concerns: (spec) => !hasPassword(spec),
    hint: 'came with a TCP-MD5 key: the peer may have a password, and here none is set',
  },
  {
    key: 'failure',
    counter: 'TCPMD5Failure',
    concerns: hasPassword,
    hint: 'came with another TCP-MD5 key: the passwords of both ends may differ',
  },
  {
    key: 'minTtlDrop',
    counter: 'TCPMinTTLDrop',
    concerns: ({ ttlSecurityHops }) => ttlSecurityHops !== undefined,
    hint: 'came with too small a TTL: the peer may send without GTSM, or be further away than ttlSecurityHops',
  },
];

/** What was dropped between two readings and may concern this peer. */
export function kernelDrops(spec: PeerSpec, before: DropCounters, after: DropCounters): KernelDrop[] {
  return KINDS.filter(({ key, concerns }) => after[key] > before[key] && concerns(spec)).map(
    ({ key, counter, hint }) => ({ counter, segments: after[key] - before[key], hint }),
  );
}
