/**
 * The shape of a topology. It is checked after the shorthands are spelled out (see spell-out.ts), so that one place has
 * one shape and an error can say plainly what is expected there. Unknown keys are refused.
 */
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;
const name = Type.String({ pattern: '^[a-z][a-z0-9-]{0,30}$' });
const asn = Type.Integer({ minimum: 1, maximum: 4294967295 });
const prefix = Type.String({ pattern: '^[0-9a-fA-F.:]+/[0-9]+$' });
const patterns = Type.Array(Type.String(), { minItems: 1 });
const anything = Type.Record(Type.String(), Type.Unknown());

const HostSchema = Type.Object(
  {
    /** What runs on the host: a Tortie agent, BIRD 2, a member of etcd, or nothing. */
    run: Type.Optional(Type.Enum(['agent', 'bird', 'etcd', 'none'])),
    /** BIRD runs in a container. */
    container: Type.Optional(Type.Boolean()),
    asn: Type.Optional(asn),
    routerId: Type.Optional(Type.String()),
    clusterId: Type.Optional(Type.String()),
    pods: Type.Optional(Type.Array(name, { uniqueItems: true })),
    originate: Type.Optional(Type.Array(prefix)),
    multipath: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
    /** `shared`: one store for all agents of the lab, as in a cluster; `own`: one of its own. */
    store: Type.Optional(Type.Enum(['shared', 'own'])),
    /** Merged into the agent's configuration file. */
    config: Type.Optional(anything),
    /** Appended to bird.conf. */
    birdConfig: Type.Optional(Type.String()),
  },
  closed,
);

const SessionSchema = Type.Object(
  {
    between: Type.Optional(Type.Tuple([patterns, patterns])),
    mesh: Type.Optional(patterns),
    reflector: Type.Optional(patterns),
    clients: Type.Optional(patterns),
    password: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
    holdTimeS: Type.Optional(Type.Integer({ minimum: 3, maximum: 65535 })),
    /**
     * `dual`: one session per address family; `ipv4`, `ipv6`: one session over that version, carrying both; `unnumbered`:
     * one that carries both, between agents that find each other on the interfaces of a link.
     */
    transport: Type.Optional(Type.Enum(['dual', 'ipv4', 'ipv6', 'unnumbered'])),
    /** Merged into the peer's entry of an agent's configuration file. */
    peer: Type.Optional(anything),
  },
  closed,
);

export const TopologySchema = Type.Object(
  {
    name: Type.Optional(name),
    description: Type.Optional(Type.String()),
    families: Type.Optional(Type.Array(Type.Enum(['ipv4', 'ipv6']), { minItems: 1, uniqueItems: true })),
    networks: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object(
          { ipv4: Type.Optional(prefix), ipv6: Type.Optional(prefix), hosts: Type.Optional(patterns) },
          closed,
        ),
      ),
    ),
    /** Point-to-point links between each host of the first list and each of the second. */
    links: Type.Optional(Type.Array(Type.Tuple([patterns, patterns]))),
    hosts: Type.Record(Type.String(), HostSchema),
    sessions: Type.Optional(Type.Array(SessionSchema)),
    /** Resources of the cluster, as `tortie apply` takes them. */
    resources: Type.Optional(Type.Array(Type.Unknown())),
    pools: Type.Optional(
      Type.Array(
        Type.Object(
          { name, cidr: prefix, blockSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 128 })) },
          closed,
        ),
      ),
    ),
  },
  closed,
);

export type Topology = Static<typeof TopologySchema>;
export type TopologyHost = Static<typeof HostSchema>;
export type TopologySession = Static<typeof SessionSchema>;
