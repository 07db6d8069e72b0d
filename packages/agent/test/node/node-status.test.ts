import { MemoryStore } from '@tortie/store';
import t from 'tap';
import { MAX_SESSIONS } from '../../src/node/node-status.js';
import { setUp } from '../rest/set-up.js';
import { until } from '../until.js';

const KEY = '/cluster/nodestatuses/n1';

interface Spec {
  readonly ready: boolean;
  readonly updatedAt: string;
  readonly sessions: {
    readonly established: number;
    readonly peers: readonly { readonly peer: string; readonly state: string }[];
  };
}

t.test('a node tells what it sees when that changes, and not otherwise', async (t) => {
  const store = new MemoryStore();
  const peers = Array.from(
    { length: MAX_SESSIONS + 5 },
    (_, n) => `{ name: p${n}, remoteAddress: 10.0.1.${n}, remoteAsn: 64512 }`,
  );
  const { call, speaker, agent, close } = await setUp({ store, yaml: `peers: [${peers.join(', ')}]\n` });
  t.teardown(close);
  const spec = async (): Promise<Spec | undefined> =>
    ((await store.get(KEY))?.value as { spec: Spec } | undefined)?.spec;
  await until('the first record', async () => (await spec()) !== undefined);
  const first = (await spec())!;
  t.match(first, { node: 'n1', sessions: { configured: MAX_SESSIONS + 5, established: 0 } });
  t.equal(first.sessions.peers.length, MAX_SESSIONS, 'a reflector of thousands does not write them all');

  const { revision } = (await store.get(KEY))!;
  agent.agent.journal.event({ kind: 'session', text: 'nothing that changes anything' });
  speaker.states.set('p7', 'established');
  agent.agent.journal.event({ kind: 'session', subject: 'p7', text: 'established' });
  await until('the session', async () => (await spec())!.sessions.established === 1);
  const next = (await store.get(KEY))!;
  t.ok(next.revision > revision);
  t.notOk(
    (await spec())!.sessions.peers.some(({ peer }) => peer === 'p7'),
    'those that are down come first',
  );
  t.match((await call('GET', '/v1/resources/nodestatuses/n1')).body, {
    spec: { node: 'n1', asn: 64513, sessions: { established: 1 }, updatedAt: /^20/ },
  });
});
