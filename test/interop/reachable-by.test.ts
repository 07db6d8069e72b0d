/** `reachableBy` of a BGPPeer: a real BIRD behind a gateway, with no other route to it than the one the resource asks for. */
import type { ClusterView } from '@tortie/agent/api';
import { type Agent, enterNamespaces, type Lab, withLab } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';

await enterNamespaces();

interface Case {
  readonly family: 'ipv4' | 'ipv6';
  readonly near: string;
  readonly node: string;
  /** As written in the resource, and as shown. */
  readonly gateway: readonly [string, string];
  readonly elsewhere: string;
  readonly far: string;
  readonly farGateway: string;
  readonly tor: readonly [string, string];
  readonly route: string;
}

const CASES: readonly Case[] = [
  {
    family: 'ipv4',
    near: '10.0.0.0/24',
    node: '10.0.0.1',
    gateway: ['10.0.0.2', '10.0.0.2'],
    elsewhere: '10.0.7.7',
    far: '10.0.1.0/24',
    farGateway: '10.0.1.1',
    tor: ['10.0.1.2', '10.0.1.2'],
    route: '198.51.100.0/24',
  },
  {
    family: 'ipv6',
    near: 'fd00::/64',
    node: 'fd00::1',
    gateway: ['FD00:0:0::0:2', 'fd00::2'],
    elsewhere: 'fd00:0:0:7::7',
    far: 'fd00:0:0:1::/64',
    farGateway: 'fd00:0:0:1::1',
    tor: ['FD00:0:0:1:0::2', 'fd00:0:0:1::2'],
    route: '2001:db8:100::/48',
  },
];

/** It also sends the network it is in: a next hop that went by that would go with its own route. */
const torOf = ({ family, node, tor }: Case): string => `protocol bgp node {
  local ${tor[1]} as 65000;
  neighbor ${node} as 64512;
  multihop;
  connect retry time 1;
  ${family} { import all; export where source ~ [ RTS_STATIC, RTS_DEVICE ]; next hop self; };
}`;

const topologyOf = (each: Case) => ({
  name: `behind-${each.family}`,
  families: [each.family],
  networks: { lan: { hosts: ['node', 'gateway'] }, far: { hosts: ['gateway', 'tor'] } },
  hosts: {
    node: { asn: 64512, routerId: '10.0.0.1', config: { cluster: { families: [each.family] }, importPolicy: 'all' } },
    gateway: { run: 'none' },
    tor: { run: 'bird', asn: 65000, routerId: '10.0.1.2', originate: [each.route], birdConfig: torOf(each) },
  },
});

const peerOf = ({ tor }: Case, spec: object) => ({
  apiVersion: 'projectcalico.org/v3',
  kind: 'BGPPeer',
  metadata: { name: 'tor' },
  spec: { peerIP: tor[0], asNumber: 65000, connectRetryTime: '1s', ...spec },
});

const oursOf = async (lab: Lab, { family }: Case): Promise<readonly string[]> =>
  (await lab.host('node').kernelRoutes(family, 201)).flatMap(({ dst, gateway }) =>
    gateway === undefined ? [] : [`${dst} via ${gateway}`],
  );

const view = (agent: Agent): Promise<ClusterView> => agent.client.get('/v1/cluster');

const established = async (agent: Agent): Promise<boolean> =>
  (await view(agent)).sessions.some(({ state }) => state === 'established');

for (const each of CASES) {
  const { family, near, gateway, elsewhere, far, farGateway, tor, route } = each;
  t.test(`a peer behind a gateway, ${family}`, (t) =>
    withLab(topologyOf(each), async (lab) => {
      const agent = lab.agent('node');
      const ours = () => oursOf(lab, each);
      const peer = (spec: object) => peerOf(each, spec);
      await lab.host('tor').exec('ip', ['route', 'add', near, 'via', farGateway]);
      await lab.apply('node', [peer({ reachableBy: elsewhere })]);
      await eventually('why there is no route', async () =>
        (await agent.status()).warnings.includes(
          `global peer tor: no route to ${tor[1]} by ${elsewhere}: no route; reachableBy is a router on a link of this node`,
        ),
      );
      t.strictSame(await ours(), []);

      await lab.apply('node', [peer({ reachableBy: gateway[0] })]);
      await eventually('the session', () => established(agent));
      const by = `via ${gateway[1]}`;
      await eventually('what the peer sends', async () => (await ours()).includes(`${route} ${by}`));
      await eventually('its own network', async () => (await ours()).includes(`${far} ${by}`));
      t.strictSame((await ours()).toSorted(), [`${far} ${by}`, `${tor[1]} ${by}`, `${route} ${by}`].toSorted());
      t.strictSame(
        (await agent.status()).warnings.filter((text) => text.includes('reachableBy')),
        [],
      );
      await agent.restart('SIGKILL');
      await eventually('the session of the next run', () => established(agent));
      await eventually('its routes', async () => (await ours()).length === 3);
      const { session } = (await agent.peers())[0]!;
      t.equal(session?.flaps, 0);

      await agent.client.call('DELETE', '/v1/resources/bgppeers/tor');
      const held = await eventually('the last session to be held', async () => (await view(agent)).pending[0]);
      t.ok((await ours()).includes(`${tor[1]} ${by}`), 'with its route');
      await agent.client.call('POST', '/v1/cluster/confirm', { body: { id: held.id } });
      await eventually('the route goes with the peer', async () => (await ours()).length === 0);
    }),
  );
}
