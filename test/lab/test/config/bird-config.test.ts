import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { birdConfig, planLab } from '../../src/index.js';

t.test('sessions, keys, reflection, originated prefixes', async (t) => {
  const plan = planLab(
    `hosts:
  r: { run: bird, asn: 1, originate: [10.9.0.0/16, "2001:db8::/32"], multipath: 4, birdConfig: "# mine" }
  c-1: { run: bird, asn: 1 }
sessions: [{ reflector: r, clients: c-1, password: secret, holdTimeS: 9 }]`,
    'lab',
  );
  const text = birdConfig(plan, plan.hosts[0]!);
  for (const line of [
    'router id 10.0.0.1;',
    'merge paths yes limit 4;',
    'route 10.9.0.0/16 blackhole;',
    'route 2001:db8::/32 blackhole;',
    'protocol bgp c_1_v4 {',
    'neighbor 10.0.0.2 as 1;',
    'neighbor fd00::2 as 1;',
    'hold time 9;',
    'password "secret";',
    'rr client;',
    '# mine',
  ]) {
    t.ok(text.includes(line), line);
  }
  t.notOk(birdConfig(plan, plan.hosts[1]!).includes('rr client'), 'a client reflects to nobody');
});

const labs = new URL('../../../../../examples/labs/', import.meta.url);
for (const file of readdirSync(labs)) {
  t.test(`BIRD takes what is made for ${file}`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'tortie-bird-'));
    t.teardown(() => rmSync(directory, { recursive: true }));
    const plan = planLab(readFileSync(new URL(file, labs), 'utf8'), file);
    for (const host of plan.hosts) {
      const config = join(directory, `${host.name}.conf`);
      writeFileSync(config, birdConfig(plan, host));
      t.doesNotThrow(() => execFileSync('bird', ['-p', '-c', config], { stdio: 'pipe' }), host.name);
    }
  });
}
