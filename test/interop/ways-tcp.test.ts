/** Real TCP through every way: path MTU with pods that are older than the tunnel, checksums, translation on top. */
import { enterNamespaces, type Host, type Lab, type Pod, runCommand } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import { askAll, FAMILIES, faultsIn, nodesOf, setWay, withNetwork } from './network-rig.js';

await enterNamespaces();

const OCTETS = 8_000_000;
/** iperf3 says that it is done before the last of them have arrived. */
const ENOUGH = OCTETS / 8;
const iperf = (await runCommand('sh', ['-c', 'command -v iperf3'], { allowFailure: true })).code === 0;
const skip = iperf ? false : 'iperf3 is not installed';

const podOf = (lab: Lab, node: string): Pod => [...lab.pods.values()].find((pod) => pod.node === node)!;

/** Octets that arrived. */
async function transfer(from: Pod, to: Pod | Host, address: string): Promise<number> {
  const server = to.exec('iperf3', ['-s', '-1', '-B', address], { timeoutMs: 60_000, allowFailure: true });
  const flag = address.includes(':') ? '-6' : '-4';
  const args = [flag, '-J', '-c', address, '-n', String(OCTETS), '--connect-timeout', '2000'];
  const arrived = await eventually('iperf3 to connect', async () => {
    const { stdout } = await from.exec('iperf3', args, { timeoutMs: 60_000, allowFailure: true });
    // With -J it ends with 0 although nobody listened.
    return (JSON.parse(stdout) as { end: { sum_received?: { bytes: number } } }).end.sum_received;
  });
  await server;
  return arrived.bytes;
}

/** What the kernel of a place has thrown away for a wrong checksum: TCP, UDP and what carries VXLAN. */
async function wrongChecksums(place: Pod | Host): Promise<number> {
  const { stdout } = await place.exec('sh', ['-c', 'cat /proc/net/snmp; cat /proc/net/snmp6']);
  const lines = stdout.split('\n');
  let count = 0;
  for (const [at, line] of lines.entries()) {
    const [name, value] = line.split(/\s+/);
    if (/InCsumErrors$/.test(name!)) count += Number(value);
    const column = line.split(' ').indexOf('InCsumErrors');
    if (column > 0) count += Number(lines[at + 1]!.split(' ')[column]);
  }
  return count;
}

t.test('pods older than the tunnel find what fits through it, and no checksum is wrong', { skip }, (t) =>
  withNetwork({ way: {}, bgp: true, pods: 1 }, async (lab) => {
    const [from, near, far] = [podOf(lab, 'n1'), podOf(lab, 'n2'), podOf(lab, 'n3')];
    t.match((await from.exec('ip', ['link', 'show', 'eth0'])).stdout, /mtu 1500/);
    await setWay(lab, { vxlanMode: 'Always' });
    await eventually('VXLAN', async () => {
      const { conditions } = await lab.agent('n1').status();
      return conditions.some(({ name, detail }) => name === 'ways' && detail.includes('4 over VXLAN'));
    });
    await eventually('every answer', async () => faultsIn(await askAll(lab)).length === 0);
    const large = ['-c', '1', '-W', '2', '-M', 'do'];
    const refused = await from.exec('ping', [...large, '-s', '1472', far.addresses.ipv4!], { allowFailure: true });
    t.match(`${refused.stdout}${refused.stderr}`, /mtu ?= ?1450/, 'the node says what fits');
    t.match((await from.exec('ping', [...large, '-s', '1422', far.addresses.ipv4!])).stdout, /1 received/);
    for (const to of [near, far]) {
      for (const family of FAMILIES) {
        t.ok((await transfer(from, to, to.addresses[family]!)) > ENOUGH, `${family} to ${to.name}`);
      }
    }
    t.match((await lab.agent('n1').status()).warnings.join(' '), /1 pod has an MTU above 1430/);
    for (const place of [from, near, far, ...nodesOf(lab)]) t.equal(await wrongChecksums(place), 0, place.name);
  }),
);

t.test('translation and tunnels side by side', { skip }, (t) =>
  withNetwork({ way: { vxlanMode: 'CrossSubnet', natOutgoing: true }, pods: 1 }, async (lab) => {
    await eventually('every answer', async () => faultsIn(await askAll(lab)).length === 0);
    const [from, far, world] = [podOf(lab, 'n1'), podOf(lab, 'n3'), lab.host('r')];
    t.match((await from.exec('ip', ['link', 'show', 'eth0'])).stdout, /mtu 1430/, 'a new pod gets what fits');
    for (const family of FAMILIES) {
      t.ok((await transfer(from, far, far.addresses[family]!)) > ENOUGH, `${family} through the tunnel`);
      t.ok((await transfer(from, world, world.address(family))) > ENOUGH, `${family} out into the world`);
    }
    for (const place of [from, far, world, ...nodesOf(lab)]) t.equal(await wrongChecksums(place), 0, place.name);
  }),
);
