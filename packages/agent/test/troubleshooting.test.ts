/** `docs/TROUBLESHOOTING.md` has what the code has: each code of the doctor with its severity, each reason a route is not used for. */
import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { REASON_WORDS } from '../src/routes/route-view.js';

const PACKAGES = new URL('../../../', import.meta.url);
const text = readFileSync(new URL('../docs/TROUBLESHOOTING.md', PACKAGES), 'utf8');
const section = (title: string): string => text.split(/^## /m).find((part) => part.startsWith(title))!;
const firstCells = (title: string): string[] =>
  [...section(title).matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([a-z-]+)`/g)].map(([, word]) => word!),
  );

t.test('codes of the doctor', async (t) => {
  const sessions = readdirSync(new URL('cluster/src/sessions/', PACKAGES)).map(
    (name) => `cluster/src/sessions/${name}`,
  );
  const sources = [
    'agent/node/status/doctor.ts',
    'cluster/src/doctor/findings.ts',
    ...sessions,
    'agent/node/reconcilers/cluster-sessions.ts',
    'agent/node/kernel/block-routes.ts',
    'agent/src/filters/dropped-pods.ts',
    'agent/node/pods/pods.ts',
    'agent/node/pods/pod-routes.ts',
  ];
  const codes = new Set(
    sources.flatMap((file) =>
      [...readFileSync(new URL(file, PACKAGES), 'utf8').matchAll(/\bcode: '([a-z-]+)'/g)].map(([, code]) => code!),
    ),
  );
  t.ok(codes.size > 20);
  t.same(firstCells('Codes of').sort(), [...codes].sort());
});

t.test('why a route is not used', async (t) => {
  const told = firstCells('A route is not there');
  for (const reason of Object.keys(REASON_WORDS)) t.ok(told.includes(reason), reason);
});
