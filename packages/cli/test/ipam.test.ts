/** Reports of leaks as files, and what the commands about addresses refuse by themselves. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { CHECK, LEAK } from './ipam-cases.js';
import { startStub } from './stub.js';

const folder = mkdtempSync(join(tmpdir(), 'tortie-cli-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const report = (name: string, content: unknown): string => {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(content));
  return file;
};
const other = { ...LEAK, address: '10.244.0.10', handle: 'k8s.2' };
const both = report('both', { ...CHECK, leaks: [LEAK, other] });
const anew = report('anew', { ...CHECK, leaks: [{ ...LEAK, sequence: 8 }, other] });
const foreign = report('foreign', { ...CHECK, cluster: 'c2' });
const none = report('none', { nothing: true });

t.test('what is leaked by every report is asked for, by its sequence number', async (t) => {
  const stub = await startStub({
    'POST /v1/ipam/leaks/release': {
      body: { released: [], kept: [{ address: '10.244.0.10', handle: 'k8s.2', reason: 'it lives' }] },
    },
  });
  t.teardown(() => stub.close());
  const { code, stdout } = await stub.run(['ipam', 'release', '--from-report', both, anew]);
  t.equal(code, 0);
  t.same(stub.seen[0]?.body, {
    cluster: 'c1',
    leaks: [{ address: '10.244.0.10', handle: 'k8s.2', sequence: 7 }],
  });
  t.match(stdout, /^released 0 of 1 addresses$/m);
  t.match(stdout, /^10\.244\.0\.10 +k8s\.2 +it lives$/m);
});

for (const [args, message] of [
  [['release', '--from-report', both, foreign], /reports are of different stores: c1, c2/],
  [['release', '--from-report', none], /is no report; make one: tortie ipam check --json/],
  [['release', '--from-report', join(folder, 'absent')], /ENOENT/],
  [['release', 'h', '--from-report', both], /takes its handles from the reports/],
  [['release'], /name the handle, or --from-report FILE/],
  [['show', '--show-blocks', '--ip', '10.0.0.1'], /one of --show-blocks/],
  [['configure'], /nothing to set/],
  [['configure', '--strict-affinity', 'maybe'], /--strict-affinity: "maybe" is neither yes nor no/],
  [['configure', '--leak-grace', 'long'], /--leak-grace: "long" is not a whole number/],
] as const) {
  t.test(`tortie ipam ${args.slice(0, 2).join(' ')} …: ${message}`, async (t) => {
    const stub = await startStub();
    t.teardown(() => stub.close());
    const { code, stderr } = await stub.run(['ipam', ...args]);
    t.equal(code, 2);
    t.match(stderr, message);
    t.same(stub.seen, [], 'nothing was asked of the agent');
  });
}
