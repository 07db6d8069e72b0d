/** The agent's YAML file. Everything optional has its default here; README's reference is checked against this. */

import { mapOf } from '@tortie/cluster/schema';
import { BmpCollectorSpec } from './bmp.js';
import { PoolSpec } from './ipam.js';
import { MrtConfig } from './mrt.js';
import { OriginatedSpec } from './originated.js';
import { PeerSpec } from './peer.js';
import { PeerRangeSpec } from './peer-range.js';
import { policyFields } from './policy.js';
import { StoreConfig } from './store.js';
import { Asn, IpPrefix, ipv4Address, resourceName } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };
const Endpoint = Type.String({ format: 'endpoint', description: 'ADDRESS:PORT, IPv6 in brackets: [::1]:179' });

export const ApiConfig = Type.Object(
  {
    socket: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 107,
        default: '/run/tortie/agent.sock',
        description: 'Unix socket of the REST API',
      }),
    ),
    socketMode: Type.Optional(
      Type.Union([Type.Literal('0600'), Type.Literal('0660')], {
        default: '0660',
        description: 'Rights of the socket; 0660 lets its group in, 0600 only the owner',
      }),
    ),
    listen: Type.Optional(
      Type.String({
        format: 'endpoint',
        description: 'Also serve over TCP, ADDRESS:PORT. Every request then needs the bearer token',
      }),
    ),
    tokenFile: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'File with the bearer token for TCP; re-read when it changes',
      }),
    ),
    requestTimeoutS: Type.Optional(Type.Integer({ minimum: 1, maximum: 600, default: 30 })),
  },
  { ...closed, description: 'Where the REST API answers' },
);

export const BgpConfig = Type.Object(
  {
    listen: Type.Optional(
      Type.Array(Endpoint, {
        maxItems: 16,
        default: ['0.0.0.0:179', '[::]:179'],
        description: 'Where to listen; an empty list only dials',
      }),
    ),
    multipath: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        default: 1,
        description: 'Equal routes installed beside each other (ECMP)',
      }),
    ),
    warmUp: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'Have the engine compiled before the first routes come: for route reflectors and full tables. Takes a second of ' +
          'processor time after the start, and 15 MB',
      }),
    ),
    gracefulRestart: Type.Optional(
      Type.Object(
        {
          restartTimeS: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 4095,
              default: 120,
              description: 'How long peers shall keep our routes',
            }),
          ),
          deferralS: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: 600,
              default: 30,
              description: 'How long kept kernel routes wait for End-of-RIB before the sweep',
            }),
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'The BGP speaker as a whole' },
);

const Resilient = Type.Object(
  {
    buckets: Type.Integer({
      minimum: 1,
      maximum: 65535,
      description: 'Flows of a route are hashed into so many buckets; 128 is usual, some for each next hop it may have',
    }),
    idleTimerS: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86400,
        default: 120,
        description: 'A bucket without a packet for so long may go to a next hop that came (back)',
      }),
    ),
    unbalancedTimerS: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86400,
        default: 0,
        description: 'After so long out of balance also buckets that are not idle; 0: never',
      }),
    ),
    prefixes: Type.Optional(
      Type.Array(IpPrefix, { minItems: 1, description: 'Only routes inside these; default: all, up to 4096 of them' }),
    ),
  },
  {
    ...closed,
    description:
      'Flows stay with their next hop while others come and go (Linux 5.13); absent: they are dealt out anew',
  },
);

const EcmpConfig = Type.Object(
  {
    hash: Type.Optional(
      Type.Union([Type.Literal('l3'), Type.Literal('l4'), Type.Literal('inner-l3')], {
        description:
          'What makes a flow, on the whole node: l3 addresses, l4 ports too, inner-l3 addresses inside a tunnel; default: as the node has it',
      }),
    ),
    resilient: Type.Optional(Resilient),
  },
  { ...closed, description: 'Which of several next hops a packet takes' },
);

export type EcmpHash = NonNullable<Static<typeof EcmpConfig>['hash']>;

export const KernelConfig = Type.Object(
  {
    program: Type.Optional(Type.Boolean({ default: true, description: 'false: speak BGP only' })),
    protocol: Type.Optional(
      Type.Integer({
        minimum: 5,
        maximum: 255,
        default: 201,
        description: "rtm_protocol that marks the agent's routes",
      }),
    ),
    metric: Type.Optional(Type.Integer({ minimum: 1, maximum: 4294967295, default: 1024 })),
    table: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 4294967295,
        default: 254,
        description: 'Table of our routes, those to pods included; 254 is main',
      }),
    ),
    rule: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 32765,
        description:
          'Priority of a rule of ours that has packets look into "table" before main; default: rules are made by others',
      }),
    ),
    ecmp: Type.Optional(EcmpConfig),
    vrf: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 15,
        description: 'A VRF device: sessions run, next hops are looked for and routes are written in it; not with cni',
      }),
    ),
  },
  { ...closed, description: 'Which routes in the kernel are ours' },
);

export const CniConfig = Type.Object(
  {
    socket: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 107,
        description: 'Unix socket for the CNI plugin, root only; default: cni.sock beside api.socket',
      }),
    ),
  },
  { ...closed, description: 'Plugs pods in for container runtimes; absent: does not. An empty group, cni: {}, does' },
);

export const NodeAddress = Type.Object(
  {
    ipv4: Type.Optional(
      Type.String({
        format: 'ipv4-address-method',
        description:
          'Address and length of its subnet, like 10.0.0.1/24; or how to find it: first-found (default: on the way to the world, by preference), can-reach=DESTINATION, interface=REGEX,…, skip-interface=REGEX,…, cidr=CIDR,…',
      }),
    ),
    ipv6: Type.Optional(Type.String({ format: 'ipv6-address-method', description: 'The same for IPv6' })),
  },
  {
    ...closed,
    description: 'Where the other nodes reach this one: masquerade, routes and tunnels between nodes go by it',
  },
);

export const ClusterConfig = Type.Object(
  {
    families: Type.Optional(
      Type.Array(Type.Union([Type.Literal('ipv4'), Type.Literal('ipv6')]), {
        minItems: 1,
        uniqueItems: true,
        description:
          'Which addresses of this node others peer with, a session over each that both ends have; default: ipv4',
      }),
    ),
    labels: Type.Optional(
      mapOf(Type.String({ maxLength: 63 }), {
        description: 'Labels of this node; those of its Node resource go before them',
      }),
    ),
    secrets: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description: 'Directory with passwords that resources name: a directory per secret, a file per key',
      }),
    ),
  },
  {
    ...closed,
    description:
      'Takes part in the cluster of its store: sessions of the node-to-node mesh and of BGPPeers; absent: does not. An empty group, cluster: {}, does',
  },
);

export const AgentConfigFile = Type.Object(
  {
    node: Type.Optional(resourceName('Name of this node; default: the host name')),
    asn: Asn,
    routerId: Type.Optional(
      ipv4Address('BGP identifier; default: the first global IPv4 address, else a hash of the node name'),
    ),
    nodeAddress: Type.Optional(NodeAddress),
    clusterId: Type.Optional(ipv4Address('Makes the node a route reflector (RFC 4456) for its clients')),
    api: Type.Optional(ApiConfig),
    store: Type.Optional(StoreConfig),
    cluster: Type.Optional(ClusterConfig),
    bgp: Type.Optional(BgpConfig),
    kernel: Type.Optional(KernelConfig),
    cni: Type.Optional(CniConfig),
    importPolicy: Type.Optional(
      Type.Union([Type.Literal('pools'), Type.Literal('all')], {
        default: 'pools',
        description:
          'pools: learn what lies inside the pools, and a default route if allowed; all: whatever peers send. Never what lies inside own blocks',
      }),
    ),
    importDefaultRoute: Type.Optional(
      Type.Boolean({ default: true, description: 'Whether importPolicy pools lets a default route in' }),
    ),
    blocks: Type.Optional(
      Type.Object(
        {
          ipv4: Type.Optional(Type.Boolean({ default: true, description: 'Claim an IPv4 block at start' })),
          ipv6: Type.Optional(Type.Boolean({ default: true, description: 'Claim an IPv6 block at start' })),
        },
        { ...closed, description: 'Which blocks to claim' },
      ),
    ),
    pools: Type.Optional(
      Type.Array(PoolSpec, { maxItems: 1000, description: 'Created when absent; never changed or deleted from here' }),
    ),
    ...policyFields,
    peers: Type.Optional(
      Type.Array(PeerSpec, { maxItems: 10000, description: 'BGP peers; more can be added through the API' }),
    ),
    peerRanges: Type.Optional(
      Type.Array(PeerRangeSpec, {
        maxItems: 1000,
        description: 'Prefixes from inside which peers may dial; more can be added through the API',
      }),
    ),
    bmp: Type.Optional(
      Type.Array(BmpCollectorSpec, {
        maxItems: 16,
        description: 'BMP collectors (RFC 7854); more can be added through the API',
      }),
    ),
    mrt: Type.Optional(MrtConfig),
    originate: Type.Optional(Type.Array(OriginatedSpec, { maxItems: 100000, description: 'Prefixes to announce' })),
    health: Type.Optional(
      Type.Object(
        {
          ready: Type.Optional(
            Type.Union([Type.Literal('any'), Type.Literal('all')], {
              default: 'any',
              description: 'any: ready when one session is up after the grace; all: when all are',
            }),
          ),
          graceS: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: 3600,
              default: 30,
              description: 'How long all sessions have their chance at start',
            }),
          ),
        },
        { ...closed, description: 'When the node counts as ready' },
      ),
    ),
    log: Type.Optional(
      Type.Object(
        {
          level: Type.Optional(
            Type.Union(
              [
                Type.Literal('trace'),
                Type.Literal('debug'),
                Type.Literal('info'),
                Type.Literal('warn'),
                Type.Literal('error'),
                Type.Literal('silent'),
              ],
              { default: 'info' },
            ),
          ),
        },
        { ...closed, description: 'What is logged, as JSON on standard output' },
      ),
    ),
  },
  closed,
);
export type AgentConfigFile = Static<typeof AgentConfigFile>;
