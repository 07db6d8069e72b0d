/**
 * A node is drained under traffic: two nodes announce the same address, one of them is taken off and used again, and no packet to the
 * address is lost, neither from behind a real BIRD of another AS nor from a pod of a third node.
 */
import { type Agent, enterNamespaces, type Lab, LabProcess, withLab } from '@tortie/lab';
import t from 'tap';
import { type BirdRoute, birdRoutes } from './bird-text.js';
import { eventually } from './eventually.js';

await enterNamespaces();

const SERVICE = '203.0.113.7';
const ASN = 64512;
const NODES = ['node-1', 'node-2', 'node-3'];

/** RFC 8326 section 4: what is for graceful shutdown is what is used last. */
const TOR = `
filter from_node {
  if (65535, 0) ~ bgp_community then bgp_local_pref = 0;
  accept;
}
protocol bgp nodes {
  local as 65000;
  neighbor range 10.0.0.0/24 as ${ASN};
  dynamic name "node_";
  ipv4 { import filter from_node; export none; };
}`;

/** Of the nodes' own AS: what it has of LOCAL_PREF is what was sent. */
const WITNESS = `
protocol bgp nodes {
  local as ${ASN};
  neighbor range 10.0.0.0/24 as ${ASN};
  dynamic name "node_";
  ipv4 { import all; export none; };
}`;

const peer = (name: string, peerIP: string, asNumber: number) => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'BGPPeer',
  metadata: { name },
  spec: { peerIP, asNumber },
});

const topology = {
  name: 'drain',
  families: ['ipv4'],
  networks: { lan: { hosts: ['tor', 'witness', 'node-*'] }, out: { hosts: ['tor', 'client'] } },
  hosts: {
    tor: { run: 'bird', asn: 65000, birdConfig: TOR },
    witness: { run: 'bird', asn: ASN, birdConfig: WITNESS },
    client: { run: 'none' },
    'node-1': { asn: ASN, originate: [`${SERVICE}/32`], config: { cluster: {}, importPolicy: 'all' } },
    'node-2': { asn: ASN, originate: [`${SERVICE}/32`], config: { cluster: {}, importPolicy: 'all' } },
    'node-3': { asn: ASN, pods: 1, config: { cluster: {}, importPolicy: 'all' } },
  },
  resources: [peer('tor', '10.0.0.1', 65000), peer('witness', '10.0.0.2', ASN)],
};

/** A packet to the service every 10 ms, until it is told to stop. */
function pinging(lab: Lab, netns: string, name: string): () => Promise<{ sent: number; received: number }> {
  const host = lab.host('client');
  const ping = new LabProcess({
    netns,
    command: 'ping',
    args: ['-n', '-q', '-i', '0.01', '-W', '2', SERVICE],
    logFile: host.path(`ping-${name}.log`),
  });
  host.adopt(ping);
  return async () => {
    await ping.stop('SIGINT', 10_000);
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(ping.logTail()) ?? [];
    return { sent: Number(sent), received: Number(received) };
  };
}

/** Waits until a hundred more packets were answered. */
async function goesOn(lab: Lab): Promise<void> {
  for (const place of [lab.host('client'), lab.pod('node-3-pod-1')]) {
    const answered = async (): Promise<number> => {
      const { stdout } = await place.exec('cat', ['/proc/net/snmp']);
      const [titles, counts] = stdout.split('\n').filter((line) => line.startsWith('Icmp:'));
      return Number(counts!.split(' ')[titles!.split(' ').indexOf('InEchoReps')]);
    };
    const before = await answered();
    await eventually(`traffic from ${place.name}`, async () => (await answered()) >= before + 100);
  }
}

/** What a BIRD has of the service, by the address it came from. */
async function heard(lab: Lab, bird: string): Promise<ReadonlyMap<string, BirdRoute>> {
  const text = await lab.bird(bird).birdc(`show route for ${SERVICE} all`);
  return new Map(birdRoutes(text).map((route) => [route.attributes.next_hop!, route]));
}

const gatewayOf = async (lab: Lab, place: string): Promise<string | undefined> =>
  (await lab.host(place).kernelRoutes('ipv4')).find(({ dst }) => dst === SERVICE)?.gateway;

const drain = (agent: Agent, body: object): Promise<unknown> => agent.client.call('POST', '/v1/drain', { body });

t.test('a drained node loses no packet where there is another way', (t) =>
  withLab(topology, async (lab) => {
    const [one, two] = ['node-1', 'node-2'].map((name) => lab.host(name).address()) as [string, string];
    const first = lab.agent('node-1');
    for (const name of ['node-1', 'node-2']) {
      await lab.host(name).exec('ip', ['addr', 'add', `${SERVICE}/32`, 'dev', 'lo']);
    }
    // The nodes know the client's network, and the client the world, by other means than BGP.
    const back = ['route', 'add', '10.0.1.0/24', 'via', lab.host('tor').address('ipv4', 'lan')];
    for (const name of NODES) await lab.host(name).exec('ip', back);
    const world = ['route', 'add', 'default', 'via', lab.host('tor').address('ipv4', 'out')];
    await lab.host('client').exec('ip', world);

    // With all else equal the lower router ID is better (RFC 4271 section 9.1.2.2 f).
    for (const place of ['tor', 'node-3']) {
      await eventually(`${place} uses node-1`, async () => (await gatewayOf(lab, place)) === one);
      await eventually(`${place} has both`, async () => (await heard(lab, 'tor')).size === 2);
    }
    await eventually('the witness has both', async () => (await heard(lab, 'witness')).size === 2);
    t.equal((await heard(lab, 'witness')).get(one)!.attributes.local_pref, '100');
    await eventually('the way back to the pod', async () => {
      const asked = await lab.pod('node-3-pod-1').exec('ping', ['-c1', '-W1', SERVICE], { allowFailure: true });
      return asked.code === 0;
    });

    const stops = [
      pinging(lab, lab.host('client').netns, 'client'),
      pinging(lab, lab.pod('node-3-pod-1').netns, 'pod'),
    ];
    await goesOn(lab);
    await drain(first, { drain: true, waitS: 3600 });
    const marked = await eventually('the mark of the ToR', async () => {
      const route = (await heard(lab, 'tor')).get(one);
      return route?.attributes.community?.includes('(65535,0)') && route;
    });
    t.equal(marked.attributes.local_pref, '0', 'by the filter of the ToR');
    const told = await eventually('the mark of the witness', async () => {
      const route = (await heard(lab, 'witness')).get(one);
      return route?.attributes.community?.includes('(65535,0)') && route;
    });
    t.equal(told.attributes.local_pref, '0', 'as it was sent inside the AS');
    for (const place of ['tor', 'node-3']) {
      await eventually(`${place} uses node-2`, async () => (await gatewayOf(lab, place)) === two);
    }
    t.notOk((await heard(lab, 'tor')).get(two)!.attributes.community, 'the other node has no mark');

    await goesOn(lab);
    await drain(first, { drain: true, waitS: 0 });
    for (const bird of ['tor', 'witness']) {
      await eventually(`${bird} has nothing of node-1`, async () => !(await heard(lab, bird)).has(one));
    }
    const sessions = await first.peers();
    t.ok(sessions.length >= 4 && sessions.every(({ session }) => session?.state === 'established'), 'sessions stay');
    t.ok((await lab.host('node-1').kernelRoutes('ipv4', 201)).length > 0, 'and what the kernel has');

    await goesOn(lab);
    await drain(first, { drain: false });
    for (const place of ['tor', 'node-3']) {
      await eventually(`${place} uses node-1 again`, async () => (await gatewayOf(lab, place)) === one);
    }
    t.notOk((await heard(lab, 'tor')).get(one)!.attributes.community);
    await goesOn(lab);
    for (const stop of stops) {
      const { sent, received } = await stop();
      t.ok(sent >= 400, `${sent} packets sent over the whole of it`);
      t.equal(received, sent, 'no packet is lost');
    }
  }),
);
