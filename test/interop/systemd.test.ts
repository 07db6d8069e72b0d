/** The hardened unit: what systemd says of it, and an agent that works with the capabilities it leaves. */
import { readFileSync } from 'node:fs';
import { enterNamespaces, runCommand, tortieCommand } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import { askAll, faultsIn, withNetwork } from './network-rig.js';

await enterNamespaces();

const UNIT = new URL('../../../../examples/systemd/tortie-agent.service', import.meta.url).pathname;
const capabilities = /^CapabilityBoundingSet=(.*)$/m.exec(readFileSync(UNIT, 'utf8'))![1]!.split(' ');

const has = async (program: string): Promise<boolean> =>
  (await runCommand('sh', ['-c', `command -v ${program}`], { allowFailure: true })).code === 0;
const skipUnless = async (program: string): Promise<string | false> =>
  (await has(program)) ? false : `${program} is not installed`;

t.test('systemd-analyze finds little to expose', { skip: await skipUnless('systemd-analyze') }, async (t) => {
  const args = ['security', '--offline=true', '--no-pager', '--threshold=40', UNIT];
  const { code, stdout } = await runCommand('systemd-analyze', args, { allowFailure: true });
  t.equal(code, 0, stdout.split('\n').find((line) => line.includes('Overall exposure')) ?? stdout);
});

t.test('the unit has the capabilities that are explained there, and no more', async (t) => {
  t.strictSame(capabilities, ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SYS_ADMIN', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_NICE']);
  const text = readFileSync(UNIT, 'utf8');
  for (const capability of capabilities) t.match(text, new RegExp(`^# ${capability}: `, 'm'));
  t.match(text, /^NoNewPrivileges=yes$/m);
});

t.test(
  'with these capabilities the agent peers, plugs pods in, tunnels and hides',
  { skip: await skipUnless('setpriv') },
  (t) => {
    const set = capabilities.map((name) => `+${name.replace('CAP_', '').toLowerCase()}`).join(',');
    const command = ['setpriv', '--no-new-privs', `--bounding-set=-all,${set}`, '--inh-caps=-all', ...tortieCommand()];
    const way = { vxlanMode: 'CrossSubnet', natOutgoing: true } as const;
    return withNetwork({ way, bgp: true, pods: 1, agent: { command } }, async (lab) => {
      const { pid } = lab.agent('n1');
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const effective = BigInt(`0x${/^CapEff:\s*(\S+)$/m.exec(status)![1]}`);
      const bits = {
        CAP_NET_BIND_SERVICE: 10,
        CAP_NET_ADMIN: 12,
        CAP_NET_RAW: 13,
        CAP_SYS_ADMIN: 21,
        CAP_SYS_NICE: 23,
      };
      t.equal(
        effective & ~Object.values(bits).reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n),
        0n,
        'it has no others',
      );
      t.match(status, /^NoNewPrivs:\s*1$/m);
      await eventually('every answer as it should be', async () => {
        const faults = faultsIn(await askAll(lab));
        if (faults.length > 0) throw new Error(faults.slice(0, 4).join('; '));
        return true;
      });
      const { conditions, warnings, sessions, fib } = await lab.agent('n1').status();
      t.same(
        conditions.filter(({ ok }) => !ok),
        [],
      );
      t.same(warnings, []);
      t.equal(sessions.established, sessions.configured);
      t.ok(fib.programming);
      t.match((await lab.host('n1').exec('nft', ['list', 'ruleset'])).stdout, /table inet tortie/);
    });
  },
);
