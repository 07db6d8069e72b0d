/** The CNI plugin end to end: the verbs in every version, what pods get, and who reaches whom. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { enterNamespaces, runCommand } from '@tortie/lab';
import t from 'tap';
import { addressIn, NOTHING, pings, withCniNode } from './cni-rig.js';
import { eventually } from './eventually.js';

await enterNamespaces();
t.jobs = 2;

t.test('ADD in every version, and what the pod has then', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    for (const version of ['0.3.1', '0.4.0', '1.0.0', '1.1.0']) {
      const pod = await node.pod();
      const result = await node.add({ ...pod, version, config: { mtu: 1400, dns: { nameservers: ['10.96.0.10'] } } });
      const [v4, v6] = [addressIn(result, 4), addressIn(result, 6)];
      const old = version < '1';
      const mtu = version === '1.1.0' ? { mtu: 1400 } : {};
      const hostName = result.interfaces[0]!.name;
      t.match(hostName, /^tor[0-9a-f]{11}$/);
      t.strictSame(result, {
        cniVersion: version,
        interfaces: [
          { name: hostName, mac: 'ee:ee:ee:ee:ee:ee', ...mtu },
          { name: 'eth0', mac: result.interfaces[1]!.mac, ...mtu, sandbox: pod.netns },
        ],
        ips: [
          { ...(old && { version: '4' }), interface: 1, address: `${v4}/32`, gateway: '169.254.1.1' },
          { ...(old && { version: '6' }), interface: 1, address: `${v6}/128`, gateway: 'fe80::ecee:eeff:feee:eeee' },
        ],
        routes: [
          { dst: '0.0.0.0/0', gw: '169.254.1.1' },
          { dst: '::/0', gw: 'fe80::ecee:eeff:feee:eeee' },
        ],
        dns: { nameservers: ['10.96.0.10'] },
      });
      const inside = async (...words: string[]) => (await runCommand('ip', ['-n', pod.name, ...words])).stdout;
      t.match(await inside('link', 'show', 'eth0'), new RegExp(`mtu 1400 [\\s\\S]*${result.interfaces[1]!.mac}`));
      t.match(await inside('addr', 'show', 'eth0'), new RegExp(`inet ${v4}/32 [\\s\\S]*inet6 ${v6}/128`));
      t.match(await inside('route'), /^default via 169\.254\.1\.1 dev eth0 .*\n169\.254\.1\.1 dev eth0 .*scope link/);
      t.match(await inside('-6', 'route'), /default via fe80::ecee:eeff:feee:eeee dev eth0/);
      for (const gateway of ['169.254.1.1', 'fe80::ecee:eeff:feee:eeee']) {
        t.match(await inside('neigh', 'show', 'to', gateway), /dev eth0 lladdr ee:ee:ee:ee:ee:ee .*PERMANENT/);
      }
      t.match(await node.ip('link', 'show', hostName), /link\/ether ee:ee:ee:ee:ee:ee/);
      if (version !== '0.3.1') await node.silent('CHECK', { ...pod, version, config: { prevResult: result } });
      t.same(await node.add({ ...pod, version: '1.0.0' }).then(({ ips }) => ips.map(({ address }) => address)), [
        `${v4}/32`,
        `${v6}/128`,
      ]);
      await node.silent('DEL', { ...pod, version, config: { prevResult: result } });
      await node.silent('DEL', { containerId: pod.containerId, version });
      t.same(await node.traces(), NOTHING, `after DEL in ${version}`);
      t.notMatch(await inside('-br', 'link'), /eth0/);
    }
    await node.silent('STATUS', { containerId: '', version: '1.1.0' });
  }),
);

t.test('pods reach each other and the node, over both families and without translation', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const [one, two] = [await node.pod(), await node.pod()];
    const results = [await node.add(one), await node.add(two)];
    for (const version of [4, 6] as const) {
      const [a, b] = results.map((result) => addressIn(result, version));
      t.ok(await pings(one.name, b!), `pod to pod, IPv${version}`);
      t.ok(await pings(two.name, a!), `and back, IPv${version}`);
      t.ok(await pings(one.name, node.host.address(version === 4 ? 'ipv4' : 'ipv6')), `pod to node, IPv${version}`);
      t.ok(await pings(node.host.netns, a!), `node to pod, IPv${version}`);
    }
    const links = results.map(({ interfaces }) => interfaces[0]!.name).sort();
    t.same((await node.traces()).links, links);
    await node.refused('ADD', { ...one, ifName: 'a/b' });
    const metrics = await node.agent.client.get<string>('/metrics');
    t.match(metrics, /^tortie_pods 2$/m);
    t.match(metrics, /^tortie_cni_calls_total\{command="ADD",code="0"\} 2$/m);
    t.match(metrics, /^tortie_cni_calls_total\{command="ADD",code="4"\} 1$/m);
  }),
);

t.test('no pod may speak for another address than its own', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const [one, two] = [await node.pod(), await node.pod()];
    const [host] = (await node.add(one)).interfaces;
    const other = addressIn(await node.add(two), 4);
    await runCommand('ip', ['-n', one.name, 'addr', 'add', '10.99.0.1/32', 'dev', 'eth0']);
    const asked = async (): Promise<number> => {
      const { stdout } = await runCommand('ip', ['netns', 'exec', two.name, 'cat', '/proc/net/snmp']);
      const [names, values] = stdout.split('\n').filter((line) => line.startsWith('Icmp:'));
      return Number(values!.split(' ')[names!.split(' ').indexOf('InEchos')]);
    };
    const spoof = () => {
      const ping = ['ping', '-c', '1', '-W', '1', '-I', '10.99.0.1', other];
      return runCommand('ip', ['netns', 'exec', one.name, ...ping], { allowFailure: true });
    };
    t.ok(await pings(one.name, other));
    t.equal(await asked(), 1, 'its own gets through');
    await spoof();
    t.equal(await asked(), 1, 'what has a foreign source does not get through');
    await node.host.exec('sh', ['-c', `echo 0 > /proc/sys/net/ipv4/conf/${host!.name}/rp_filter`]);
    await spoof();
    t.equal(await asked(), 2, 'but for our setting it would');
  }),
);

t.test('an agent ends although somebody holds its CNI socket', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const silent = createConnection(node.socket);
    // It may still wait to be accepted, and is reset then.
    silent.on('error', () => {});
    const gone = new Promise((resolve) => silent.once('close', resolve));
    await once(silent, 'connect');
    await node.agent.stop('SIGTERM');
    await gone;
    t.equal(node.agent.process.ended, 'exit code 0');
  }),
);

t.test("without an MTU of its own a pod has that of the node's way out, as it is then", { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const mtu = async () =>
      (await node.add({ ...(await node.pod()), version: '1.1.0' })).interfaces.map((one) => one.mtu);
    t.same(await mtu(), [1500, 1500]);
    await node.ip('link', 'set', 'eth0', 'mtu', '1450');
    await eventually('the smaller one', async () => (await mtu())[1] === 1450);
    await node.ip('link', 'add', 'small', 'mtu', '1300', 'up', 'type', 'bridge');
    await eventually('the smallest of all that are up', async () => (await mtu())[1] === 1300);
    await node.ip('route', 'add', 'default', 'via', '10.0.0.2');
    await node.ip('link', 'set', 'small', 'mtu', '1301');
    await eventually('that of the default route', async () => (await mtu())[1] === 1450);
  }),
);
