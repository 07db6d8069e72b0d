/** BFD beside BGP, against a real BIRD: what brings a session down, how fast, and what does not. */
import type { PeerChange, PeerSpec } from '@tortie/agent/api';
import { type Bird, dropPackets, startBird } from '@tortie/lab';
import t from 'tap';
import { bfdIs, bfdOf, birdText, both, FAST, withTwo } from './bfd-rig.js';
import { eventually } from './eventually.js';
import { established, events, lastEvent, lost, startAgent } from './start-agent.js';

/** State of BIRD's BFD session with an address. */
const birdSession = async (bird: Bird, address: string): Promise<string | undefined> =>
  new RegExp(`^${address.replaceAll('.', '\\.')}\\s+\\S+\\s+(\\S+)`, 'm').exec(
    await bird.birdc('show bfd sessions'),
  )?.[1];

t.test(
  'IPv4 and IPv6: up at both ends; a path cut in one direction ends BGP long before the hold timer; recovery',
  { buffered: true },
  (t) =>
    withTwo(async (bird, tortie) => {
      const router = await startBird(bird, birdText(bird, tortie, 'bfd on;'));
      const agent = await startAgent(tortie, { peers: both(bird, { bfd: FAST }) });
      await established(agent);
      for (const [name, family] of [
        ['bird4', 'ipv4'],
        ['bird6', 'ipv6'],
      ] as const) {
        await bfdIs(agent, name, 'up');
        await eventually('BIRD to see it up', async () => (await birdSession(router, tortie.address(family))) === 'Up');
      }
      await eventually('the fast intervals', async () => {
        const { txIntervalMs, detectionTimeMs } = (await bfdOf(agent, 'bird4'))!;
        return txIntervalMs === 100 && detectionTimeMs === 300;
      });
      // Only what BIRD sends is lost: we find out by the detection time, BIRD by what we say then.
      const before = await lastEvent(agent);
      const mend = await dropPackets(tortie, 'iif != "lo" udp dport 3784');
      for (const [name, protocol] of [
        ['bird4', 'tortie4'],
        ['bird6', 'tortie6'],
      ] as const) {
        const { cause } = await lost(agent, name, before);
        t.match(cause, /BFD Down.*detection time expired|BFD Down|Cease/);
        t.equal((await router.protocol(protocol)).name, protocol);
      }
      const log = await events(agent, before);
      const downs = log.filter(({ kind }) => kind === 'bfd');
      t.ok(downs.length >= 2 && downs.every(({ text }) => text.includes('up -> down')), JSON.stringify(downs));
      t.match(downs[0]!.cause, /detection time expired|neighbor signaled/);
      await mend();
      await established(agent);
      await bfdIs(agent, 'bird4', 'up');
      await bfdIs(agent, 'bird6', 'up');
      t.ok((await bfdOf(agent, 'bird4'))!.flaps >= 1);
    }),
);

t.test('the other direction: BIRD hears nothing of us, and ends BGP as soon', { buffered: true }, (t) =>
  withTwo(async (bird, tortie) => {
    const router = await startBird(bird, birdText(bird, tortie, 'bfd on;'));
    const agent = await startAgent(tortie, { peers: both(bird, { bfd: FAST }) });
    await established(agent);
    await bfdIs(agent, 'bird4', 'up');
    await bfdIs(agent, 'bird6', 'up');
    const before = await lastEvent(agent);
    const mend = await dropPackets(bird, 'iif != "lo" udp dport 3784');
    await lost(agent, 'bird4', before);
    await lost(agent, 'bird6', before);
    // BIRD says Cease first, and then nothing: our side of BFD follows.
    const downs = await eventually('both BFD sessions down here', async () => {
      const log = await events(agent, before);
      const found = log.filter(({ kind, text }) => kind === 'bfd' && text.endsWith('up -> down'));
      return found.length >= 2 && found;
    });
    for (const { cause } of downs) t.match(cause, /neighbor signaled session down|control detection time expired/);
    t.not(await birdSession(router, tortie.address()), 'Up');
    await mend();
    await established(agent);
    await bfdIs(agent, 'bird4', 'up');
  }),
);

t.test('a BIRD that stands still: BGP ends long before the hold timer', { buffered: true }, (t) =>
  withTwo(async (bird, tortie) => {
    const router = await startBird(bird, birdText(bird, tortie, 'bfd on;'));
    const agent = await startAgent(tortie, { peers: both(bird, { bfd: FAST }) });
    await established(agent);
    await bfdIs(agent, 'bird4', 'up');
    await bfdIs(agent, 'bird6', 'up');
    const before = await lastEvent(agent);
    process.kill(router.pid, 'SIGSTOP');
    try {
      t.match((await lost(agent, 'bird4', before)).cause, /we sent Cease\/BFD Down.*control detection time expired/);
      t.match((await lost(agent, 'bird6', before)).cause, /we sent Cease\/BFD Down.*control detection time expired/);
    } finally {
      process.kill(router.pid, 'SIGCONT');
    }
    await established(agent);
  }),
);

t.test('set up, changed and shut down while BGP goes on', { buffered: true }, (t) =>
  withTwo(async (bird, tortie) => {
    const router = await startBird(bird, birdText(bird, tortie, 'bfd on;'));
    const agent = await startAgent(tortie);
    const { call } = agent.client;
    const [peer] = both(bird, {});
    await call('POST', '/v1/peers', { body: peer });
    await established(agent);
    const patch = async (body: Partial<Record<keyof PeerSpec, unknown>>): Promise<string> =>
      (await call<PeerChange>('PATCH', '/v1/peers/bird4', { body })).body.impact;
    t.equal(await patch({ bfd: FAST }), 'applied');
    await bfdIs(agent, 'bird4', 'up');
    t.equal(await patch({ bfd: { minTxMs: 250, minRxMs: 350 } }), 'applied');
    await eventually('the new timers', async () => {
      const { txIntervalMs, detectionTimeMs } = (await bfdOf(agent, 'bird4'))!;
      return txIntervalMs === 250 && detectionTimeMs === 3 * 350;
    });
    t.equal((await bfdOf(agent, 'bird4'))!.flaps, 0, 'changed in place');
    t.equal((await agent.peer('bird4')).session?.flaps, 0, 'BGP has seen nothing of it');
    const text = (await agent.client.get<string>('/metrics')).split('\n');
    t.ok(text.includes('tortie_bfd_session_up{peer="bird4"} 1'));
    await patch({ adminDown: true });
    await bfdIs(agent, 'bird4', 'admin-down');
    await patch({ adminDown: false });
    await established(agent);
    await bfdIs(agent, 'bird4', 'up');
    await eventually('BIRD to see it up', async () => (await birdSession(router, tortie.address())) === 'Up');
  }),
);

t.test('strict: no BGP before BFD is up', { buffered: true }, (t) =>
  withTwo(async (bird, tortie) => {
    const router = await startBird(bird, birdText(bird, tortie, 'bfd off;', ''));
    const agent = await startAgent(tortie, { peers: both(bird, { bfd: { ...FAST, strict: true } }) });
    await bfdIs(agent, 'bird4', 'down');
    // BIRD dials each second; it is refused until its BFD answers.
    await eventually('BIRD to be refused', async () => {
      const { info } = await router.protocol('tortie4');
      return /Socket: Connection|Received:|Error/i.test(info) && info;
    });
    t.equal((await bfdOf(agent, 'bird4'))!.holdsSession, true);
    t.not((await agent.peer('bird4')).session?.state, 'established');
    t.equal((await agent.peer('bird4')).session?.flaps, 0);
    await router.reconfigure(birdText(bird, tortie, 'bfd on;'));
    await established(agent);
    t.equal((await bfdOf(agent, 'bird4'))!.holdsSession, false);
  }),
);

t.test('multihop: port 4784, beside a BGP session over several hops', { buffered: true }, (t) =>
  withTwo(async (bird, tortie) => {
    const bfd = 'protocol bfd { multihop { interval 100 ms; multiplier 3; }; }';
    await startBird(bird, birdText(bird, tortie, 'multihop 3; bfd on;', bfd));
    const agent = await startAgent(tortie, { peers: both(bird, { multihopTtl: 3, bfd: FAST }) });
    await established(agent);
    await bfdIs(agent, 'bird4', 'up');
    await bfdIs(agent, 'bird6', 'up');
    t.equal((await bfdOf(agent, 'bird4'))!.multihop, true);
    const before = await lastEvent(agent);
    const mend = await dropPackets(tortie, 'iif != "lo" udp dport 4784');
    await lost(agent, 'bird4', before);
    await lost(agent, 'bird6', before);
    await mend();
    await established(agent);
  }),
);
