/** What the CNI plugin refuses, with which code and words; and that a refusal leaves nothing behind. */
import type { AgentConfigFile } from '@tortie/agent/api';
import { enterNamespaces, runCommand, tortieCommand } from '@tortie/lab';
import t from 'tap';
import { addressIn, type CniCall, NOTHING, POOLS, withCniNode } from './cni-rig.js';
import { eventually } from './eventually.js';

await enterNamespaces();
t.jobs = 2;

interface Refusal {
  readonly what: string;
  readonly command?: string;
  readonly call?: Partial<CniCall>;
  readonly env?: NodeJS.ProcessEnv;
  readonly code: number;
  readonly msg: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: 'a version of the future',
    call: { version: '2.0.0' },
    code: 1,
    msg: /cniVersion "2\.0\.0"; spoken here are 0\.3\.1, /,
  },
  {
    what: 'CHECK before it was there',
    command: 'CHECK',
    call: { version: '0.3.1' },
    code: 1,
    msg: /0\.3\.1 has no CHECK/,
  },
  { what: 'GC before it was there', command: 'GC', call: { version: '1.0.0' }, code: 1, msg: /1\.0\.0 has no GC/ },
  {
    what: 'a misspelt field',
    call: { config: { ipv4pools: ['x'] } },
    code: 2,
    msg: /"ipv4pools": \["x"\] is no field/,
  },
  { what: 'masquerade', call: { config: { ipMasq: true } }, code: 7, msg: /"ipMasq": true.*--nat-outgoing/ },
  {
    what: 'a container that is gone',
    call: { netns: '/run/netns/tortie-no-such' },
    code: 3,
    msg: /no network namespace at .*no-such/,
  },
  {
    what: 'a CHECK of the unknown',
    command: 'CHECK',
    call: { config: { prevResult: { ips: [] } } },
    code: 3,
    msg: /has no eth0 in network pods/,
  },
  { what: 'no namespace', env: { CNI_NETNS: '' }, code: 4, msg: /CNI_NETNS is not set/ },
  { what: 'a relative namespace', call: { netns: 'run/netns/x' }, code: 4, msg: /absolute path/ },
  { what: 'a file that is no namespace', call: { netns: '/etc/passwd' }, code: 4, msg: /is no network namespace/ },
  { what: 'another kind of namespace', call: { netns: '/proc/self/ns/uts' }, code: 4, msg: /is no network namespace/ },
  { what: "the node's own", call: { netns: '/proc/self/ns/net' }, code: 4, msg: /is the node's own/ },
  { what: 'a name no interface can have', call: { ifName: 'eth0/1' }, code: 4, msg: /CNI_IFNAME is "eth0\/1"/ },
  { what: 'a name that is too long', call: { ifName: 'abcdefghijklmnop' }, code: 4, msg: /at most 15/ },
  { what: 'no container', env: { CNI_CONTAINERID: '' }, code: 4, msg: /CNI_CONTAINERID is not set/ },
  { what: 'a container with a slash', env: { CNI_CONTAINERID: '../x' }, code: 4, msg: /CNI_CONTAINERID is "\.\.\/x"/ },
  { what: 'an unknown command', command: 'UPDATE', code: 4, msg: /CNI_COMMAND is "UPDATE"; it is VERSION, ADD/ },
  { what: 'an unknown argument', call: { args: 'COLOUR=red' }, code: 4, msg: /CNI_ARGS: "COLOUR" means nothing here/ },
  { what: 'a network without a name', call: { config: { name: '' } }, code: 7, msg: /\/name is ""/ },
  { what: 'a pool nobody has', call: { config: { ipv4Pools: ['nowhere'] } }, code: 7, msg: /there is no pool nowhere/ },
  { what: 'a fixed address of no pool', call: { args: 'IP=192.0.2.7' }, code: 7, msg: /192\.0\.2\.7 is in no pool/ },
  {
    what: 'two addresses of one family',
    call: { args: 'IP=10.244.0.7,10.244.0.8' },
    code: 7,
    msg: /has one IPv4 address/,
  },
  { what: 'no family at all', call: { config: { ipv4: false, ipv6: false } }, code: 7, msg: /both false/ },
  {
    what: 'GC without its list',
    command: 'GC',
    call: { version: '1.1.0' },
    code: 7,
    msg: /valid-attachments is missing/,
  },
  {
    what: 'a link too small for IPv6',
    call: { config: { mtu: 1000 } },
    code: 7,
    msg: /MTU of 1000, and IPv6 needs 1280/,
  },
  { what: 'a name the kernel would make another of', call: { ifName: 'eth%d' }, code: 4, msg: /CNI_IFNAME is "eth%d"/ },
];

t.test('refusals', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const pod = await node.pod();
    for (const { what, command = 'ADD', call = {}, env, code, msg } of REFUSALS) {
      const failure = await node.refused(command, { ...pod, ...call }, env);
      t.equal(failure.code, code, `${what}: ${failure.msg}`);
      t.match(failure.msg, msg, what);
      t.same(await node.traces(), NOTHING, `${what}: nothing is left`);
    }
    t.ok(await node.add(pod), 'and the same pod can be plugged in after all of them');
  }),
);

t.test("an interface of the pod's own is not touched", { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const pod = await node.pod();
    await runCommand('ip', ['-n', pod.name, 'link', 'add', 'eth0', 'type', 'bridge']);
    t.match(await node.refused('ADD', pod), { code: 4, msg: /the container has an interface eth0 already/ });
    t.same(await node.traces(), NOTHING);
    t.match((await runCommand('ip', ['-n', pod.name, 'link', 'show', 'eth0'])).stdout, /eth0/);
    t.ok(await node.add({ ...pod, ifName: 'net1' }));
  }),
);

t.test(
  'a second interface of ours in one pod: refused when the link is half made, and undone',
  { buffered: true },
  (t) =>
    withCniNode(async (node) => {
      const pod = await node.pod();
      await node.add(pod);
      const before = await node.traces();
      t.match(await node.refused('ADD', { ...pod, ifName: 'net1' }), {
        code: 4,
        msg: /has a route to 169\.254\.1\.1 already/,
      });
      t.same(await node.traces(), before);
      await node.silent('DEL', { ...pod, ifName: 'net1' });
      t.same(await node.traces(), before);
    }),
);

t.test('paths that wait when they are opened, and ones that are gone in the midst of it', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const fifo = node.host.path('fifo');
    await runCommand('mkfifo', [fifo]);
    const pods = await node.pods(12);
    const refused = { code: 4, msg: /fifo is no network namespace/ };
    t.match(await node.refused('ADD', { ...pods[0]!, netns: fifo }), refused);
    const adds = pods.map((pod) => node.call('ADD', pod));
    const gone = pods.map(({ name }) => runCommand('ip', ['netns', 'del', name], { allowFailure: true }));
    const answers = await Promise.all(adds);
    await Promise.all(gone);
    for (const { code, stdout } of answers) {
      if (code === 0) continue;
      t.match(JSON.parse(stdout).code, /^(3|4|102)$/, stdout);
    }
    await Promise.all(pods.map((pod) => node.silent('DEL', pod)));
    t.same(await node.traces(), NOTHING);
    t.equal((await node.agent.client.get<{ pods: unknown[] }>('/v1/pods')).pods.length, 0);
  }),
);

const small: Partial<AgentConfigFile> = {
  pools: [
    { name: 'small', cidr: '10.9.0.0/30', blockSize: 30 },
    { name: 'pods6', cidr: 'fd00:10:244::/112' },
  ],
};

t.test('a full pool: no half of a pair of addresses stays', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const pods = await Promise.all([1, 2, 3, 4, 5].map(() => node.pod()));
    for (const pod of pods.slice(0, 4)) await node.add(pod);
    const before = await node.traces();
    t.equal(before.addresses.length, 8);
    t.match(await node.refused('ADD', pods[4]!), { code: 100, msg: /pool small is full: 4 of 4 in use/ });
    t.same(await node.traces(), before);
    t.ok(await node.add({ ...pods[4]!, config: { ipv4: false } }), 'IPv6 alone is to be had');
  }, small),
);

t.test('a pool that is disabled is no reason for a pod with half of its addresses', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const { client } = node.agent;
    await client.call('PATCH', '/v1/ipam/pools/pods4', { body: { disabled: true } });
    const pod = await node.pod();
    const { code, msg } = await node.refused('ADD', pod);
    t.equal(code, 7);
    t.match(msg, /no pool has IPv4 addresses for node: pool pods4 is disabled/);
    t.same(await node.traces(), NOTHING);
    t.match((await node.add({ ...pod, config: { ipv4: false } })).ips, [{ address: /^fd00:/ }], 'unless it is told so');
    await node.silent('DEL', pod);
  }),
);

t.test('fixed addresses and pools, from wherever they are asked for', { buffered: true }, (t) =>
  withCniNode(
    async (node) => {
      const annotated = (annotations: Record<string, string>) => ({
        runtimeConfig: { 'io.kubernetes.cri.pod-annotations': annotations },
      });
      const rows: readonly [string, Partial<CniCall>, string][] = [
        ['CNI_ARGS', { args: 'IgnoreUnknown=1;K8S_POD_NAME=web;IP=10.244.7.1;X=y' }, '10.244.7.1'],
        ['a capability', { config: { runtimeConfig: { ips: ['10.244.7.2/24'] } } }, '10.244.7.2'],
        ['args.cni', { config: { args: { cni: { ips: ['10.244.7.3'] } } } }, '10.244.7.3'],
        ['an annotation', { config: annotated({ 'cni.projectcalico.org/ipAddrs': '["10.244.7.4"]' }) }, '10.244.7.4'],
        ['a pool of the configuration', { config: { ipv4Pools: ['fixed'] } }, '10.7.0.'],
        ['a pool by its CIDR', { config: { ipv4Pools: ['10.7.0.0/24'] } }, '10.7.0.'],
        ['a pool of CNI_ARGS', { args: 'IPV4_POOLS=fixed' }, '10.7.0.'],
        [
          'a pool of an annotation',
          { config: annotated({ 'cni.projectcalico.org/ipv4pools': '["fixed"]' }) },
          '10.7.0.',
        ],
        [
          'the annotation before the configuration',
          { config: { ipv4Pools: ['pods4'], ...annotated({ 'cni.projectcalico.org/ipv4pools': '["fixed"]' }) } },
          '10.7.0.',
        ],
      ];
      for (const [what, call, wanted] of rows) {
        const pod = await node.pod();
        const result = await node.add({ ...pod, ...call });
        t.ok(addressIn(result, 4).startsWith(wanted), `${what}: ${addressIn(result, 4)}`);
        t.match(addressIn(result, 6), /^fd00:10:244::/, `${what}: IPv6 as ever`);
        if (!wanted.startsWith('10.244')) await node.silent('DEL', pod);
      }
      const pod = await node.pod();
      t.match(await node.refused('ADD', { ...pod, args: 'IP=10.244.7.1' }), {
        code: 101,
        msg: /10\.244\.7\.1 is in use by pods\./,
      });
      const six = await node.add({ ...pod, args: 'IP=10.244.7.9,fd00:10:244::7777;MAC=02:00:00:00:00:07' });
      t.same([addressIn(six, 4), addressIn(six, 6)], ['10.244.7.9', 'fd00:10:244::7777']);
      t.equal(six.interfaces[1]!.mac, '02:00:00:00:00:07');
    },
    { pools: [...POOLS, { name: 'fixed', cidr: '10.7.0.0/24', assignmentMode: 'Manual' }] },
  ),
);

t.test('DEL of what is gone, by halves or wholly', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const gone = await node.pod();
    await node.add(gone);
    await runCommand('ip', ['netns', 'delete', gone.name]);
    await node.silent('DEL', gone);
    t.same(await node.traces(), NOTHING, 'its namespace was deleted first');
    const pod = await node.pod();
    const result = await node.add(pod);
    await node.ip('link', 'delete', result.interfaces[0]!.name);
    await node.silent('DEL', { containerId: pod.containerId, config: { nonsense: 1 } });
    t.same(await node.traces(), NOTHING, 'its link was deleted first');
    await node.add(pod);
    await node.silent('DEL', pod);
    const { stdout } = await runCommand('ip', ['-n', pod.name, '-br', 'link']);
    t.notMatch(stdout, /eth0/, "the pod's end is gone with the answer");
    t.same(await node.traces(), NOTHING, 'and so is the rest');
    await node.silent('DEL', await node.pod());
  }),
);

t.test('CHECK says what is missing, and ADD mends it', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const pod = await node.pod();
    const result = await node.add(pod);
    const check = { ...pod, config: { prevResult: result } };
    const host = result.interfaces[0]!.name;
    const [v4, v6] = [addressIn(result, 4), addressIn(result, 6)];
    const inside = (...words: string[]) => runCommand('ip', ['-n', pod.name, ...words]);
    const sysctl = (key: string, value: number) => node.host.exec('sh', ['-c', `echo ${value} > /proc/sys/${key}`]);
    const rows: readonly [() => Promise<unknown>, RegExp][] = [
      [() => inside('addr', 'del', `${v4}/32`, 'dev', 'eth0'), /eth0 has no address 10\.244/],
      [() => inside('addr', 'del', `${v6}/128`, 'dev', 'eth0'), /eth0 has no address fd00/],
      [() => inside('route', 'flush', 'dev', 'eth0'), /no route to its gateway/],
      [() => inside('route', 'del', 'default'), /has no IPv4 default route/],
      [() => inside('-6', 'route', 'del', 'default'), /has no IPv6 default route/],
      [() => sysctl(`net/ipv4/conf/${host}/forwarding`, 0), /net\/ipv4\/conf\/tor\w+\/forwarding is 0, not 1/],
      [() => sysctl(`net/ipv6/conf/${host}/disable_ipv6`, 1), /disable_ipv6 is 1, not 0/],
      [() => inside('link', 'set', 'eth0', 'down'), /eth0 of the container is down/],
      [() => inside('link', 'delete', 'eth0'), /the host has no interface tor/],
    ];
    for (const [damage, msg] of rows) {
      await node.silent('CHECK', check);
      await damage();
      t.match(await node.refused('CHECK', check), { code: 103, msg });
      const again = await node.add(pod);
      t.same([addressIn(again, 4), addressIn(again, 6), again.interfaces[0]!.name], [v4, v6, host]);
      check.config = { prevResult: again };
    }
    const other = { ...result, ips: [{ ...result.ips[0]!, address: '10.244.9.9/32' }] };
    t.match(await node.refused('CHECK', { ...pod, config: { prevResult: other } }), {
      code: 103,
      msg: new RegExp(`prevResult lacks ${v4}`),
    });
  }),
);

t.test('without an agent', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const pod = await node.pod();
    await node.add(pod);
    const before = await node.traces();
    await node.agent.stop('SIGTERM');
    for (const command of ['ADD', 'DEL', 'CHECK', 'GC']) {
      t.match(
        await node.refused(command, pod),
        { code: 11, msg: /agent of this node cannot be asked; try again later/ },
        command,
      );
    }
    t.match(await node.refused('STATUS', { containerId: '', version: '1.1.0' }), { cniVersion: '1.1.0', code: 50 });
    t.match(JSON.parse((await node.call('VERSION', { containerId: '' })).stdout), {
      supportedVersions: ['0.3.1', '0.4.0', '1.0.0', '1.1.0'],
    });
    await node.agent.start();
    t.same(await node.traces(), before, 'the pod stayed as it was');
    await node.silent('DEL', pod);
    t.same(await node.traces(), NOTHING);
  }),
);

t.test('an agent that may not program the kernel has no CNI socket, and says why', { buffered: true }, (t) =>
  withCniNode(
    async (node) => {
      await node.agent.stop('SIGTERM');
      const [program, ...words] = tortieCommand();
      const agent = [program!, ...words, 'agent', '-c', node.agent.configFile];
      const started = node.host.spawn('setpriv', ['--bounding-set=-all', '--inh-caps=-all', ...agent], {
        name: 'weak',
      });
      await eventually('its word', () => /plugs no pods in/.test(started.logTail(50)));
      t.match(started.logTail(50), /"cause":"CAP_NET_ADMIN is missing/);
      await started.stop();
    },
    { bgp: { listen: [] } },
  ),
);
