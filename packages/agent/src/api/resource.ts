/** Resources of the cluster over REST: one shape for every kind; what a `spec` holds is published as a schema per kind. */
import { anyGroup, mapOf } from '@tortie/cluster/schema';
import { Count, NextCursor, PageQuery } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

export const KindView = Type.Object({
  kind: Type.String(),
  plural: Type.String({ description: 'As paths have it; short names and any case do as well' }),
  shortNames: Type.Array(Type.String()),
  summary: Type.String(),
  readOnly: Type.Boolean({ description: 'Made by nodes, not by users' }),
});

export const KindList = Type.Object({ kinds: Type.Array(KindView) });
export type KindList = Static<typeof KindList>;

export const ResourceView = Type.Object({
  apiVersion: Type.String(),
  kind: Type.String(),
  metadata: Type.Object({
    name: Type.String(),
    labels: Type.Optional(mapOf(Type.String())),
    annotations: Type.Optional(mapOf(Type.String())),
    resourceVersion: Type.Optional(Type.String({ description: 'Store revision; the ETag of the resource' })),
    creationTimestamp: Type.Optional(Type.String()),
  }),
  spec: anyGroup({ description: 'By kind: see /v1/schemas/{kind}' }),
  status: Type.Optional(anyGroup({ description: 'What the agents say; ignored where a resource is written' })),
});
export type ResourceView = Static<typeof ResourceView>;

export const ResourceListQuery = Type.Object(
  {
    labelSelector: Type.Optional(
      Type.String({
        maxLength: 1024,
        description:
          "Only those whose labels it selects, like rack == 'r1'; a page may then have fewer items than its limit, or none",
      }),
    ),
    ...PageQuery,
  },
  closed,
);

export const ResourceList = Type.Object({
  apiVersion: Type.String(),
  kind: Type.String({ description: 'The kind with List behind it' }),
  items: Type.Array(ResourceView),
  problems: Type.Array(Type.String(), { description: 'Records that cannot be read, as sentences' }),
  nextCursor: NextCursor,
});
export type ResourceList = Static<typeof ResourceList>;

const DryRun = Type.Optional(Type.Boolean({ default: false, description: 'Only say what would be done' }));

export const DryRunQuery = Type.Object({ dryRun: DryRun }, closed);

export const DeleteQuery = Type.Object(
  {
    dryRun: DryRun,
    force: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'Also of a node whose agent runs: what was said of it goes, and the node stays',
      }),
    ),
  },
  closed,
);

export const ResourceWarning = Type.Object({
  pointer: Type.String({ description: 'JSON pointer into the resource' }),
  message: Type.String(),
});

export const ResourceFault = Type.Object({
  pointer: Type.String({ description: 'JSON pointer into the resource' }),
  message: Type.String({ description: 'What is wrong' }),
  expected: Type.Optional(Type.String({ description: 'What would be right' })),
  suggestion: Type.Optional(Type.String({ description: 'A known word that was probably meant' })),
  atKey: Type.Optional(Type.Literal(true, { description: 'It is about the name of the field' })),
});
export type ResourceFault = Static<typeof ResourceFault>;

export const ResourceChange = Type.Object({
  result: Type.Union([Type.Literal('created'), Type.Literal('configured'), Type.Literal('unchanged')]),
  resource: ResourceView,
  warnings: Type.Array(ResourceWarning),
});
export type ResourceChange = Static<typeof ResourceChange>;

export const ResourcePatch = Type.Object(
  {
    metadata: Type.Optional(
      Type.Object(
        {
          labels: Type.Optional(anyGroup()),
          annotations: Type.Optional(anyGroup()),
        },
        closed,
      ),
    ),
    spec: Type.Optional(anyGroup()),
  },
  { ...closed, description: 'A JSON merge patch (RFC 7396): absent fields stay, null removes' },
);

export const ApplyRequest = Type.Object(
  {
    resources: Type.Array(anyGroup(), {
      maxItems: 10_000,
      description: 'As manifests have them, lists (`kind: List`, `kind: BGPPeerList`) included',
    }),
    dryRun: DryRun,
  },
  closed,
);
export type ApplyRequest = Static<typeof ApplyRequest>;

export const ApplyResult = Type.Object({
  kind: Type.Optional(Type.String({ description: 'Absent where the document is of no kind' })),
  name: Type.Optional(Type.String()),
  at: Type.Optional(Type.String({ description: 'Of an item of a list: its place in `resources`, like /0/items/3' })),
  result: Type.Union(
    [
      Type.Literal('created'),
      Type.Literal('configured'),
      Type.Literal('unchanged'),
      Type.Literal('invalid'),
      Type.Literal('failed'),
      Type.Literal('skipped'),
    ],
    { description: 'invalid: see faults; failed: see error; skipped: another one is invalid, so nothing was done' },
  ),
  faults: Type.Array(ResourceFault),
  warnings: Type.Array(ResourceWarning),
  error: Type.Optional(
    Type.Object(
      { status: Type.Integer(), code: Type.String(), detail: Type.String() },
      { description: 'Why it failed' },
    ),
  ),
  before: Type.Optional(ResourceView),
  after: Type.Optional(ResourceView),
});
export type ApplyResult = Static<typeof ApplyResult>;

export const ApplyAnswer = Type.Object({
  ok: Type.Boolean({ description: 'Nothing was invalid and nothing failed' }),
  dryRun: Type.Boolean(),
  counts: Type.Object({
    created: Count,
    configured: Count,
    unchanged: Count,
    invalid: Count,
    failed: Count,
    skipped: Count,
  }),
  results: Type.Array(ApplyResult, { description: 'In the order of the request, an item of a list each' }),
});
export type ApplyAnswer = Static<typeof ApplyAnswer>;
