/** Laws of sessions between nodes: both ends come to the same one, whatever the resources and whatever their order. */
import fc from 'fast-check';
import t from 'tap';
import type { BgpPeerSpec } from '../../src/resource/bgp-peer.js';
import { ClusterIndex, type ClusterState, type NamedPeer, type SessionNode } from '../../src/sessions/cluster-index.js';
import { desiredSessions } from '../../src/sessions/desired-sessions.js';
import type { Session } from '../../src/sessions/session.js';
import { SessionsOfNode } from '../../src/sessions/sessions-of-node.js';

const SELECTORS = ['all()', 'has(rr)', '!has(rr)', "rack == 'a'", "rack != 'a'", "has(rr) && rack == 'a'"];

const nodeOf = (index: number) =>
  fc.record({
    name: fc.constant(`n${index}`),
    labels: fc.record(
      { rack: fc.constantFrom('a', 'b'), rr: fc.constant('true') },
      { requiredKeys: ['rack'] },
    ) as fc.Arbitrary<Record<string, string>>,
    ipv4: fc.option(fc.constant(`10.0.0.${index + 1}`), { nil: undefined, freq: 6 }),
    ipv6: fc.option(fc.constant(`fd00::${index + 1}`), { nil: undefined }),
    asn: fc.option(fc.constantFrom(64512, 65001, 65002), { nil: undefined }),
    clusterId: fc.option(fc.constantFrom('1.0.0.1', '1.0.0.2'), { nil: undefined }),
    port: fc.option(fc.constantFrom(179, 1179), { nil: undefined }),
  }) as fc.Arbitrary<SessionNode>;

/** Peers by selectors with their mirrors: those of addresses and of reversePeering Manual are one-sided on purpose. */
const peerOf = (index: number): fc.Arbitrary<NamedPeer> =>
  fc
    .record({
      scope: fc.oneof(
        fc.constant({}),
        fc.constantFrom(...SELECTORS).map((nodeSelector) => ({ nodeSelector })),
        fc.integer({ min: 0, max: 5 }).map((number) => ({ node: `n${number}` })),
      ),
      peerSelector: fc.constantFrom(...SELECTORS),
      localASNumber: fc.option(fc.constantFrom(65010, 65011), { nil: undefined }),
    })
    .map(({ scope, peerSelector, localASNumber }) => ({
      name: `p${index}`,
      spec: { ...scope, peerSelector, ...(localASNumber !== undefined && { localASNumber }) } as BgpPeerSpec,
    }));

/** By address: those of nodes, and of a router outside. */
const peersOutside: fc.Arbitrary<NamedPeer[]> = fc
  .subarray(['10.0.0.2', '10.0.0.3', 'fd00::4', '192.0.2.1'])
  .map((addresses) => addresses.map((peerIP, at) => ({ name: `o${at}`, spec: { peerIP, asNumber: 65000 } })));

const clusters: fc.Arbitrary<ClusterState> = fc.record({
  nodes: fc.tuple(...Array.from({ length: 6 }, (_, index) => nodeOf(index))),
  peers: fc.tuple(...Array.from({ length: 3 }, (_, index) => peerOf(index))).chain((all) => fc.subarray(all)),
  configurations: fc
    .record(
      { default: fc.record({ nodeToNodeMeshEnabled: fc.boolean(), listenPort: fc.constantFrom(179, 1790) }) },
      { requiredKeys: [] },
    )
    .map((map) => new Map(Object.entries(map))),
});

const find = (sessions: readonly Session[], node: string, family: number): Session | undefined =>
  sessions.find((one) => one.node === node && one.family === family);

t.test('both ends agree on their session', async (t) => {
  fc.assert(
    fc.property(clusters, (state) => {
      const index = new ClusterIndex(state);
      const all = new Map(state.nodes.map(({ name }) => [name, desiredSessions(index, name).sessions]));
      for (const one of state.nodes) {
        for (const session of all.get(one.name)!) {
          const other = index.node(session.node!)!;
          const mirror = find(all.get(other.name)!, one.name, session.family);
          if (!mirror) throw new Error(`${one.name} peers with ${other.name}, which does not know`);
          const shown = mirror.localAsn ?? index.asn(other);
          if (session.remoteAsn !== shown)
            throw new Error(`${one.name} expects AS ${session.remoteAsn} of ${other.name}, which shows ${shown}`);
          if (session.type !== mirror.type) throw new Error(`${session.type} against ${mirror.type}`);
          if (session.remotePort !== index.port(other)) throw new Error('dials a port where nobody listens');
          if (session.dialling === mirror.dialling) throw new Error(`both ends dial ${session.dialling}`);
          if (session.remoteAddress !== (session.family === 4 ? other.ipv4 : other.ipv6))
            throw new Error('another address');
          if (session.client && mirror.client && one.clusterId === other.clusterId)
            throw new Error('each is the client of the other');
          if ((session.origin.type === 'mesh') !== (mirror.origin.type === 'mesh'))
            throw new Error('mesh for one end alone');
        }
      }
    }),
    { numRuns: 400 },
  );
  t.pass();
});

t.test('the order of nodes and resources decides nothing', async (t) => {
  const orders = clusters.chain((state) =>
    fc.record({
      state: fc.constant(state),
      nodes: fc.shuffledSubarray([...state.nodes], { minLength: state.nodes.length }),
      peers: fc.shuffledSubarray([...state.peers], { minLength: state.peers.length }),
    }),
  );
  fc.assert(
    fc.property(orders, ({ state, nodes, peers }) => {
      const own = JSON.stringify(desiredSessions(new ClusterIndex(state), 'n0'));
      return own === JSON.stringify(desiredSessions(new ClusterIndex({ ...state, nodes, peers }), 'n0'));
    }),
  );
  t.pass();
});

t.test('nobody has two sessions with one address, and no mesh session with a reflector', async (t) => {
  fc.assert(
    fc.property(clusters, (state) => {
      const index = new ClusterIndex(state);
      const { sessions } = desiredSessions(index, 'n0');
      const addresses = sessions.map(({ remoteAddress }) => remoteAddress);
      return (
        new Set(addresses).size === addresses.length &&
        sessions.every(({ origin, node }) => origin.type !== 'mesh' || index.node(node!)!.clusterId === undefined)
      );
    }),
  );
  t.pass();
});

t.test('asked again after nodes have changed, a node says what it would say if asked for the first time', async (t) => {
  const change = fc
    .integer({ min: 0, max: 5 })
    .chain((at) => fc.record({ name: fc.constant(`n${at}`), node: fc.option(nodeOf(at), { nil: undefined }) }));
  fc.assert(
    fc.property(
      clusters,
      peersOutside,
      fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 6 }),
      (state, outside, steps) => {
        const peers = [...state.peers, ...outside];
        const nodes = new Map(state.nodes.map((node) => [node.name, node]));
        let index = new ClusterIndex({ ...state, peers });
        const asked = new SessionsOfNode('n0');
        let before = asked.of(index);
        for (const step of steps) {
          const changes = new Map(step.map(({ name, node }) => [name, node]));
          for (const [name, node] of changes) {
            if (node) nodes.set(name, node);
            else nodes.delete(name);
          }
          index = index.withNodes(changes);
          const anew = new ClusterIndex({ ...state, nodes: [...nodes.values()], peers });
          const [after, expected] = [asked.of(index), desiredSessions(anew, 'n0')];
          if (JSON.stringify(after) !== JSON.stringify(expected)) return false;
          if (after !== before && changes.size === 0) return false;
          if (asked.of(index) !== after) return false;
          before = after;
        }
        return true;
      },
    ),
    { numRuns: 200 },
  );
  t.pass();
});
