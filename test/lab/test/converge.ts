import type { Test } from 'tap';
import type { LabReport } from '../src/index.js';
import { leftBehind } from './left-behind.js';
import { tortie } from './run-tortie.js';

/** A lab that converges, says so in one JSON document, and leaves nothing. */
export async function converges(t: Test, lab: string): Promise<void> {
  const { code, stdout, stderr } = await tortie(['lab', 'up', lab, '--once', '--json']);
  const report = JSON.parse(stdout) as LabReport;
  t.same(report.reasons, [], stderr);
  t.equal(code, 0);
  t.equal(report.ok, true);
  t.equal(report.lab, lab);
  for (const { asked, answered } of Object.values(report.reachability)) t.equal(answered, asked);
  t.ok(report.hosts.every(({ sessions }) => sessions.every(({ state }) => state === 'established')));
  t.same(await leftBehind([report.id]), { namespaces: [], directories: [] });
}

/** A live lab that is told by `signal` to end does so with exit 0 and leaves nothing. */
export async function endsBy(t: Test, signal: 'SIGTERM' | 'SIGINT', lab: string): Promise<void> {
  let id = '';
  const { code, stdout } = await tortie(['lab', 'up', lab, '--json'], (text, kill) => {
    if (!text.includes('"id"')) return;
    id = /"id": "(\w+)"/.exec(text)![1]!;
    kill(signal);
  });
  t.equal(code, 0);
  t.equal((JSON.parse(stdout) as LabReport).ok, true);
  t.same(await leftBehind([id]), { namespaces: [], directories: [] });
}
