/** MRT files the agent writes (RFC 6396): dumps of its tables, and logs of what peers send. */
import { Count, resourceName, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

const directory = (description: string) => Type.String({ minLength: 1, maxLength: 4096, description });
const filePattern = (initial: string) =>
  Type.String({
    format: 'file-pattern',
    maxLength: 200,
    default: initial,
    description: 'Name of a file: %Y %m %d %H %M %S are the time in UTC; .gz is added with gzip',
  });
const keep = (initial: number) =>
  Type.Integer({ minimum: 0, maximum: 1000000, default: initial, description: 'Files that stay, the newest; 0: all' });
const keepHours = Type.Integer({
  minimum: 1,
  maximum: 876000,
  description: 'Files older than this go; absent: age does not matter',
});

export const MrtDumpConfig = Type.Object(
  {
    directory: directory('Where dumps go; made if it is not there'),
    intervalS: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 604800,
        default: 7200,
        description: 'Seconds between dumps, at multiples of it in UTC; 0: only when asked to',
      }),
    ),
    file: Type.Optional(filePattern('rib.%Y%m%d.%H%M.mrt')),
    gzip: Type.Optional(Type.Boolean({ default: true })),
    routes: Type.Optional(
      Type.Union([Type.Literal('received'), Type.Literal('accepted'), Type.Literal('best')], {
        default: 'received',
        description:
          'received: as peers sent them; accepted: as the import policies left them; best: of these the best per prefix',
      }),
    ),
    keep: Type.Optional(keep(24)),
    keepHours: Type.Optional(keepHours),
  },
  { ...closed, description: 'TABLE_DUMP_V2 dumps of the tables' },
);
export type MrtDumpConfig = Static<typeof MrtDumpConfig>;

export const MrtUpdateConfig = Type.Object(
  {
    directory: directory('Where logs go; made if it is not there'),
    rotateS: Type.Optional(
      Type.Integer({
        minimum: 10,
        maximum: 604800,
        default: 900,
        description: 'Seconds in a file, from multiples of it in UTC',
      }),
    ),
    file: Type.Optional(filePattern('updates.%Y%m%d.%H%M.mrt')),
    gzip: Type.Optional(Type.Boolean({ default: true })),
    peers: Type.Optional(
      Type.Array(resourceName(), { minItems: 1, maxItems: 10000, description: 'Names of peers; absent: all' }),
    ),
    keepalives: Type.Optional(Type.Boolean({ default: false, description: 'KEEPALIVE messages too' })),
    keep: Type.Optional(keep(96)),
    keepHours: Type.Optional(keepHours),
    queueMiB: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1024,
        default: 16,
        description: 'Most memory for what the disk has not taken yet; what comes above that is dropped and counted',
      }),
    ),
  },
  { ...closed, description: 'Logs of messages received and of changes of state (BGP4MP)' },
);
export type MrtUpdateConfig = Static<typeof MrtUpdateConfig>;

export const MrtConfig = Type.Object(
  { dumps: Type.Optional(MrtDumpConfig), updates: Type.Optional(MrtUpdateConfig) },
  { ...closed, description: 'MRT files to write (RFC 6396)' },
);

export const MrtDump = Type.Object({
  file: Type.String({ description: 'Its path' }),
  startedAt: Timestamp,
  durationMs: Count,
  prefixes: Count,
  routes: Count,
  octets: Type.Integer({ minimum: 0, description: 'Before compression' }),
});
export type MrtDump = Static<typeof MrtDump>;

export const MrtStatus = Type.Object({
  dumps: Type.Optional(
    Type.Object({
      directory: Type.String(),
      done: Type.Integer({ minimum: 0, description: 'Since the agent started' }),
      failed: Count,
      running: Type.Boolean(),
      last: Type.Optional(MrtDump),
      nextAt: Type.Optional(Timestamp),
      error: Type.Optional(Type.String({ description: 'Why the last one failed' })),
    }),
  ),
  updates: Type.Optional(
    Type.Object({
      directory: Type.String(),
      file: Type.Optional(Type.String({ description: 'The one that is being written' })),
      records: Type.Integer({ minimum: 0, description: 'Taken since the agent started' }),
      dropped: Type.Integer({ minimum: 0, description: 'Lost, as the disk was too slow, full or gone' }),
      octets: Type.Integer({ minimum: 0, description: 'Before compression' }),
      queuedOctets: Type.Integer({ minimum: 0, description: 'Not yet with the disk' }),
      error: Type.Optional(Type.String({ description: 'Why it does not write at present' })),
    }),
  ),
});
export type MrtStatus = Static<typeof MrtStatus>;
