/**
 * A cluster of real agents with pods: it meshes by itself, goes over to reflectors without a lost packet, and peers with a real
 * BIRD by a BGPPeer and a BGPFilter.
 */
import type { ClusterView, PeerList } from '@tortie/agent/api';
import { type Agent, enterNamespaces, type Lab, withLab } from '@tortie/lab';
import t from 'tap';
import { birdRoutes } from './bird-text.js';
import { eventually } from './eventually.js';

await enterNamespaces();

const NODES = ['node-1', 'node-2', 'node-3', 'node-4'];
const ASN = 64512;
const TOR_ASN = 65000;

/** The ToR takes whoever comes from its network. */
const TOR = `protocol bgp nodes {
  local as ${TOR_ASN};
  neighbor range 10.0.0.0/24 as ${ASN};
  dynamic name "node_";
  ipv4 { import all; export where source = RTS_STATIC; };
}`;

const topology = {
  name: 'cluster',
  families: ['ipv4'],
  hosts: {
    tor: { run: 'bird', asn: TOR_ASN, originate: ['198.51.100.0/24', '198.51.101.0/24'], birdConfig: TOR },
    ...Object.fromEntries(NODES.map((name) => [name, { asn: ASN, pods: 1, config: { cluster: {} } }])),
  },
};

async function apply(
  agent: Agent,
  kind: string,
  plural: string,
  name: string,
  spec: object,
  labels?: object,
): Promise<void> {
  const metadata = { name, ...(labels && { labels }) };
  await agent.client.call('PUT', `/v1/resources/${plural}/${name}`, {
    body: { apiVersion: 'projectcalico.org/v3', kind, metadata, spec },
  });
}

const cluster = (agent: Agent): Promise<ClusterView> => agent.client.get<ClusterView>('/v1/cluster');

/** `node-2: node-to-node mesh`, … of those that are established. */
async function origins(agent: Agent): Promise<string[]> {
  const { sessions } = await cluster(agent);
  return sessions
    .filter(({ state }) => state === 'established')
    .map(
      ({ node, remoteAddress, origin, client }) => `${node ?? remoteAddress}: ${origin}${client ? ' (client)' : ''}`,
    );
}

async function flaps(lab: Lab): Promise<number> {
  let sum = 0;
  for (const name of NODES) {
    const { peers } = await lab.agent(name).client.get<PeerList>('/v1/peers');
    sum += peers.reduce((all, { session }) => all + (session?.flaps ?? 0), 0);
  }
  return sum;
}

/** Sends a packet every 10 ms until it is told to stop; gives how many were sent and came back. */
function pinging(lab: Lab, from: string, to: string): () => Promise<{ sent: number; received: number }> {
  const stop = new AbortController();
  const { addresses } = lab.pod(to);
  const run = lab
    .pod(from)
    .exec('sh', [
      '-c',
      `ping -n -q -i 0.01 -W 2 ${addresses.ipv4} & echo $! > ${lab.directory}/ping-${from}.pid; wait`,
    ]);
  return async () => {
    stop.abort();
    await lab.pod(from).exec('sh', ['-c', `kill -INT $(cat ${lab.directory}/ping-${from}.pid)`]);
    const { stdout } = await run;
    const [, sent, received] = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(stdout) ?? [];
    return { sent: Number(sent), received: Number(received) };
  };
}

t.test('mesh, reflectors, a ToR', { buffered: true }, (t) =>
  withLab(topology, async (lab) => {
    const agents = NODES.map((name) => lab.agent(name));
    const [first] = agents as [Agent];
    for (const [index, agent] of agents.entries()) {
      await eventually(`${NODES[index]} meshes`, async () => (await origins(agent)).length === 3);
      const others = NODES.filter((name) => name !== NODES[index]);
      t.strictSame(
        await origins(agent),
        others.map((name) => `${name}: node-to-node mesh`),
      );
    }
    await eventually('pods reach each other', async () => {
      const { addresses } = lab.pod('node-4-pod-1');
      const { stdout } = await lab.pod('node-3-pod-1').exec('sh', ['-c', `ping -c 1 -W 1 ${addresses.ipv4} || true`]);
      return stdout.includes(' 1 received') || stdout.includes('1 packets received');
    });

    const stops = [pinging(lab, 'node-3-pod-1', 'node-4-pod-1'), pinging(lab, 'node-1-pod-1', 'node-3-pod-1')];
    const before = await flaps(lab);
    const labels = { 'route-reflector': 'true' };
    const reflector = { bgp: { routeReflectorClusterID: '244.0.0.1' } };
    for (const name of ['node-1', 'node-2']) await apply(first, 'Node', 'nodes', name, reflector, labels);
    await apply(first, 'BGPPeer', 'bgppeers', 'reflectors', {
      nodeSelector: 'all()',
      peerSelector: 'has(route-reflector)',
    });
    await apply(first, 'BGPConfiguration', 'bgpconfigurations', 'default', { nodeToNodeMeshEnabled: false });
    await eventually('the mesh is gone', async () => (await cluster(lab.agent('node-3'))).sessions.length === 2);
    await eventually('and on the other node', async () => (await cluster(lab.agent('node-4'))).sessions.length === 2);
    t.strictSame(await origins(lab.agent('node-3')), ['node-1: node peer reflectors', 'node-2: node peer reflectors']);
    t.strictSame(await origins(first), [
      'node-2: node peer reflectors',
      'node-3: reverse of reflectors (client)',
      'node-4: reverse of reflectors (client)',
    ]);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (const stop of stops) {
      const { sent, received } = await stop();
      t.ok(sent > 50, `${sent} packets sent over the whole of it`);
      t.equal(received, sent, 'no packet is lost');
    }
    // The sessions between clients are gone, those with reflectors were never down.
    t.equal(await flaps(lab), before);

    await apply(first, 'BGPFilter', 'bgpfilters', 'tor', {
      exportV4: [
        {
          cidr: '10.244.0.0/16',
          matchOperator: 'In',
          action: 'Accept',
          operations: [{ addCommunity: { value: '65000:7' } }],
        },
        { action: 'Reject' },
      ],
      importV4: [{ cidr: '198.51.100.0/24', matchOperator: 'Equal', action: 'Accept' }, { action: 'Reject' }],
    });
    await apply(first, 'BGPPeer', 'bgppeers', 'tor', {
      peerIP: lab.host('tor').address(),
      asNumber: TOR_ASN,
      filters: ['tor'],
    });
    for (const name of NODES) {
      await eventually(`${name} peers with the ToR`, async () =>
        (await origins(lab.agent(name))).includes(`${lab.host('tor').address()}: global peer tor`),
      );
    }
    const blocks = (await first.status()).blocks;
    const route = await eventually('the ToR has a block', async () => {
      const text = await lab.bird('tor').birdc(`show route where net = ${blocks[0]} all`);
      return birdRoutes(text)[0];
    });
    t.match(JSON.stringify(route), /65000,7/, 'with the community of the filter');
    const heard = async (prefix: string) =>
      (await first.client.get<{ routes: { prefix: string }[] }>('/v1/routes', { prefix })).routes.length;
    await eventually('the node has what the filter accepts', async () => (await heard('198.51.100.0/24')) > 0);
    const rejected = await first.client.get<{ routes: { candidates: { best: boolean }[] }[] }>('/v1/routes', {
      prefix: '198.51.101.0/24',
    });
    t.notOk(
      rejected.routes.some(({ candidates }) => candidates.some(({ best }) => best)),
      'and nothing else',
    );

    await apply(first, 'BGPFilter', 'bgpfilters', 'tor', {});
    await apply(first, 'BGPConfiguration', 'bgpconfigurations', 'default', {
      nodeToNodeMeshEnabled: false,
      serviceExternalIPs: [{ cidr: '203.0.113.0/24' }],
    });
    const service = { body: { addresses: ['203.0.113.7'] } };
    for (const name of ['web', 'api']) await lab.agent('node-3').client.call('PUT', `/v1/services/${name}`, service);
    const serviceAt = async (): Promise<string> => lab.bird('tor').birdc('show route where net = 203.0.113.7/32');
    const node3 = lab.host('node-3').address();
    await eventually('the ToR has the service by the node with an endpoint', async () => {
      const text = await serviceAt();
      return text.includes(`via ${node3}`) && !text.includes(`via ${lab.host('node-4').address()}`);
    });
    await eventually('and its range by all', async () =>
      (await lab.bird('tor').birdc('show route 203.0.113.0/24')).includes(`via ${lab.host('node-4').address()}`),
    );
    await eventually('node-4 has heard of it', async () => {
      const { routes } = await lab
        .agent('node-4')
        .client.get<{ routes: unknown[] }>('/v1/routes', { prefix: '203.0.113.7/32' });
      return routes.length > 0;
    });
    for (const name of NODES) {
      const kernel = await lab.host(name).kernelRoutes('ipv4');
      t.notOk(
        kernel.some(({ dst }) => dst.startsWith('203.0.113.')),
        `${name} has no service in its kernel`,
      );
    }
    await lab.agent('node-3').client.call('DELETE', '/v1/services/web');
    t.match(await serviceAt(), node3, 'another service has the address');
    await lab.agent('node-3').client.call('DELETE', '/v1/services/api');
    await eventually('the ToR has lost it', async () => !(await serviceAt()).includes(node3));

    await first.client.call('DELETE', '/v1/resources/bgppeers/tor');
    await eventually('the ToR is gone', async () => (await cluster(lab.agent('node-3'))).sessions.length === 2);
    // A label that is renamed: clients hold their sessions, and go on doing so when an agent is killed.
    for (const name of ['node-1', 'node-2']) await apply(first, 'Node', 'nodes', name, reflector, { renamed: 'true' });
    const pending = async (name: string) => (await cluster(lab.agent(name))).pending;
    const held = await eventually('clients hold their sessions', async () => {
      const [one] = await pending('node-3');
      return one?.kind === 'blast-radius' && one;
    });
    const third = lab.agent('node-3');
    await third.restart('SIGKILL');
    t.strictSame(
      (await pending('node-3')).map(({ id }) => id),
      [held.id],
      'held over a restart',
    );
    // Of two reflectors the one that keeps its label for a moment longer replaces the other.
    t.ok(held.sessions.length > 0);
    await eventually('the sessions are back', async () =>
      (await cluster(third)).sessions.every(
        ({ name, state }) => held.sessions.includes(name) && state === 'established',
      ),
    );
    await third.client.call('POST', '/v1/cluster/confirm', { body: { id: held.id } });
    await eventually('confirmed, they go', async () => (await cluster(third)).sessions.length === 0);
  }),
);
