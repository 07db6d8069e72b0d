/** Agents of two versions on one store: what the later one wrote is refused by name, never written over, and stops nothing else. */
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import type { MemoryStore } from '@tortie/store';
import t from 'tap';
import { RECORD_VERSION } from '../src/index.js';
import { affinityKey, blockKey, CONFIG, handleKey, poolKey, reservationKey } from '../src/record/keys.js';
import { testIpam } from '../testing/index.js';

const NEXT = RECORD_VERSION + 1;
const CIDR = parsePrefix('10.0.0.0/30');

/** The agent of the next version: it writes a record as it likes, with its number. */
async function nextVersion(store: MemoryStore, key: string): Promise<unknown> {
  const entry = await store.get(key);
  const value = { ...(entry?.value as object), recordVersion: NEXT, meaning: 'another one' };
  if (entry) await store.update(key, value, entry.revision);
  else await store.create(key, value);
  return value;
}

async function setUp() {
  const all = testIpam();
  const { ipam } = all;
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/28'), blockSize: 30 });
  await ipam.assignAddress({ node: 'n', handle: 'h', address: parseAddress('10.0.0.1') });
  return all;
}

const refusal = { code: 'ERR_IPAM_VERSION', message: /has version 2, this program knows version 1; update this node/ };

t.test('a block of a later version', async (t) => {
  const { ipam, store, another } = await setUp();
  const value = await nextVersion(store, blockKey(CIDR));
  for (const one of [ipam, another()]) {
    await t.rejects(one.release({ handle: 'h' }), refusal);
    await t.rejects(one.assignAddress({ node: 'n', handle: 'i', address: parseAddress('10.0.0.2') }), refusal);
  }
  const [fresh] = await ipam.assign({ node: 'n', handle: 'j', count4: 4 });
  t.not(formatPrefix(fresh!.block), '10.0.0.0/30', 'others are assigned from');
  t.match((await ipam.addressOf(parseAddress('10.0.0.1'))).state, 'unreadable');
  await t.rejects(ipam.pools.delete('p'), { code: 'ERR_IPAM_POOL_IN_USE' }, 'its addresses count as used');
  t.match((await ipam.check()).findings, [{ code: 'newer-record', key: blockKey(CIDR) }]);
  const { repairs, remaining } = await ipam.repair();
  t.same(repairs, []);
  t.match(remaining, [{ code: 'newer-record', advice: /update the Tortie/ }]);
  t.same((await store.get(blockKey(CIDR)))!.value, value, 'and it is as the later version wrote it');
});

t.test('a handle, an affinity and a pool of a later version', async (t) => {
  const { ipam, store } = await setUp();
  const keys = [handleKey('h'), affinityKey('n', CIDR), poolKey('p')];
  const values = [];
  for (const key of keys) values.push(await nextVersion(store, key));
  await t.rejects(ipam.release({ handle: 'h' }), refusal);
  await t.rejects(ipam.assign({ node: 'n', handle: 'h', count4: 2 }), { code: /ERR_IPAM_(VERSION|NO_POOL)/ });
  await t.rejects(ipam.releaseBlock('n', CIDR), refusal);
  await t.rejects(ipam.pools.update('p', { disabled: true }), { code: 'ERR_IPAM_VERSION' });
  await t.rejects(ipam.pools.delete('p'), { code: 'ERR_IPAM_VERSION' });
  await t.rejects(ipam.pools.create({ name: 'q', cidr: parsePrefix('10.0.0.0/24') }), {
    code: 'ERR_IPAM_POOL_OVERLAP',
    message: /a pool that cannot be read/,
  });
  t.match(
    (await ipam.check()).findings.map(({ code }) => code).filter((code) => code === 'newer-record').length,
    keys.length,
  );
  await ipam.repair();
  for (const [at, key] of keys.entries()) t.same((await store.get(key))!.value, values[at], `${key} is untouched`);
  t.match(
    await store.get(blockKey(CIDR)),
    { value: { cidr: '10.0.0.0/30' } },
    'its block stays, though its pool is unknown',
  );
});

t.test('settings and reservations of a later version stop assignments, and only those', async (t) => {
  for (const key of [CONFIG, reservationKey('r')]) {
    const { ipam, store } = await setUp();
    if (key === CONFIG) await ipam.configure({ cooldownS: 5 });
    else await ipam.reserve('r', [parsePrefix('10.0.0.8/32')]);
    await nextVersion(store, key);
    await t.rejects(ipam.assign({ node: 'n', handle: 'i', count4: 1 }), refusal, key);
    await t.rejects(ipam.claimBlock('n', 4), refusal);
    const change = async (): Promise<unknown> =>
      key === CONFIG ? ipam.configure({ cooldownS: 1 }) : ipam.unreserve('r');
    await t.rejects(change(), refusal);
    t.equal((await ipam.blocks()).length, 1);
    t.equal((await ipam.release({ handle: 'h' })).length, 1, 'releases go on');
    t.match((await ipam.check()).findings, [{ code: 'newer-record', key }]);
  }
});

t.test('fields of a later version that change no meaning survive what this one writes', async (t) => {
  const { ipam, store } = await setUp();
  await ipam.reserve('r', [parsePrefix('10.0.0.8/32')]);
  await ipam.configure({ cooldownS: 1 });
  const keys = [poolKey('p'), reservationKey('r'), CONFIG, handleKey('h'), affinityKey('n', CIDR), blockKey(CIDR)];
  for (const key of keys) {
    const { value, revision } = (await store.get(key))!;
    await store.update(key, { ...(value as object), extra: { of: key } }, revision);
  }
  await ipam.pools.update('p', { natOutgoing: true });
  await ipam.reserve('r', [parsePrefix('10.0.0.9/32')]);
  await ipam.configure({ cooldownS: 2 });
  await ipam.assign({ node: 'n', handle: 'h', count4: 2 });
  await ipam.assignAddress({ node: 'n', handle: 'h', address: parseAddress('10.0.0.3') });
  for (const key of keys) t.match((await store.get(key))!.value, { extra: { of: key } }, key);
  await ipam.pools.delete('p').catch(() => {});
  t.match((await store.get(poolKey('p')))!.value, { natOutgoing: true, extra: {} });
  await store.update(
    affinityKey('n', CIDR),
    { state: 'pending', extra: 'kept' },
    (await store.get(affinityKey('n', CIDR)))!.revision,
  );
  await ipam.repair({ node: 'n' });
  t.strictSame((await store.get(affinityKey('n', CIDR)))!.value, { state: 'confirmed', extra: 'kept' });
  t.same((await ipam.check()).findings, []);
  await ipam.reserve('r', [parsePrefix('10.0.0.9/32')], { notes: {} });
  t.match(
    (await store.get(reservationKey('r')))!.value,
    { notes: undefined, extra: {} },
    'what is known may be taken away',
  );
});

t.test('two agents of different versions beside each other: nothing of either is lost', async (t) => {
  const { ipam, store, another } = await setUp();
  await ipam.configure({ cooldownS: 0 });
  const later: string[] = [];
  for (let round = 0; round < 12; round++) {
    const handle = `r${round}`;
    await ipam.assign({ node: `n${round % 3}`, handle, count4: 1 });
    if (round % 4 === 1) {
      const key = handleKey(handle);
      await nextVersion(store, key);
      later.push(key);
    } else await another().release({ handle });
  }
  for (const key of later) t.match(await store.get(key), { value: { recordVersion: NEXT, meaning: 'another one' } });
  const findings = (await ipam.check()).findings.filter(({ code }) => code !== 'newer-record');
  t.strictSame(
    findings.map(({ code }) => code),
    later.map(() => 'address-without-handle'),
    'only what hangs on those records is told',
  );
});
