/** Collectors of BMP (RFC 7854): what is shown to whom, and how it goes. */
import { Count, FamilyText, ipAddress, resourceName, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

export const BmpView = Type.Union(
  [
    Type.Literal('adj-rib-in-pre'),
    Type.Literal('adj-rib-in-post'),
    Type.Literal('loc-rib'),
    Type.Literal('adj-rib-out-post'),
  ],
  {
    description:
      'What peers sent, as it came (adj-rib-in-pre) or as the import policy left it (adj-rib-in-post), the best routes (loc-rib, RFC 9069), or what peers are told (adj-rib-out-post, RFC 8671)',
  },
);
export type BmpView = Static<typeof BmpView>;

export const BmpCollectorSpec = Type.Object(
  {
    name: resourceName(),
    address: ipAddress('Address of the collector, which the agent dials'),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, default: 1790 })),
    localAddress: Type.Optional(ipAddress('Source address of the connection; default: what the kernel chooses')),
    monitor: Type.Optional(
      Type.Array(BmpView, {
        minItems: 1,
        uniqueItems: true,
        default: ['adj-rib-in-pre', 'loc-rib'],
        description:
          'Tables to show: received routes before and after the import policy, best routes, and what peers are told',
      }),
    ),
    families: Type.Optional(
      Type.Array(FamilyText, { minItems: 1, uniqueItems: true, description: 'Families to show; default: both' }),
    ),
    statsIntervalS: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 86400, default: 60, description: 'Seconds between statistics; 0: none' }),
    ),
    connectRetryMaxS: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3600,
        default: 60,
        description: 'Longest pause between attempts to connect; they begin with one second and double',
      }),
    ),
    stallS: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 3600,
        default: 60,
        description: 'A collector that reads nothing for this long although something waits is cut off',
      }),
    ),
  },
  { additionalProperties: false },
);
export type BmpCollectorSpec = Static<typeof BmpCollectorSpec>;

export const BmpCollectorStatus = Type.Object({
  state: Type.Union([Type.Literal('waiting'), Type.Literal('connecting'), Type.Literal('connected')], {
    description: 'waiting: for the next attempt to connect',
  }),
  since: Timestamp,
  messages: Type.Integer({ minimum: 0, description: 'Handed to its connections so far, of all of them together' }),
  octets: Count,
  pending: Type.Boolean({ description: 'Something waits for the collector to read on' }),
  connections: Count,
  dropped: Type.Integer({ minimum: 0, description: 'Connections that were lost, or cut off for reading nothing' }),
  lastError: Type.Optional(Type.String({ description: 'Why the last connection or attempt ended' })),
});
export type BmpCollectorStatus = Static<typeof BmpCollectorStatus>;

export const BmpCollector = Type.Object({
  name: resourceName(),
  origin: Type.Union([Type.Literal('file'), Type.Literal('api')], {
    description: 'file: from the configuration file, changed there; api: created at run time, kept in the store',
  }),
  source: Type.Optional(Type.String({ description: 'FILE:LINE of a collector of the file' })),
  revision: Type.Optional(Type.Integer({ description: 'Store revision; the ETag of the resource' })),
  spec: BmpCollectorSpec,
  status: Type.Optional(BmpCollectorStatus),
  error: Type.Optional(Type.String({ description: 'Why the collector could not be applied' })),
});
export type BmpCollector = Static<typeof BmpCollector>;

export const BmpCollectorList = Type.Object({ collectors: Type.Array(BmpCollector) });
export type BmpCollectorList = Static<typeof BmpCollectorList>;
