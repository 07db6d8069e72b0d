/** The check of all invariants, repairs, and what nobody uses any more. */
import { Count, ipAddress, Timestamp } from './text.js';
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

const finding = { code: Type.String(), detail: Type.String(), subject: Type.Optional(Type.String()) };
export const IpamFinding = Type.Object(finding);
export type IpamFinding = Static<typeof IpamFinding>;

/** Names one assignment: a later one of the same address has another sequence number. */
const leak = { address: ipAddress(), handle: Type.String(), sequence: Type.Integer({ minimum: 0 }) };

/** What `tortie ipam release --from-report` reads. */
export const IpamCheck = Type.Object({
  ok: Type.Boolean({ description: 'No finding; leaks alone are none' }),
  cluster: Type.String({ description: 'What tells this store from every other' }),
  revision: Type.Integer({ minimum: 0, description: 'Of the store, then' }),
  time: Timestamp,
  node: Type.String({ description: 'Who checked: it knows of its own pods only which of them run' }),
  pools: Count,
  blocks: Count,
  handles: Count,
  assignments: Count,
  findings: Type.Array(IpamFinding),
  leaks: Type.Array(Type.Object({ ...leak, node: Type.String(), reason: Type.String() }), {
    description: 'Addresses whose workload or node is gone',
  }),
});
export type IpamCheck = Static<typeof IpamCheck>;

export const DryRun = Type.Object(
  { dryRun: Type.Optional(Type.Boolean({ default: false, description: 'true: only tell what would be done' })) },
  closed,
);
export type DryRun = Static<typeof DryRun>;

export const IpamRepair = Type.Object({
  dryRun: Type.Boolean(),
  repairs: Type.Array(IpamFinding, { description: 'What was done, or would be' }),
  remaining: Type.Array(Type.Object({ ...finding, advice: Type.String() }), {
    description: 'What is left, and what to do about it by hand',
  }),
});
export type IpamRepair = Static<typeof IpamRepair>;

export const GarbageReport = Type.Object({
  dryRun: Type.Boolean(),
  freed: Type.Array(IpamFinding, { description: 'What was freed, or would be' }),
  candidates: Type.Array(IpamFinding, { description: 'What is looked at again when the grace period is over' }),
});
export type GarbageReport = Static<typeof GarbageReport>;

export const LeakRelease = Type.Object(
  {
    cluster: Type.String({
      minLength: 1,
      maxLength: 64,
      description: 'As in the report; that of another store is refused',
    }),
    leaks: Type.Array(Type.Object(leak, closed), { maxItems: 100000 }),
  },
  closed,
);
export type LeakRelease = Static<typeof LeakRelease>;

export const LeakReleaseResult = Type.Object({
  released: Type.Array(Type.Object({ address: Type.String(), handle: Type.String() })),
  kept: Type.Array(Type.Object({ address: Type.String(), handle: Type.String(), reason: Type.String() })),
});
export type LeakReleaseResult = Static<typeof LeakReleaseResult>;
