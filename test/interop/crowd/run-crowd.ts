/**
 * The five laws of the network model (docs/NETWORK.md) with hundreds of pods, by traffic: on every way between nodes, over both families,
 * everybody with everybody; the ways are changed under the pods, and an agent starts again among them.
 *
 *   run-crowd.js [--pods 100]      pods of each of the three nodes
 */
import { parseArgs } from 'node:util';
import { enterNamespaces, type Lab, runCommand } from '@tortie/lab';
import t from 'tap';
import { addressIn, CniNode, type PodPlace } from '../cni-rig.js';
import { eventually } from '../eventually.js';
import { deviceTo, FAMILIES, type Family, nodesOf, setWay, type WayFields, withNetwork } from '../network-rig.js';
import { type Answered, allPairs, askEach, CrowdEnd, crowdFaults, type Question } from './crowd.js';

const { values } = parseArgs({ options: { pods: { type: 'string', default: '100' } } });
const PODS = Number(values.pods);
/** ADDs at a time on a node. */
const AT_ONCE = 20;
const LOCALHOST = { ipv4: '127.0.0.1', ipv6: '::1' } as const;

/** Pods are older than the tunnels, and host-gw leaves n3, which is on another subnet, to BGP. */
const EXPECTED = /pods? (has|have) an MTU above|is on another subnet, which hostGateway cannot reach/;

const WAYS: readonly { name: string; way: WayFields; near: RegExp; far: RegExp }[] = [
  { name: 'bgp', way: { vxlanMode: 'Never', hostGateway: false }, near: /^eth0$/, far: /^eth0$/ },
  { name: 'vxlan', way: { vxlanMode: 'Always' }, near: /^vxlan/, far: /^vxlan/ },
  { name: 'cross-subnet', way: { vxlanMode: 'CrossSubnet' }, near: /^eth0$/, far: /^vxlan/ },
  { name: 'host-gw', way: { vxlanMode: 'Never', hostGateway: true }, near: /^eth0$/, far: /^eth0$/ },
];

await enterNamespaces();

interface Plugged {
  readonly place: PodPlace;
  readonly end: CrowdEnd;
  readonly node: string;
}

async function plugAll(node: CniNode): Promise<Plugged[]> {
  const places = await node.pods(PODS);
  // Loopback is the runtime's business.
  const up = places.map(({ name }) => runCommand('ip', ['-n', name, 'link', 'set', 'lo', 'up']));
  await Promise.all(up);
  const plugged: Plugged[] = [];
  const rest = places[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) {
      const place = next.value;
      const result = await node.add(place);
      const addresses = { ipv4: addressIn(result, 4), ipv6: addressIn(result, 6) };
      const end = new CrowdEnd({ name: place.name, netns: place.name, addresses }, Object.values(LOCALHOST));
      plugged.push({ place, end, node: node.host.name });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return plugged;
}

async function forEach<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Every address of a host's, as text. */
async function facesOf(lab: Lab, name: string): Promise<string[]> {
  const { stdout } = await lab.host(name).exec('ip', ['-j', 'addr']);
  const links = JSON.parse(stdout) as { addr_info: { local: string }[] }[];
  return links.flatMap(({ addr_info: all }) => all.map(({ local }) => local));
}

/** What took so long, for who reads along. */
async function timed<T>(t: { comment(text: string): void }, what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  t.comment(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return result;
}

const some = (faults: readonly string[]): string[] => faults.slice(0, 5);

await t.test(`${3 * PODS} pods on three nodes`, (t) =>
  withNetwork({ way: {}, bgp: true, pods: 1 }, async (lab) => {
    const hosts = nodesOf(lab);
    const nodes = hosts.map((host) => new CniNode(host, lab.agent(host.name)));
    const plugged = (await timed(t, 'plugged in', () => Promise.all(nodes.map(plugAll)))).flat();
    const pods = plugged.map(({ end }) => end);
    const endOf = (name: string): CrowdEnd => {
      const host = lab.host(name);
      const addresses = { ipv4: host.address('ipv4'), ipv6: host.address('ipv6') };
      return new CrowdEnd({ name, netns: host.netns, addresses });
    };
    // The probers of the lab have the port of theirs on the nodes.
    for (const prober of lab.probers.values()) await prober.process.stop();
    const nodeEnds = hosts.map(({ name }) => endOf(name));
    const world = endOf('r');
    const faces = new Map<string, readonly string[]>();
    const facesAs = (asker: CrowdEnd, family: Family): readonly string[] =>
      (faces.get(asker.name) ?? Object.values(asker.addresses)).filter(
        (face) => face.includes(':') === (family === 'ipv6'),
      );
    try {
      // IPv4 leaves under the node's address and IPv6 under the pod's own, as clusters usually have it.
      await lab.agent('n1').client.call('PATCH', '/v1/ipam/pools/pods4', { body: { natOutgoing: true } });
      const addresses = pods.flatMap((pod) => Object.values(pod.addresses));
      t.equal(new Set(addresses).size, 2 * 3 * PODS, 'law 1: every pod has addresses of its own, and port 7 of each');
      const local = pods.flatMap((pod): Question[] =>
        FAMILIES.map((family) => ({ from: pod, to: pod, family, address: LOCALHOST[family] })),
      );
      t.same(some(crowdFaults(await askEach(local), (_, family) => [LOCALHOST[family]])), [], 'law 1: localhost');

      for (const { name, way, near, far } of WAYS) {
        await t.test(name, async (t) => {
          await timed(t, 'the way is changed', async () => {
            await setWay(lab, way);
            for (const [to, device] of [
              ['n2', near],
              ['n3', far],
            ] as const) {
              const sample = plugged.filter(({ node }) => node === to).map(({ end }) => end.addresses);
              for (const family of FAMILIES) {
                await eventually(`routes to ${to}`, async () => {
                  for (const each of sample) {
                    if (!device.test((await deviceTo(lab.host('n1'), each[family])) ?? '')) return false;
                  }
                  return true;
                });
              }
            }
            await eventually('first answers of all', async () => {
              const [first, ...rest] = pods;
              const answers = await askEach([...allPairs([first!], rest), ...allPairs(rest, [first!])]);
              const silent = answers.filter(({ back }) => !back);
              if (silent.length > 0) throw new Error(some(crowdFaults(silent, facesAs)).join('; '));
              return true;
            });
          });
          for (const host of hosts) faces.set(host.name, await facesOf(lab, host.name));
          const check = async (what: string, questions: Iterable<Question>): Promise<Answered[]> => {
            const answers = await timed(t, what, () => askEach(questions));
            const faults = crowdFaults(answers, facesAs);
            t.same(
              some(faults),
              [],
              `${what}: ${answers.length - faults.length} of ${answers.length} as they should be`,
            );
            return answers;
          };
          const between = await check('laws 2 and 4: pods with pods', allPairs(pods, pods));
          t.equal(between.length, 2 * pods.length * (pods.length - 1));
          await check('law 3: nodes with pods', allPairs(nodeEnds, pods));
          await check('law 3: pods with nodes', allPairs(pods, nodeEnds));
          const out = await timed(t, 'law 5', () => askEach(allPairs(pods, [world])));
          const homes = new Map(plugged.map(({ end, node }) => [end, faces.get(node)!]));
          const wrong = crowdFaults(out, (pod, family) =>
            family === 'ipv4' ? homes.get(pod)! : Object.values(pod.addresses),
          );
          t.same(some(wrong), [], 'law 5: the world sees the node where the pool says so, else the pod');
          for (const { agent } of nodes) {
            const { warnings, fib, memory } = await agent.status();
            t.equal(fib.failed, 0);
            t.same(
              warnings.filter((text) => !EXPECTED.test(text)),
              [],
            );
            t.comment(`${agent.host.name}: ${Math.round(memory.residentOctets / 1e6)} MB resident`);
          }
        });
      }

      await t.test('an agent is killed and starts again', async (t) => {
        const [first] = nodes as [CniNode];
        await timed(t, 'started', () => first.agent.restart('SIGKILL'));
        const faults = crowdFaults(await askEach(allPairs(pods, pods)), facesAs);
        t.same(some(faults), [], 'laws 2 and 4 while it comes up');
        const { pods: known } = await first.agent.client.get<{ pods: unknown[] }>('/v1/pods');
        t.equal(known.length, PODS + 1, 'it knows its pods');
      });

      await t.test('all pods go', async (t) => {
        for (const pod of pods) pod.close();
        await timed(t, 'unplugged', () =>
          Promise.all(
            nodes.map((node) =>
              forEach(
                plugged.filter((each) => each.node === node.host.name),
                ({ place }) => node.silent('DEL', place),
              ),
            ),
          ),
        );
        for (const node of nodes) {
          // One pod of each node is the lab's own.
          const { links, routes } = await node.traces();
          t.equal(links.length, 1, `${node.host.name}: no link is left`);
          t.equal(routes.length, 2, `${node.host.name}: no route is left`);
        }
      });
    } finally {
      for (const end of [...pods, ...nodeEnds, world]) end.close();
    }
  }),
);
