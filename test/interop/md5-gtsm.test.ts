/** TCP-MD5 (RFC 2385) and GTSM (RFC 5082) with a real BIRD on the same kernel. */
import type { PeerChange, PeerRange } from '@tortie/agent/api';
import { type Agent, type Bird, enterNamespaces, type Host, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { type BirdPeer, birdConfig } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, events, LOCAL_ASN, lastEvent, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 2;

const BIRD_ASN = 65002;
const KEY = 'correct horse battery staple';

const config = (bird: Host, agent: Host, options: string, over: Partial<BirdPeer> = {}): string =>
  birdConfig('10.0.0.1', [
    {
      name: 'tortie',
      local: bird.address(),
      localAsn: BIRD_ASN,
      remote: agent.address(),
      remoteAsn: LOCAL_ASN,
      options,
      ...over,
    },
  ]);

const withTwo = (work: (bird: Host, tortie: Host) => Promise<void>): Promise<void> =>
  withHosts(['bird', 'tortie'], (lab) => work(lab.host('bird'), lab.host('tortie')));

/** A counter of /proc/net/netstat inside a host. */
async function kernelCounter(host: Host, name: string): Promise<number> {
  const { stdout } = await host.exec('cat', ['/proc/net/netstat']);
  const [names, values] = stdout
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values![names!.indexOf(name)]);
}

/** Everything the agent says about a peer: its view, and its events. */
const words = async (agent: Agent, name: string): Promise<string> => {
  const said = (await events(agent)).filter(({ subject }) => subject === name);
  return JSON.stringify([await agent.peer(name), said]);
};

for (const [who, over, options] of [
  ['we dial', {}, 'passive yes;'],
  ['BIRD dials', { passive: true }, ''],
] as const) {
  for (const family of ['ipv4', 'ipv6'] as const) {
    t.test(
      `the same key at both ends over ${family}, ${who}: up, and the key is never shown`,
      { buffered: true },
      (t) =>
        withTwo(async (bird, tortie) => {
          const ends = { local: bird.address(family), remote: tortie.address(family) };
          await startBird(bird, config(bird, tortie, `password "${KEY}"; ${options}`, ends));
          const agent = await startAgent(tortie, {
            peers: [peerAt(bird, BIRD_ASN, { remoteAddress: bird.address(family), password: KEY, ...over })],
          });
          await established(agent);
          t.equal((await agent.peer('bird')).passwordSet, true);
          t.notOk((await words(agent, 'bird')).includes(KEY));
          t.notOk(agent.process.logTail(10_000).includes(KEY), 'nor logged');
          t.equal(await kernelCounter(tortie, 'TCPMD5Failure'), 0);
          t.equal(await kernelCounter(tortie, 'TCPMD5NotFound'), 0);
        }),
    );
  }
}

for (const [what, options, ours, counter] of [
  ['another key', 'password "something else";', KEY, 'TCPMD5Failure'],
  ['no key', '', KEY, 'TCPMD5NotFound'],
  ['a key where we have none', `password "${KEY}";`, undefined, 'TCPMD5Unexpected'],
] as const) {
  t.test(
    `a BIRD with ${what}: no session, the kernel's counter moves, and the agent hints at it`,
    { buffered: true },
    (t) =>
      withTwo(async (bird, tortie) => {
        const router = await startBird(bird, config(bird, tortie, options));
        const agent = await startAgent(tortie, {
          peers: [peerAt(bird, BIRD_ASN, ours === undefined ? {} : { password: ours })],
        });
        await eventually(`${counter} of the kernel`, async () => (await kernelCounter(tortie, counter)) > 0);
        t.not((await agent.peer('bird')).session?.state, 'established');
        t.not((await router.protocol('tortie')).info, 'Established');
        t.match(await hint(agent, counter), /TCP-MD5 key.*password/);
      }),
  );
}

/** What the agent says beside the session about segments that the kernel dropped. */
const hint = (agent: Agent, counter: string): Promise<string> =>
  eventually('the hint', async () => {
    const drop = (await agent.peer('bird')).session?.kernelDrops?.find((one) => one.counter === counter);
    return drop && drop.segments > 0 && drop.hint;
  });

t.test(
  'a key that is changed at run time resets the session, which comes up once BIRD has it too',
  { buffered: true },
  (t) =>
    withTwo(async (bird, tortie) => {
      const router: Bird = await startBird(bird, config(bird, tortie, `password "${KEY}";`));
      const agent = await startAgent(tortie);
      const { call } = agent.client;
      await call('POST', '/v1/peers', { body: peerAt(bird, BIRD_ASN, { password: KEY }) });
      await established(agent);
      const before = await lastEvent(agent);
      const { body } = await call<PeerChange>('PATCH', '/v1/peers/bird', { body: { password: 'a new key' } });
      t.equal(body.impact, 'session-reset');
      await eventually('the reset', async () =>
        (await events(agent, before)).some(({ text }) => text.includes('established -> ')),
      );
      await eventually('packets refused', async () => (await kernelCounter(tortie, 'TCPMD5Failure')) > 0);
      t.not((await agent.peer('bird')).session?.state, 'established');
      t.match(await hint(agent, 'TCPMD5Failure'), /differ/);
      await router.reconfigure(config(bird, tortie, 'password "a new key";'));
      await established(agent);
      t.notOk((await agent.peer('bird')).session?.kernelDrops, 'no hint at a session that is up');

      await call('PATCH', '/v1/peers/bird', { body: { password: null } });
      await router.reconfigure(config(bird, tortie, ''));
      await established(agent);
      t.equal((await agent.peer('bird')).passwordSet, false);
    }),
);

for (const family of ['ipv4', 'ipv6'] as const) {
  t.test(`the key of a range over ${family}: who has it gets in, who has another does not`, { buffered: true }, (t) =>
    withTwo(async (bird, tortie) => {
      const ends = { local: bird.address(family), remote: tortie.address(family) };
      const router = await startBird(bird, config(bird, tortie, `password "${KEY}";`, ends));
      const agent = await startAgent(tortie);
      const { call } = { call: agent.client.call.bind(agent.client) };
      const range = { name: 'nodes', prefix: family === 'ipv4' ? '10.0.0.0/24' : 'fd00::/64', remoteAsn: BIRD_ASN };
      const { body } = await call<PeerRange>('POST', '/v1/peer-ranges', { body: { ...range, password: KEY } });
      t.match(body, { passwordSet: true });
      t.notMatch(JSON.stringify(body), KEY);
      const name = `nodes/${bird.address(family)}`;
      await established(agent, name);
      t.equal((await agent.peer(name)).passwordSet, true);
      t.notMatch(await words(agent, name), KEY);
      t.equal(await kernelCounter(tortie, 'TCPMD5Failure'), 0);
      await call('PATCH', '/v1/peer-ranges/nodes', { body: { password: 'another' } });
      await eventually(
        'the kernel to refuse the old key',
        async () => (await kernelCounter(tortie, 'TCPMD5Failure')) > 0,
      );
      t.not((await router.protocol('tortie')).info, 'Established');
      await router.reconfigure(config(bird, tortie, 'password "another";', ends));
      await established(agent, name);
      await call('DELETE', '/v1/peer-ranges/nodes');
      await router.reconfigure(config(bird, tortie, '', ends));
      await call('POST', '/v1/peer-ranges', { body: range });
      await established(agent, name);
    }),
  );
}

for (const family of ['ipv4', 'ipv6'] as const) {
  t.test(`GTSM at both ends over ${family}: up, whoever dials`, { buffered: true }, (t) =>
    withTwo(async (bird, tortie) => {
      const ends = { local: bird.address(family), remote: tortie.address(family) };
      const gtsm = { remoteAddress: bird.address(family), ttlSecurityHops: 1 };
      const router = await startBird(bird, config(bird, tortie, 'ttl security on; passive yes;', ends));
      const agent = await startAgent(tortie);
      await agent.client.call('POST', '/v1/peers', { body: peerAt(bird, BIRD_ASN, gtsm) });
      await established(agent);
      t.equal(await kernelCounter(tortie, 'TCPMinTTLDrop'), 0);
      // Behind this the counter may move: BIRD's kernel answers for the closed connection, and that with its usual TTL.
      await agent.client.call('DELETE', '/v1/peers/bird');
      await router.reconfigure(config(bird, tortie, 'ttl security on;', ends));
      await agent.client.call('POST', '/v1/peers', { body: peerAt(bird, BIRD_ASN, { ...gtsm, passive: true }) });
      await established(agent);
    }),
  );
}

t.test(
  'GTSM on our side alone: packets of a BIRD with a small TTL are dropped by the kernel, and the agent hints at it',
  { buffered: true },
  (t) =>
    withTwo(async (bird, tortie) => {
      await startBird(bird, config(bird, tortie, ''));
      const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN, { ttlSecurityHops: 1 })] });
      await eventually('TCPMinTTLDrop of the kernel', async () => (await kernelCounter(tortie, 'TCPMinTTLDrop')) > 0);
      t.not((await agent.peer('bird')).session?.state, 'established');
      t.match(await hint(agent, 'TCPMinTTLDrop'), /TTL.*ttlSecurityHops/);
    }),
);
