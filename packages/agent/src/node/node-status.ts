/** What a node sees, as it tells all others: its sessions, its routes, its health. Small enough to be written on every change. */
import type { PeerView } from '@tortie/bgp';
import { formatAddress } from '@tortie/ip';
import type { Health, Status } from '../api/status.js';

export interface SessionStatus {
  readonly peer: string;
  readonly address: string;
  readonly type: 'ebgp' | 'ibgp';
  readonly state: string;
  readonly since?: string;
  /** Why there is none. */
  readonly cause?: string;
}

export interface NodeStatusSpec {
  readonly node: string;
  readonly ready: boolean;
  /** Why it is not ready. */
  readonly problems: readonly string[];
  readonly sessions: {
    readonly configured: number;
    readonly established: number;
    /** Those that are not established first; no more than MAX_SESSIONS. */
    readonly peers: readonly SessionStatus[];
  };
  readonly routes: {
    readonly ipv4: number;
    readonly ipv6: number;
    readonly installed: number;
    readonly failed: number;
  };
  readonly blocks: readonly string[];
}

/** A reflector of thousands of nodes must not write them all whenever one of them comes or goes. */
export const MAX_SESSIONS = 100;

export interface NodeStatusInput {
  readonly status: Status;
  readonly health: Health;
  readonly peers: readonly PeerView[];
  /** Zero of the speaker's clock, milliseconds since 1970. */
  readonly originMs: number;
}

export function nodeStatusOf({ status, health, peers, originMs }: NodeStatusInput): NodeStatusSpec {
  const sessions = peers.map((peer) => sessionOf(peer, originMs));
  const rank = ({ state }: SessionStatus): number => (state === 'established' ? 1 : 0);
  sessions.sort((x, y) => rank(x) - rank(y) || (x.peer < y.peer ? -1 : 1));
  const { configured, established } = status.sessions;
  return {
    node: status.node,
    ready: health.ok,
    problems: health.conditions.filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`),
    sessions: { configured, established, peers: sessions.slice(0, MAX_SESSIONS) },
    routes: {
      ipv4: status.routes.ipv4,
      ipv6: status.routes.ipv6,
      installed: status.fib.installed,
      failed: status.fib.failed,
    },
    blocks: status.blocks,
  };
}

function sessionOf({ name, config, state, sinceMs, lastCause }: PeerView, originMs: number): SessionStatus {
  return {
    peer: name,
    address: formatAddress(config.remoteAddress),
    type: config.remoteAsn === config.localAsn ? 'ibgp' : 'ebgp',
    // The steps of an attempt come and go; that there is no session stays.
    state: state === 'established' ? state : config.adminDown ? 'admin-down' : 'down',
    ...(state === 'established' && { since: new Date(Math.round(originMs + sinceMs)).toISOString() }),
    ...(state !== 'established' && lastCause !== undefined && { cause: lastCause }),
  };
}
