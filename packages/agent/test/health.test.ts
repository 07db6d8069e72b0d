import t from 'tap';
import { type HealthInput, health } from '../src/health.js';

const base: HealthInput = {
  mode: 'any',
  graceOver: false,
  expected: 2,
  established: 2,
  kernel: { state: 'on' },
  refusedRoutes: 0,
  storeError: undefined,
  blocksError: undefined,
};

const CASES: readonly (readonly [what: string, change: Partial<HealthInput>, ok: boolean, failing?: string])[] = [
  ['all sessions are up', {}, true],
  ['no peer is configured', { expected: 0, established: 0 }, true],
  ['one of two, in the grace', { established: 1 }, false, 'sessions'],
  ['one of two, the grace over', { established: 1, graceOver: true }, true],
  ['none of two, the grace over', { established: 0, graceOver: true }, false, 'sessions'],
  ['one of two, mode all', { established: 1, graceOver: true, mode: 'all' }, false, 'sessions'],
  ['the kernel off as configured', { kernel: { state: 'off' } }, true],
  ['the kernel out of reach', { kernel: { state: 'failed', reason: 'CAP_NET_ADMIN is missing' } }, false, 'kernel'],
  ['refused routes', { refusedRoutes: 3 }, true],
  ['the store', { storeError: 'no space left' }, false, 'store'],
  [
    'a store that is away, not reached yet',
    { storeAway: { detail: 'refused', consequence: 'waits', reached: false } },
    false,
    'store',
  ],
  [
    'a store that went away, whatever failed with it',
    {
      storeAway: { detail: 'refused', consequence: 'goes on', reached: true },
      storeError: 'refused',
      blocksError: 'refused',
    },
    true,
  ],
  ['the blocks', { blocksError: 'pool full' }, false, 'blocks'],
];

t.test('ready or not', async (t) => {
  for (const [what, change, ok, failing] of CASES) {
    const result = health({ ...base, ...change });
    t.equal(result.ok, ok, what);
    t.strictSame(
      result.conditions.filter((one) => !one.ok).map(({ name }) => name),
      failing === undefined ? [] : [failing],
      what,
    );
  }
});
