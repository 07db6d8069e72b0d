/** What looks wrong in a cluster when its resources are put side by side. Pure; what only a running node can see is the agent's. */
import { counted } from '@tortie/ip';
import type { ClusterIndex } from '../sessions/cluster-index.js';
import { desiredSessions } from '../sessions/desired-sessions.js';
import type { Session } from '../sessions/session.js';

export interface Finding {
  /** Stable. */
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** `BGPPeer/NAME`, `Node/NAME`, … */
  readonly subject: string;
  readonly text: string;
  /** What would be right. */
  readonly remedy: string;
}

/** A mesh of more nodes has more sessions than it is worth. */
export const MESH_LIMIT = 100;

/** All nodes' sessions are worked out for clusters up to this size; above, only those of `self`. */
const ALL_NODES_UP_TO = 500;

export function clusterFindings(index: ClusterIndex, self: string): Finding[] {
  const findings = [...selectorFindings(index), ...meshFindings(index)];
  const nodes = index.nodes.length <= ALL_NODES_UP_TO ? index.nodes : index.nodes.filter(({ name }) => name === self);
  const notes = new Map<string, Finding>();
  for (const node of nodes) {
    const { sessions, notes: own } = desiredSessions(index, node.name);
    findings.push(...reflectorFindings(index, node.name, sessions));
    for (const { code, subject, text } of own) {
      const severity = SEVERITY[code] ?? 'warning';
      notes.set(`${code} ${subject} ${text}`, { code, severity, subject, text, remedy: REMEDY[code] ?? '' });
    }
  }
  return [...findings, ...notes.values()].sort(bySeverity);
}

const SEVERITY: Readonly<Record<string, Finding['severity']>> = {
  shadowed: 'info',
  'asn-mismatch': 'error',
  'password-mismatch': 'error',
  'selector-invalid': 'error',
  'address-twice': 'error',
};

const REMEDY: Readonly<Record<string, string>> = {
  shadowed: 'remove one of the two, or give them different addresses',
  'asn-mismatch': 'write the AS number the node shows, or use peerSelector, which knows it',
  'password-mismatch': 'name the same secret at both ends',
  'selector-invalid': 'correct the selector',
  'address-twice': 'write nodeAddress into the file of one of the two',
  'one-sided': 'leave reversePeering at Auto, or add the BGPPeer for the other side',
};

const ORDER: readonly Finding['severity'][] = ['error', 'warning', 'info'];
const bySeverity = (x: Finding, y: Finding): number =>
  ORDER.indexOf(x.severity) - ORDER.indexOf(y.severity) ||
  (x.code < y.code ? -1 : x.code > y.code ? 1 : x.subject < y.subject ? -1 : 1);

function selectorFindings({ nodes, peers }: ClusterIndex): Finding[] {
  return peers.flatMap((scope) => {
    const { node, nodeSelector, peerSelector } = scope.spec;
    const subject = `BGPPeer/${scope.name}`;
    const found: Finding[] = [];
    const none = (field: string, what: string): Finding => ({
      code: 'selector-empty',
      severity: 'error',
      subject,
      text: `${field} of BGPPeer ${scope.name} selects no node${what}`,
      remedy: 'correct the selector, or label the nodes it is meant for: tortie apply a Node with metadata.labels',
    });
    if (node !== undefined && !nodes.some(({ name }) => name === node)) {
      found.push({ ...none('node', ''), code: 'node-missing', remedy: `there is no node ${node}; correct the name` });
    } else if (nodeSelector !== undefined && !nodes.some((one) => scope.hasLocal(one))) {
      found.push(none('nodeSelector', `: ${nodeSelector}`));
    }
    if (peerSelector !== undefined && !nodes.some((one) => scope.hasRemote(one))) {
      found.push(none('peerSelector', `: ${peerSelector}`));
    }
    return found;
  });
}

function meshFindings(index: ClusterIndex): Finding[] {
  const members = index.nodes.filter((node) => index.inMesh(node)).length;
  if (members <= MESH_LIMIT) return [];
  return [
    {
      code: 'mesh-large',
      severity: 'warning',
      subject: 'BGPConfiguration/default',
      text: `${members} nodes mesh: each has ${counted(members - 1, 'session')}, all together ${(members * (members - 1)) / 2}`,
      remedy: 'make two or more nodes route reflectors and switch the mesh off; docs/CLUSTER.md leads there',
    },
  ];
}

/** Reflectors of one cluster ID drop what the others have reflected (RFC 4456 section 8): a client needs all of them. */
function reflectorFindings(index: ClusterIndex, name: string, sessions: readonly Session[]): Finding[] {
  const own = index.node(name)!;
  if (own.clusterId !== undefined) return [];
  const reached = new Map<string, Set<string>>();
  for (const { node, type } of sessions) {
    const clusterId = node === undefined ? undefined : index.node(node)?.clusterId;
    if (clusterId === undefined || type !== 'ibgp') continue;
    reached.set(clusterId, (reached.get(clusterId) ?? new Set()).add(node!));
  }
  return [...reached].flatMap(([clusterId, have]) => {
    const missing = index.nodes.filter((node) => node.clusterId === clusterId && !have.has(node.name));
    if (missing.length === 0) return [];
    const names = missing.map((node) => node.name).join(', ');
    return [
      {
        code: 'reflector-partial',
        severity: 'error' as const,
        subject: `Node/${name}`,
        text: `node ${name} peers with ${[...have].sort().join(', ')} of cluster ${clusterId}, but not with ${names}: clients of those alone are out of its reach`,
        remedy: 'let the BGPPeer select all reflectors of a cluster ID, or give them different ones',
      },
    ];
  });
}
