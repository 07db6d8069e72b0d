/** Which of two connections stays. */
import t from 'tap';
import { type CollisionParties, type CollisionVerdict, resolveCollision } from '../../src/peer/collision.js';

const base: CollisionParties = {
  localRouterId: 2,
  localAsn: 65001,
  remoteRouterId: 1,
  remoteAsn: 65002,
  newInitiatedByUs: true,
  existing: { state: 'open-confirm', initiatedByUs: false, restarted: false },
};
const existing = (fields: Partial<CollisionParties['existing']>): Partial<CollisionParties> => ({
  existing: { ...base.existing, ...fields },
});

const rows: readonly (readonly [string, Partial<CollisionParties>, CollisionVerdict])[] = [
  ['we are higher, the new one is ours', {}, 'keep-new'],
  [
    'we are higher, the old one is ours',
    { newInitiatedByUs: false, ...existing({ initiatedByUs: true }) },
    'keep-existing',
  ],
  ['we are lower, the new one is ours', { remoteRouterId: 3 }, 'keep-existing'],
  [
    'we are lower, the old one is ours',
    { remoteRouterId: 3, newInitiatedByUs: false, ...existing({ initiatedByUs: true }) },
    'keep-new',
  ],
  ['unsigned: 128.0.0.1 is above 10.0.0.1', { localRouterId: 0x80000001, remoteRouterId: 0x0a000001 }, 'keep-new'],
  ['equal router IDs: the higher AS (RFC 6286), theirs', { remoteRouterId: 2 }, 'keep-existing'],
  ['equal router IDs: the higher AS (RFC 6286), ours', { remoteRouterId: 2, localAsn: 65009 }, 'keep-new'],
  ['both by the peer: the new one', { newInitiatedByUs: false }, 'keep-new'],
  ['the other one has no OPEN yet', existing({ state: 'open-sent' }), 'none'],
  ['the other one is dialling', existing({ state: 'connect', initiatedByUs: true }), 'none'],
  ['established: the new one goes', existing({ state: 'established' }), 'keep-existing'],
  ['established, even if it is ours and we are higher', existing({ state: 'established' }), 'keep-existing'],
  [
    'established with graceful restart: the peer has restarted',
    { newInitiatedByUs: false, ...existing({ state: 'established', restarted: true }) },
    'replace',
  ],
  [
    'established with graceful restart, but the new one is ours',
    existing({ state: 'established', restarted: true }),
    'keep-existing',
  ],
];

for (const [title, change, expected] of rows) {
  t.equal(resolveCollision({ ...base, ...change }), expected, title);
}

t.test('both sides come to the same end', (t) => {
  for (const [first, second] of [
    [1, 2],
    [2, 1],
    [0xffffffff, 1],
    [7, 7],
  ] as const) {
    // A dialled x, B dialled y. At A the OPEN comes on y while x is in OpenConfirm; at B the other way round.
    const atA = resolveCollision({
      localRouterId: first,
      localAsn: 65001,
      remoteRouterId: second,
      remoteAsn: 65002,
      newInitiatedByUs: false,
      existing: { state: 'open-confirm', initiatedByUs: true, restarted: false },
    });
    const atB = resolveCollision({
      localRouterId: second,
      localAsn: 65002,
      remoteRouterId: first,
      remoteAsn: 65001,
      newInitiatedByUs: false,
      existing: { state: 'open-confirm', initiatedByUs: true, restarted: false },
    });
    t.not(atA, atB, `${first} and ${second}: one keeps its own, the other the peer's`);
  }
  t.end();
});
