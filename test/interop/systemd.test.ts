/** Rights: the hardened unit, what systemd says of it, an agent that works with what it leaves; and one that root starts without it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enterNamespaces, runCommand, tortieCommand, withHosts } from '@tortie/lab';
import t from 'tap';
import { CniNode } from './cni-rig.js';
import { buildConfine, CAPABILITIES, confined, UNIT } from './confine/unit-filter.js';
import { eventually } from './eventually.js';
import { askAll, faultsIn, setWay, withNetwork } from './network-rig.js';
import { startAgent } from './start-agent.js';

await enterNamespaces();

const BITS: Readonly<Record<string, bigint>> = {
  CAP_NET_BIND_SERVICE: 10n,
  CAP_NET_ADMIN: 12n,
  CAP_NET_RAW: 13n,
  CAP_SYS_ADMIN: 21n,
  CAP_SYS_NICE: 23n,
};

const ALLOWED = Object.values(BITS).reduce((sum, bit) => sum | (1n << bit), 0n);

const has = async (program: string): Promise<boolean> =>
  (await runCommand('sh', ['-c', `command -v ${program}`], { allowFailure: true })).code === 0;
const skipUnless = async (...programs: string[]): Promise<string | false> => {
  for (const program of programs) if (!(await has(program))) return `${program} is not installed`;
  return false;
};

t.test('systemd-analyze finds little to expose', { skip: await skipUnless('systemd-analyze') }, async (t) => {
  const args = ['security', '--offline=true', '--no-pager', '--threshold=40', UNIT];
  const { code, stdout } = await runCommand('systemd-analyze', args, { allowFailure: true });
  t.equal(code, 0, stdout.split('\n').find((line) => line.includes('Overall exposure')) ?? stdout);
});

t.test('the unit has the capabilities that are explained there, and no more', async (t) => {
  t.strictSame([...CAPABILITIES].sort(), Object.keys(BITS).sort());
  const text = readFileSync(UNIT, 'utf8');
  for (const capability of CAPABILITIES) t.match(text, new RegExp(`^# ${capability}: `, 'm'));
  t.match(text, /^NoNewPrivileges=yes$/m);
});

t.test(
  'with its capabilities, system calls and files the agent peers, plugs pods in, tunnels and hides',
  { skip: await skipUnless('systemd-analyze', 'setpriv', 'cc', 'unshare') },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tortie-confine-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const command = confined(await buildConfine(folder), tortieCommand());
    const way = { vxlanMode: 'CrossSubnet', natOutgoing: true } as const;
    return withNetwork({ way, bgp: true, pods: 1, agent: { command } }, async (lab) => {
      const agent = lab.agent('n1');
      const status = readFileSync(`/proc/${agent.pid}/status`, 'utf8');
      const effective = BigInt(`0x${/^CapEff:\s*(\S+)$/m.exec(status)![1]}`);
      t.equal(effective & ~ALLOWED, 0n, 'it has no other capabilities');
      t.match(status, /^NoNewPrivs:\s*1$/m);
      t.match(status, /^Seccomp:\s*2$/m);
      const whole = () =>
        eventually('every answer as it should be', async () => {
          const faults = faultsIn(await askAll(lab));
          if (faults.length > 0) throw new Error(faults.slice(0, 4).join('; '));
          return true;
        });
      const healthy = async (): Promise<void> => {
        const { conditions, warnings, sessions, fib } = await agent.status();
        t.same(
          conditions.filter(({ ok }) => !ok),
          [],
        );
        t.same(warnings, []);
        t.equal(sessions.established, sessions.configured);
        t.ok(fib.programming);
      };
      await whole();
      await healthy();
      t.match((await lab.host('n1').exec('nft', ['list', 'ruleset'])).stdout, /table inet tortie/);

      const node = new CniNode(lab.host('n1'), agent);
      const place = await node.pod();
      await node.add(place);
      await node.silent('DEL', place);
      // Of a process with all rights of root.
      const named = { ...place, netns: `/proc/${process.pid}/ns/net` };
      t.match(await node.refused('ADD', named), { code: 4, msg: /the agent needs CAP_SYS_PTRACE$/ });

      // It starts over what is there, and carries changes out.
      await agent.restart('SIGKILL');
      await setWay(lab, { vxlanMode: 'Always' });
      await whole();
    });
  },
);

t.test('an agent that root starts gives up all other rights, on every thread, unless told to keep them', (t) =>
  withHosts(['n1'], async (lab) => {
    const n1 = lab.host('n1');
    const agent = await startAgent(n1);
    const threads = readdirSync(`/proc/${agent.pid}/task`);
    t.ok(threads.length > 4);
    for (const thread of threads) {
      t.strictSame(rightsOf(`${agent.pid}/task/${thread}`), {
        Inh: 0n,
        Prm: ALLOWED,
        Eff: ALLOWED,
        Bnd: ALLOWED,
        NoNewPrivs: 1n,
      });
    }
    t.ok((await agent.status()).fib.programming);
    t.match(agent.process.logTail(), /n1/, 'and it goes on with its log');

    await agent.stop();
    const [program, ...args] = tortieCommand();
    const keeping = n1.spawn(program!, [...args, 'agent', '--keep-capabilities', '-c', agent.configFile], {
      name: 'keeping',
    });
    await eventually('the API', () => agent.status());
    t.strictSame(rightsOf(`${keeping.pid}`), rightsOf('self'));
  }),
);

/** Capability sets of a process or thread. */
const rightsOf = (place: string): Readonly<Record<string, bigint>> =>
  Object.fromEntries(
    [
      ...readFileSync(`/proc/${place}/status`, 'utf8').matchAll(/^(?:Cap)?(Inh|Prm|Eff|Bnd|NoNewPrivs):\s*(\S+)$/gm),
    ].map(([, name, value]) => [name!, BigInt(`0x${value}`)]),
  );
