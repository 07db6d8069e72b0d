/** A node's resource and what its agent says of itself -> a node as sessions see it. What an operator writes goes first. */
import type { NodeSpec, SessionNode } from '@tortie/cluster';
import { formatAddress, parseAddress } from '@tortie/ip';

/** The part of a node's record that matters for sessions. */
export interface NodeFacts {
  readonly name: string;
  readonly asn: number;
  readonly clusterId?: string;
  /** With their subnets: `10.0.0.1/24`. */
  readonly ipv4Address?: string;
  readonly ipv6Address?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Where its agent listens for BGP. */
  readonly listenPort?: number;
  /** It takes part in the cluster of its store, with sessions over these. */
  readonly cluster?: readonly ('ipv4' | 'ipv6')[];
}

interface NodeResource {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec: NodeSpec;
}

/** The AS number and the port are what the agent runs with: it cannot have others before it is started anew. */
export function sessionNode(
  name: string,
  resource: NodeResource | undefined,
  facts: NodeFacts | undefined,
): SessionNode {
  const bgp = resource?.spec.bgp;
  const ipv4 = bare(bgp?.ipv4Address ?? offered(facts, 'ipv4'));
  const ipv6 = bare(bgp?.ipv6Address ?? offered(facts, 'ipv6'));
  const asn = facts?.asn ?? bgp?.asNumber;
  const clusterId = bgp?.routeReflectorClusterID ?? facts?.clusterId;
  return {
    name,
    labels: { ...facts?.labels, ...resource?.metadata.labels },
    ...(ipv4 !== undefined && { ipv4 }),
    ...(ipv6 !== undefined && { ipv6 }),
    ...(asn !== undefined && { asn }),
    ...(clusterId !== undefined && { clusterId }),
    ...(facts?.listenPort !== undefined && { port: facts.listenPort }),
  };
}

const offered = (facts: NodeFacts | undefined, family: 'ipv4' | 'ipv6'): string | undefined =>
  facts?.cluster?.includes(family) ? facts[`${family}Address`] : undefined;

/** Without a length, and written in the one way. */
const bare = (text: string | undefined): string | undefined =>
  text === undefined ? undefined : formatAddress(parseAddress(text.split('/')[0]!));
