/** The cluster's nodes and BGP resources, looked up the ways sessions ask: who is selected, who has an address, what a node goes by. */
import { formatAddress, parseAddress } from '@tortie/ip';
import { type Labels, parseSelector, type Selector } from '@tortie/ipam';
import type { BgpConfigurationSpec } from '../resource/bgp-configuration.js';
import type { BgpPeerSpec } from '../resource/bgp-peer.js';
import { tryParsePeerIp } from '../resource/text.js';

/** A node as sessions see it: its Node resource and what its agent says of itself, put together. */
export interface SessionNode {
  readonly name: string;
  readonly labels: Labels;
  /** Addresses for BGP, without a length. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly asn?: number;
  /** Makes it a route reflector, outside the mesh. */
  readonly clusterId?: string;
  /** Where its agent listens. */
  readonly port?: number;
}

export interface NamedPeer {
  readonly name: string;
  readonly spec: BgpPeerSpec;
}

export interface ClusterState {
  readonly nodes: readonly SessionNode[];
  /** By name: `default` and `node.NAME`. */
  readonly configurations: ReadonlyMap<string, BgpConfigurationSpec>;
  readonly peers: readonly NamedPeer[];
}

/** A BGPPeer with its selectors evaluated. */
export interface PeerScope extends NamedPeer {
  /** Neither `node` nor `nodeSelector`: it is for all nodes. */
  readonly global: boolean;
  /** Of `peerIP`. */
  readonly remote: { readonly address: string; readonly port: number | undefined } | undefined;
  readonly reverses: boolean;
  hasLocal(node: SessionNode): boolean;
  /** Whether `peerSelector` selects the node. */
  hasRemote(node: SessionNode): boolean;
}

const DEFAULT_ASN = 64512;
export const DEFAULT_PORT = 179;

/** Everything but nodes, read once for all indexes that have it. */
interface Rules {
  readonly configurations: ReadonlyMap<string, BgpConfigurationSpec>;
  readonly peers: readonly PeerScope[];
  readonly faults: readonly { readonly peer: string; readonly reason: string }[];
}

/**
 * Does not change; `withNodes` gives the next one. Nodes that stay the same stay the same objects, by which `SessionsOfNode`
 * sees at which it has to look: in a cluster of thousands a node that joins must not cost each other one a look at all of them.
 */
export class ClusterIndex {
  /** By name. */
  readonly nodes: readonly SessionNode[];
  readonly #rules: Rules;
  #byAddress: ReadonlyMap<string, SessionNode> | undefined;

  constructor(state: ClusterState | { readonly nodes: readonly SessionNode[]; readonly rules: Rules }) {
    if ('rules' in state) {
      this.nodes = state.nodes;
      this.#rules = state.rules;
    } else {
      this.nodes = [...state.nodes].sort(byName);
      this.#rules = rulesOf(state);
    }
  }

  /** With other nodes of these names; undefined: without one. */
  withNodes(changes: ReadonlyMap<string, SessionNode | undefined>): ClusterIndex {
    const added = [...changes.values()].filter((node) => node !== undefined).sort(byName);
    const nodes: SessionNode[] = [];
    let at = 0;
    for (const node of this.nodes) {
      while (at < added.length && added[at]!.name < node.name) nodes.push(added[at++]!);
      if (!changes.has(node.name)) nodes.push(node);
    }
    nodes.push(...added.slice(at));
    return new ClusterIndex({ nodes, rules: this.#rules });
  }

  /** By name, so that the first of two that ask for the same is the same one wherever it is asked. */
  get peers(): readonly PeerScope[] {
    return this.#rules.peers;
  }

  /** Peers with a selector that is none. */
  get faults(): Rules['faults'] {
    return this.#rules.faults;
  }

  /** Nothing but nodes can differ. */
  hasRulesOf(other: ClusterIndex): boolean {
    return this.#rules === other.#rules;
  }

  node(name: string): SessionNode | undefined {
    let [low, high] = [0, this.nodes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.nodes[middle]!.name < name) low = middle + 1;
      else high = middle;
    }
    const found = this.nodes[low];
    return found?.name === name ? found : undefined;
  }

  /** The first by name that has the address. */
  at(address: string): SessionNode | undefined {
    this.#byAddress ??= byAddress(this.nodes);
    return this.#byAddress.get(address);
  }

  asn(node: SessionNode): number {
    return node.asn ?? this.#setting(node.name, 'asNumber') ?? DEFAULT_ASN;
  }

  port(node: SessionNode): number {
    return node.port ?? this.#setting(node.name, 'listenPort') ?? DEFAULT_PORT;
  }

  /** A reflector leaves the mesh at once. */
  inMesh(node: SessionNode): boolean {
    return node.clusterId === undefined && (this.#setting(node.name, 'nodeToNodeMeshEnabled') ?? true);
  }

  /** Of the mesh as a whole. */
  get meshConfiguration(): BgpConfigurationSpec | undefined {
    return this.#rules.configurations.get('default');
  }

  #setting<K extends keyof BgpConfigurationSpec>(node: string, field: K): BgpConfigurationSpec[K] | undefined {
    const { configurations } = this.#rules;
    return configurations.get(`node.${node}`)?.[field] ?? configurations.get('default')?.[field];
  }
}

function rulesOf({ configurations, peers }: ClusterState): Rules {
  const faults: { peer: string; reason: string }[] = [];
  const scopes = [...peers].sort(byName).flatMap((peer) => {
    try {
      return [scopeOf(peer)];
    } catch (error) {
      faults.push({ peer: peer.name, reason: (error as Error).message });
      return [];
    }
  });
  return { configurations, peers: scopes, faults };
}

function byAddress(nodes: readonly SessionNode[]): ReadonlyMap<string, SessionNode> {
  const found = new Map<string, SessionNode>();
  for (const node of nodes) {
    for (const address of [node.ipv4, node.ipv6]) {
      if (address !== undefined && !found.has(address)) found.set(address, node);
    }
  }
  return found;
}

const byName = (x: { readonly name: string }, y: { readonly name: string }): number =>
  x.name < y.name ? -1 : x.name > y.name ? 1 : 0;

/** Throws where a selector is none. */
function scopeOf({ name, spec }: NamedPeer): PeerScope {
  const { node, nodeSelector, peerSelector, peerIP, reversePeering } = spec;
  const local = selectorOf(nodeSelector);
  const remote = selectorOf(peerSelector);
  return {
    name,
    spec,
    global: node === undefined && local === undefined,
    remote: peerIP === undefined ? undefined : endpointOf(peerIP),
    reverses: remote !== undefined && reversePeering !== 'Manual',
    hasLocal: (one) => (node !== undefined ? one.name === node : local === undefined || local(one.labels)),
    hasRemote: (one) => remote?.(one.labels) ?? false,
  };
}

/** An empty selector is none, as in Calico: it must not mean everything by accident. */
const selectorOf = (text: string | undefined): Selector | undefined =>
  text === undefined || text.trim() === '' ? undefined : parseSelector(text);

function endpointOf(peerIP: string): PeerScope['remote'] {
  const endpoint = tryParsePeerIp(peerIP);
  return endpoint && { address: formatAddress(parseAddress(endpoint.address)), port: endpoint.port };
}
