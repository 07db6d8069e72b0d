/** A node that joins a cluster costs each other node an event: nothing is read or written for it, and no other peer is looked at. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resourcePrefix } from '@tortie/cluster';
import { MemoryStore, type Store } from '@tortie/store';
import { interceptStore } from '@tortie/store/testing';
import t, { type Test } from 'tap';
import { runAgent } from '../../node/run-agent.js';
import { FakeBfd } from '../fake-bfd.js';
import { FakeSpeaker } from '../fake-speaker.js';
import { until } from '../until.js';
import { ASN, addressOf, entriesOf, type LargeCluster, nameOf, poolOf } from './large-cluster.js';

const CLUSTER: LargeCluster = { nodes: 60, pairs: 2 };
/** Of them, those that are there when the agent starts. */
const PRESENT = 50;

interface Scene {
  readonly memory: MemoryStore;
  readonly speaker: FakeSpeaker;
  /** `get KEY`, …: what the agent has asked of the store. */
  readonly asked: string[];
  /** Keys of events that came by watches. */
  readonly told: string[];
  /** How often each peer was told to the speaker, by name. */
  readonly updates: Map<string, number>;
  join(at: number): Promise<void>;
}

/** A real agent as node `at` of the cluster, on a store and a speaker that show what is asked of them. */
async function sceneOf(t: Test, at: number, memory = new MemoryStore()): Promise<Scene> {
  const all = await entriesOf(CLUSTER);
  const later = Array.from({ length: CLUSTER.nodes - PRESENT }, (_, index) => nameOf(PRESENT + index));
  const isOf = (name: string) => (entry: (typeof all)[number]) => JSON.stringify(entry).includes(name);
  for (const { key, value } of all) {
    if (!later.some((name) => isOf(name)({ key, value, revision: 0 }))) await memory.create(key, value);
  }
  const asked: string[] = [];
  const told: string[] = [];
  const shown = interceptStore(memory, {
    before: ({ method, key }) => {
      // What it sees itself, its sessions among it, it tells whenever that is something else.
      if (!key.startsWith(resourcePrefix('nodestatuses'))) asked.push(`${method} ${key}`);
    },
  });
  const store: Store = {
    ...shown,
    isUnchanged: (revision: number) => memory.isUnchanged(revision),
    async *watch(prefix, revision, options) {
      for await (const event of shown.watch(prefix, revision, options)) {
        told.push(event.key);
        yield event;
      }
    },
  };
  const speaker = new FakeSpeaker();
  const updates = new Map<string, number>();
  const folder = await mkdtemp(join(tmpdir(), 'tortie-joining-'));
  const agent = await runAgent({
    configFile: join(folder, 'node.yaml'),
    configText: `node: ${nameOf(at)}
asn: ${ASN}
routerId: ${addressOf(at)}
nodeAddress: { ipv4: ${addressOf(at)}/12 }
api: { socket: ${folder}/agent.sock }
store: { path: ${folder} }
cluster: { labels: { pair: p${at % 2}${at < 4 ? `, reflector: p${at >> 1}` : ''} } }
bgp: { listen: [] }
kernel: { program: false }
pools: [{ name: pods, cidr: ${poolOf(CLUSTER)}, blockSize: 26 }]
`,
    store,
    runSpeaker: async (options) => {
      const face = await speaker.start(options);
      const counted = (name: string): void => void updates.set(name, (updates.get(name) ?? 0) + 1);
      return {
        ...face,
        addPeer(peer) {
          counted(peer.name);
          face.addPeer(peer);
        },
        updatePeer(name, peer) {
          counted(name);
          return face.updatePeer(name, peer);
        },
      };
    },
    bfd: new FakeBfd(),
    logDestination: { write: () => {} },
  });
  t.teardown(async () => {
    await agent.close();
    await rm(folder, { recursive: true });
  });
  return {
    memory,
    speaker,
    asked,
    told,
    updates,
    async join(number) {
      for (const { key, value } of all) {
        if (isOf(nameOf(number))({ key, value, revision: 0 })) await memory.create(key, value);
      }
    },
  };
}

/** Resolves when every round that was to come has been: the agent has asked for nothing for as long as it would wait. */
async function quiet({ asked }: Scene): Promise<void> {
  let [before, looks] = [-1, 0];
  await until('the agent to come to rest', async () => {
    looks = asked.length === before ? looks + 1 : 0;
    before = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return looks >= 4;
  });
}

t.test('a client of reflectors', async (t) => {
  const scene = await sceneOf(t, 20);
  t.strictSame([...scene.speaker.configs.keys()].sort(), [`cluster/${addressOf(0)}`, `cluster/${addressOf(1)}`]);
  await quiet(scene);
  for (const list of [scene.asked, scene.told]) list.length = 0;
  scene.updates.clear();
  for (let at = PRESENT; at < CLUSTER.nodes; at++) await scene.join(at);
  await until('the last of them', async () => scene.told.includes(`/agent/nodes/${nameOf(CLUSTER.nodes - 1)}`));
  await quiet(scene);
  t.strictSame(scene.asked, [], 'nothing is asked of the store');
  const ofNodes = scene.told.filter((key) => key.startsWith('/agent/nodes/'));
  t.equal(ofNodes.length, CLUSTER.nodes - PRESENT, 'an event for each record');
  const ofBlocks = scene.told.filter((key) => key.startsWith('/ipam/blocks/'));
  t.equal(ofBlocks.length, CLUSTER.nodes - PRESENT, 'and for each block');
  t.equal(scene.told.length, ofNodes.length + ofBlocks.length, 'and for nothing else');
  t.strictSame([...scene.updates], [], 'the speaker hears nothing');
});

t.test('a reflector', async (t) => {
  const scene = await sceneOf(t, 0);
  // Half of the others, and the three other reflectors.
  t.equal(scene.speaker.configs.size, (PRESENT - 4) / 2 + 3);
  await quiet(scene);
  for (const list of [scene.asked, scene.told]) list.length = 0;
  scene.updates.clear();
  for (let at = PRESENT; at < CLUSTER.nodes; at++) await scene.join(at);
  const joined = Array.from({ length: (CLUSTER.nodes - PRESENT) / 2 }, (_, index) => PRESENT + 2 * index);
  await until('the last of them', async () => scene.updates.has(`cluster/${addressOf(joined.at(-1)!)}`));
  await quiet(scene);
  t.strictSame(scene.asked, [], 'nothing is asked of the store');
  t.strictSame(
    [...scene.updates].sort(),
    joined.map((at) => [`cluster/${addressOf(at)}`, 1]).sort(),
    'the speaker hears of the new peers, once, and of no other',
  );
});

t.test('where blocks change more often than the store remembers, they are not listed again', async (t) => {
  const scene = await sceneOf(t, 20, new MemoryStore({ keepCommits: 300 }));
  await quiet(scene);
  scene.asked.length = 0;
  const blocks = (await scene.memory.list('/ipam/blocks/')).entries;
  const entries = blocks.filter(({ value }) => !JSON.stringify(value).includes(nameOf(20)));
  let told = 0;
  for (let turn = 0; turn < 40; turn++) {
    for (const { key } of entries) {
      const { value, revision } = (await scene.memory.get(key))!;
      await scene.memory.update(key, { ...(value as object), affinityClaimTime: turn }, revision);
    }
    told += entries.length;
    await until('the agent to be told', async () => scene.told.length >= told);
  }
  await quiet(scene);
  // Something that makes the agent look at all of them.
  const pool = (await scene.memory.list('/ipam/pools/')).entries[0]!;
  await scene.memory.update(pool.key, pool.value, pool.revision);
  await until('the agent to look', async () => scene.told.includes(pool.key));
  await quiet(scene);
  t.ok(told > 1200, `${told} changes`);
  t.ok(scene.asked.includes('changes /ipam/blocks/'), 'it asks for what changed');
  t.notOk(scene.asked.includes('list /ipam/blocks/'), 'and for nothing else');
  t.ok(scene.asked.length < told / 10, `${scene.asked.length} requests`);
});
