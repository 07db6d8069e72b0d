import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { enterNamespaces, type LabReport, type RunningLab, until } from '../src/index.js';
import { type LeftBehind, leftBehind } from './left-behind.js';
import { tortie } from './run-tortie.js';

await enterNamespaces();
t.jobs = 2;

const birds = new URL('../../test/fixtures/birds.yaml', import.meta.url).pathname;

const same = ({ namespaces, directories }: LeftBehind): boolean => namespaces.length + directories.length === 0;

/** The shell that waits for the end of this lab. */
function guardianOf(id: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (words[0] === 'sh' && words.includes(id) && words.some((word) => word.endsWith('guardian-process.js'))) {
        return Number(pid);
      }
    } catch {
      // It has ended while we looked.
    }
  }
  throw new Error(`lab ${id} has no guardian`);
}

t.test('a lab that cannot converge ends with exit 1 and its reasons', { buffered: true }, async (t) => {
  const file = new URL('../../test/fixtures/silent-host.yaml', import.meta.url).pathname;
  const { code, stdout } = await tortie(['lab', 'up', file, '--once', '--json', '--deadline', '2']);
  const report = JSON.parse(stdout) as LabReport;
  t.equal(code, 1);
  t.equal(report.ok, false);
  t.match(report.reasons, [/^speaks: session with silent-v4 is /, /^speaks: session with silent-v6 is /]);
  t.same(await leftBehind([report.id]), { namespaces: [], directories: [] });
});

t.test('after kill -9 the guardian takes the lab down', { buffered: true }, async (t) => {
  let id = '';
  const { code } = await tortie(['lab', 'up', birds, '--json'], (text, kill) => {
    id ||= /"id": "(\w+)"/.exec(text)?.[1] ?? '';
    if (id) kill('SIGKILL');
  });
  t.equal(code, null);
  await until(async () => same(await leftBehind([id])), { what: 'the guardian' });
});

t.test('with the guardian killed too, tortie lab down does it', { buffered: true }, async (t) => {
  let id = '';
  await tortie(['lab', 'up', birds, '--json'], (text, kill) => {
    const found = /"id": "(\w+)"/.exec(text)?.[1];
    if (!found) return;
    id = found;
    process.kill(guardianOf(id), 'SIGKILL');
    kill('SIGKILL');
  });
  const left = await leftBehind([id]);
  t.equal(left.directories.length, 1);
  t.ok(left.namespaces.length > 0);
  const listed = JSON.parse((await tortie(['lab', 'list', '--json'])).stdout) as { running: RunningLab[] };
  t.match(
    listed.running.find((lab) => lab.id === id),
    { running: false, name: 'birds' },
  );
  const { code, stdout } = await tortie(['lab', 'down', id]);
  t.equal(code, 0);
  t.match(stdout, /^birds \(\w+\) is down; it had left \d+ processes and 3 namespaces$/m);
  t.same(await leftBehind([id]), { namespaces: [], directories: [] });
});

t.test('a running lab is listed, checked, entered, and taken down from outside', { buffered: true }, async (t) => {
  let id = '';
  let others: Promise<void> | undefined;
  const lab = tortie(['lab', 'up', birds, '--json'], (text) => {
    id ||= /"id": "(\w+)"/.exec(text)?.[1] ?? '';
    if (id) others ??= fromOutside();
  });
  const fromOutside = async (): Promise<void> => {
    t.equal((await tortie(['lab', 'check', id])).code, 0);
    const inside = await tortie(['lab', 'exec', '--lab', id, 'b', 'ip', '-4', 'addr', 'show', 'eth0']);
    t.match(inside.stdout, /10\.0\.0\.2\/24/);
    const socket = await tortie(['lab', 'exec', '--lab', id, 'b', 'printenv', 'TORTIE_SOCKET']);
    t.match(socket.stdout, /\/b\/agent\.sock\n$/, 'tortie asks the agent there');
    const nowhere = await tortie(['lab', 'exec', '--lab', id, 'c', 'true']);
    t.match(nowhere.stderr, /has no "c"; there are: a, b/);
    t.equal((await tortie(['lab', 'down', id])).code, 0);
  };
  t.equal((await lab).code, 0, 'told to end, it ends well');
  await others;
  t.same(await leftBehind([id]), { namespaces: [], directories: [] });
});
