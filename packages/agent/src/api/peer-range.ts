/** Peer ranges: whoever connects from inside a prefix becomes a peer with these settings. */
import type { TNull, TOptional, TUnion } from 'typebox';
import { peerFields } from './peer.js';
import { IpPrefix, RemoteAsn, resourceName } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

/** What means nothing for peers that are never dialled and whose addresses nobody knows beforehand. */
const { remoteAddress: _1, interface: _2, remotePort: _3, passive: _4, password: _5, bfd: _6, ...shared } = peerFields;

const readable = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 65536, default: 256, description: 'Most peers of the range at once' }),
  ),
  ...shared,
};

const rangeFields = {
  ...readable,
  password: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 80,
      writeOnly: true,
      description:
        'TCP-MD5 key (RFC 2385) of the whole prefix: the kernel then asks it of every address inside, also of peers that are configured one by one. Never shown, never logged',
    }),
  ),
};

export const PeerRangeSpec = Type.Object(
  { name: resourceName(), prefix: IpPrefix, remoteAsn: RemoteAsn, ...rangeFields },
  { ...closed, description: 'Peers that dial us from inside a prefix; they are called NAME/ADDRESS' },
);
export type PeerRangeSpec = Static<typeof PeerRangeSpec>;

/** A JSON merge patch (RFC 7396): absent fields stay, null takes a field back to its default. The name is fixed. */
export const PeerRangePatch = Type.Object(
  {
    prefix: Type.Optional(IpPrefix),
    remoteAsn: Type.Optional(RemoteAsn),
    ...(Object.fromEntries(
      Object.entries(rangeFields).map(([name, schema]) => [name, Type.Optional(Type.Union([schema, Type.Null()]))]),
    ) as unknown as {
      [K in keyof typeof rangeFields]: TOptional<TUnion<[(typeof rangeFields)[K], TNull]>>;
    }),
  },
  closed,
);

export const PeerRange = Type.Object({
  name: resourceName(),
  origin: Type.Union([Type.Literal('file'), Type.Literal('api'), Type.Literal('cluster')]),
  source: Type.Optional(Type.String({ description: 'FILE:LINE of a range of the file' })),
  revision: Type.Optional(Type.Integer({ description: 'Store revision; the ETag of the resource' })),
  passwordSet: Type.Boolean(),
  spec: Type.Object({ name: resourceName(), prefix: IpPrefix, remoteAsn: RemoteAsn, ...readable }, closed),
  peers: Type.Array(Type.String(), { description: 'Names of the peers it has; /v1/peers shows them' }),
  error: Type.Optional(Type.String({ description: 'Why the range could not be applied' })),
});
export type PeerRange = Static<typeof PeerRange>;

export const PeerRangeList = Type.Object({ peerRanges: Type.Array(PeerRange) });
export type PeerRangeList = Static<typeof PeerRangeList>;

export const PeerRangeChange = Type.Object({
  peerRange: PeerRange,
  impact: Type.Union(
    [Type.Literal('none'), Type.Literal('applied'), Type.Literal('soft-refresh'), Type.Literal('session-reset')],
    { description: 'The most that the change did to a session' },
  ),
});
export type PeerRangeChange = Static<typeof PeerRangeChange>;
