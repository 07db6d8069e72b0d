/** This node's part in the cluster: which sessions it has to have and why, what is held, and secrets without their contents. */
import { SessionState } from './peer.js';
import { Count, resourceName } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

export const ClusterSession = Type.Object({
  name: Type.String({ description: 'Of the peer, as at /v1/peers' }),
  origin: Type.String({
    description: 'What asks for it: "node-to-node mesh", "global peer NAME", "node peer NAME", "reverse of NAME"',
  }),
  node: Type.Optional(Type.String({ description: 'The node at the other end' })),
  remoteAddress: Type.String(),
  remotePort: Count,
  remoteAsn: Count,
  type: Type.Union([Type.Literal('ebgp'), Type.Literal('ibgp')]),
  client: Type.Boolean({ description: 'This node reflects to it' }),
  state: Type.Optional(SessionState),
});
export type ClusterSession = Static<typeof ClusterSession>;

/** With whoever is at the far end of an interface, or dials from inside a prefix. */
export const ClusterOpenSession = Type.Object({
  name: Type.String({ description: 'Of the peer, or of the range of peers' }),
  origin: Type.String(),
  interface: Type.Optional(Type.String()),
  range: Type.Optional(Type.String()),
  remoteAsn: Type.Union([Count, Type.Literal('external'), Type.Literal('internal')]),
  established: Type.Integer({ minimum: 0, description: 'Sessions that it has' }),
});
export type ClusterOpenSession = Static<typeof ClusterOpenSession>;

export const PendingChange = Type.Object({
  id: Type.String({ description: 'Confirms exactly this' }),
  kind: Type.Union(
    [Type.Literal('blast-radius'), Type.Literal('replacement'), Type.Literal('reflector-without-peer')],
    {
      description:
        'blast-radius: too many sessions would go; replacement: others are to take over first; reflector-without-peer: nothing is to take over',
    },
  ),
  reason: Type.String(),
  sessions: Type.Array(Type.String(), { description: 'What stays as it is until then' }),
});
export type PendingChange = Static<typeof PendingChange>;

export const ClusterNote = Type.Object({
  code: Type.String({ description: 'Stable' }),
  subject: Type.String(),
  text: Type.String(),
});
export type ClusterNote = Static<typeof ClusterNote>;

export const ClusterView = Type.Object({
  node: Type.String(),
  member: Type.Boolean({ description: 'false: the configuration file has no cluster:, and the rest is empty' }),
  nodes: Type.Integer({ minimum: 0, description: 'Nodes of the cluster, this one included' }),
  clusterId: Type.Optional(Type.String({ description: 'This node is a route reflector' })),
  sessions: Type.Array(ClusterSession),
  open: Type.Array(ClusterOpenSession, { description: 'Those whose remote address is not known beforehand' }),
  pending: Type.Array(PendingChange, { description: 'Changes that are held' }),
  notes: Type.Array(ClusterNote, { description: 'What of the resources has no session, or another one' }),
});
export type ClusterView = Static<typeof ClusterView>;

export const ConfirmChange = Type.Object({ id: Type.String({ minLength: 8, maxLength: 8 }) }, closed);
export type ConfirmChange = Static<typeof ConfirmChange>;

const password = () => Type.String({ minLength: 1, maxLength: 80 });

export const SecretData = Type.Object(
  {
    data: Type.Object({}, {
      additionalProperties: password(),
      description: 'A password per key. Never given back',
    } as never),
  },
  closed,
);
export type SecretData = { readonly data: Readonly<Record<string, string>> };

export const SecretPatch = Type.Object(
  {
    data: Type.Object({}, {
      additionalProperties: Type.Union([password(), Type.Null()]),
      description: 'A password per key that is set; null: the key is deleted. Never given back',
    } as never),
  },
  closed,
);
export type SecretPatch = { readonly data: Readonly<Record<string, string | null>> };

export const SecretList = Type.Object({
  secrets: Type.Array(Type.Object({ name: resourceName(), keys: Type.Array(Type.String()) })),
});
export type SecretList = Static<typeof SecretList>;
