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

export class ClusterIndex {
  readonly nodes: readonly SessionNode[];
  /** By name, so that the first of two that ask for the same is the same one wherever it is asked. */
  readonly peers: readonly PeerScope[];
  /** Peers with a selector that is none. */
  readonly faults: readonly { readonly peer: string; readonly reason: string }[];
  readonly #configurations: ReadonlyMap<string, BgpConfigurationSpec>;
  readonly #byName = new Map<string, SessionNode>();
  readonly #byAddress = new Map<string, SessionNode>();

  constructor({ nodes, configurations, peers }: ClusterState) {
    this.nodes = [...nodes].sort(byName);
    this.#configurations = configurations;
    for (const node of this.nodes) {
      this.#byName.set(node.name, node);
      for (const address of [node.ipv4, node.ipv6]) {
        if (address !== undefined && !this.#byAddress.has(address)) this.#byAddress.set(address, node);
      }
    }
    const faults: { peer: string; reason: string }[] = [];
    this.peers = [...peers].sort(byName).flatMap((peer) => {
      try {
        return [scopeOf(peer)];
      } catch (error) {
        faults.push({ peer: peer.name, reason: (error as Error).message });
        return [];
      }
    });
    this.faults = faults;
  }

  node(name: string): SessionNode | undefined {
    return this.#byName.get(name);
  }

  at(address: string): SessionNode | undefined {
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
    return this.#configurations.get('default');
  }

  #setting<K extends keyof BgpConfigurationSpec>(node: string, field: K): BgpConfigurationSpec[K] | undefined {
    return this.#configurations.get(`node.${node}`)?.[field] ?? this.#configurations.get('default')?.[field];
  }
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
