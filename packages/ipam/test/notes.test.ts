import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import { testIpam } from '../testing/index.js';

const cidrs = [parsePrefix('10.0.0.0/30')];
const notes = { labels: { site: 'a' } };

t.test('notes stay with a pool, a reservation and the settings, over other changes', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/16'), notes });
  t.strictSame((await ipam.pools.update('p', { natOutgoing: true })).notes, notes);
  t.notOk('notes' in (await ipam.pools.update('p', { notes: {} })), 'and can be taken away');
  await ipam.reserve('r', cidrs, { notes });
  t.match(await ipam.reservations(), [{ name: 'r', notes }]);
  await ipam.configure({ notes });
  await ipam.configure({ strictAffinity: true });
  t.match(await ipam.settings(), { config: { strictAffinity: true, notes } });
});

t.test('settings and reservations are changed at the revision their writer has seen, or not at all', async (t) => {
  const { ipam } = testIpam();
  t.equal((await ipam.settings()).revision, 0);
  await ipam.configure({ strictAffinity: true }, 0);
  const { revision } = await ipam.settings();
  await t.rejects(ipam.configure({ strictAffinity: false }, 0), { code: 'ERR_IPAM_CONFLICT' });
  await ipam.configure({ strictAffinity: false }, revision);
  await ipam.reserve('r', cidrs, { revision: 0 });
  await t.rejects(ipam.reserve('r', cidrs, { revision: 0 }), { code: 'ERR_IPAM_CONFLICT' });
  const [reservation] = await ipam.reservations();
  await t.rejects(ipam.unreserve('r', reservation!.revision + 1), { code: 'ERR_IPAM_CONFLICT' });
  t.ok(await ipam.unreserve('r', reservation!.revision));
  await t.rejects(ipam.unreserve('r', reservation!.revision), { code: 'ERR_IPAM_CONFLICT' });
  t.notOk(await ipam.unreserve('r'));
});
