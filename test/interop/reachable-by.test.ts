/** `reachableBy` of a BGPPeer: a real BIRD behind a gateway, with no other route to it than the one the resource asks for. */
import type { ClusterView } from '@tortie/agent/api';
import { type Agent, enterNamespaces, type Lab, withLab } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';

await enterNamespaces();

/** It also sends the network it is in: a next hop that went by that would go with its own route. */
const TOR = `protocol bgp node {
  local 10.0.1.2 as 65000;
  neighbor 10.0.0.1 as 64512;
  multihop;
  connect retry time 1;
  ipv4 { import all; export where source ~ [ RTS_STATIC, RTS_DEVICE ]; next hop self; };
}`;

const topology = {
  name: 'behind',
  families: ['ipv4'],
  networks: { lan: { hosts: ['node', 'gateway'] }, far: { hosts: ['gateway', 'tor'] } },
  hosts: {
    node: { asn: 64512, config: { cluster: {}, importPolicy: 'all' } },
    gateway: { run: 'none' },
    tor: { run: 'bird', asn: 65000, originate: ['198.51.100.0/24'], birdConfig: TOR },
  },
};

const peer = (spec: object) => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'BGPPeer',
  metadata: { name: 'tor' },
  spec: { peerIP: '10.0.1.2', asNumber: 65000, connectRetryTime: '1s', ...spec },
});

const ours = async (lab: Lab): Promise<readonly string[]> =>
  (await lab.host('node').kernelRoutes('ipv4', 201)).flatMap(({ dst, gateway }) =>
    gateway === undefined ? [] : [`${dst} via ${gateway}`],
  );

const view = (agent: Agent): Promise<ClusterView> => agent.client.get('/v1/cluster');

const established = async (agent: Agent): Promise<boolean> =>
  (await view(agent)).sessions.some(({ state }) => state === 'established');

t.test('a peer behind a gateway', (t) =>
  withLab(topology, async (lab) => {
    const agent = lab.agent('node');
    await lab.host('tor').exec('ip', ['route', 'add', '10.0.0.0/24', 'via', '10.0.1.1']);
    await lab.apply('node', [peer({ reachableBy: '10.0.7.7' })]);
    await eventually('why there is no route', async () =>
      (await agent.status()).warnings.includes(
        'global peer tor: no route to 10.0.1.2 by 10.0.7.7: no route; reachableBy is a router on a link of this node',
      ),
    );
    t.strictSame(await ours(lab), []);

    await lab.apply('node', [peer({ reachableBy: '10.0.0.2' })]);
    await eventually('the session', () => established(agent));
    await eventually('what the peer sends', async () => (await ours(lab)).includes('198.51.100.0/24 via 10.0.0.2'));
    await eventually('its own network', async () => (await ours(lab)).includes('10.0.1.0/24 via 10.0.0.2'));
    t.strictSame((await ours(lab)).toSorted(), [
      '10.0.1.0/24 via 10.0.0.2',
      '10.0.1.2 via 10.0.0.2',
      '198.51.100.0/24 via 10.0.0.2',
    ]);
    t.strictSame(
      (await agent.status()).warnings.filter((text) => text.includes('reachableBy')),
      [],
    );
    await agent.restart('SIGKILL');
    await eventually('the session of the next run', () => established(agent));
    await eventually('its routes', async () => (await ours(lab)).length === 3);
    const { session } = (await agent.peers())[0]!;
    t.equal(session?.flaps, 0);

    await agent.client.call('DELETE', '/v1/resources/bgppeers/tor');
    const held = await eventually('the last session to be held', async () => (await view(agent)).pending[0]);
    t.ok((await ours(lab)).includes('10.0.1.2 via 10.0.0.2'), 'with its route');
    await agent.client.call('POST', '/v1/cluster/confirm', { body: { id: held.id } });
    await eventually('the route goes with the peer', async () => (await ours(lab)).length === 0);
  }),
);
