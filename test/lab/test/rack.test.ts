import t from 'tap';
import { enterNamespaces, type LabReport } from '../src/index.js';
import { leftBehind } from './left-behind.js';
import { tortie } from './run-tortie.js';

await enterNamespaces();

for (const lab of ['rack', 'dual-tor', 'reflector-pair', 'mesh-5', 'two-racks', 'unnumbered']) {
  t.test(`${lab} converges, says so in one JSON document, and leaves nothing`, async (t) => {
    const { code, stdout, stderr } = await tortie(['lab', 'up', lab, '--once', '--json']);
    const report = JSON.parse(stdout) as LabReport;
    t.same(report.reasons, [], stderr);
    t.equal(code, 0);
    t.equal(report.ok, true);
    t.equal(report.lab, lab);
    for (const { asked, answered } of Object.values(report.reachability)) t.equal(answered, asked);
    t.ok(report.hosts.every(({ sessions }) => sessions.every(({ state }) => state === 'established')));
    t.same(await leftBehind([report.id]), { namespaces: [], directories: [] });
  });
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends a live rack with exit 0 and leaves nothing`, async (t) => {
    let id = '';
    const { code, stdout } = await tortie(['lab', 'up', 'rack', '--json'], (text, kill) => {
      if (!text.includes('"id"')) return;
      id = /"id": "(\w+)"/.exec(text)![1]!;
      kill(signal);
    });
    t.equal(code, 0);
    t.equal((JSON.parse(stdout) as LabReport).ok, true);
    t.same(await leftBehind([id]), { namespaces: [], directories: [] });
  });
}
