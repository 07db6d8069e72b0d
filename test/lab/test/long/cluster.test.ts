import t from 'tap';
import { enterNamespaces, type LabReport } from '../../src/index.js';
import { leftBehind } from '../left-behind.js';
import { tortie } from '../run-tortie.js';

await enterNamespaces();

t.test(
  'cluster converges over etcd and resources, with two next hops, and leaves nothing',
  { timeout: 600_000 },
  async (t) => {
    const { code, stdout, stderr } = await tortie(['lab', 'up', 'cluster', '--once', '--json', '--deadline', '400']);
    const report = JSON.parse(stdout) as LabReport;
    t.same(report.reasons, [], stderr);
    t.equal(code, 0);
    const sessions = new Map(report.hosts.map((host) => [host.name, host.sessions.length]));
    t.equal(sessions.get('etcd-1'), 0);
    for (const tor of ['tor-a', 'tor-b'])
      t.equal(sessions.get(tor), 16, `${tor} has a session per node and IP version`);
    // Per IP version: a reflector has the other one, six clients and two ToRs, a client two of each.
    for (const reflector of ['node-1', 'node-2']) t.equal(sessions.get(reflector), 18);
    for (const client of ['node-3', 'node-8']) t.equal(sessions.get(client), 8);
    for (const { asked, answered } of Object.values(report.reachability)) t.equal(answered, asked);
    t.same(await leftBehind([report.id]), { namespaces: [], directories: [] });
  },
);
