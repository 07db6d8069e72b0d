/** BFD against FRR's bfdd. */
import { startBird } from '@tortie/lab';
import t from 'tap';
import { bfdIs, bfdOf, birdText, both, FAST, withTwo } from './bfd-rig.js';
import { eventually } from './eventually.js';
import { FrrBfd, frrMissing } from './frr-bfd.js';
import { established, events, lastEvent, lost, startAgent } from './start-agent.js';

const withoutFrr = await frrMissing();

t.test(
  "FRR's bfdd: up, shut down there without harm to BGP, lost when it dies",
  { buffered: true, skip: withoutFrr },
  (t) =>
    withTwo(async (bird, tortie) => {
      // BGP is BIRD's, BFD is FRR's: what ends the session can only be what we make of FRR's packets.
      await startBird(bird, birdText(bird, tortie, '', ''));
      const timers = ' receive-interval 100\n transmit-interval 100\nexit';
      const addresses = [tortie.address(), tortie.address('ipv6')] as const;
      const frr = await FrrBfd.start(
        bird,
        addresses
          .map((address, i) => `peer ${address} local-address ${bird.address(i ? 'ipv6' : 'ipv4')}\n${timers}`)
          .join('\n'),
      );
      try {
        const agent = await startAgent(tortie, { peers: both(bird, { bfd: FAST }) });
        await established(agent);
        await bfdIs(agent, 'bird4', 'up');
        await bfdIs(agent, 'bird6', 'up');
        await eventually('FRR to see it up', async () =>
          /10\.0\.0\.2 +up/.test(await frr.vtysh('show bfd peers brief')),
        );
        const before = await lastEvent(agent);
        const peer = `peer ${addresses[0]} local-address ${bird.address()}`;
        await frr.vtysh('configure terminal', 'bfd', peer, 'shutdown');
        await eventually('AdminDown to come', async () => (await bfdOf(agent, 'bird4'))!.remoteState === 'admin-down');
        await bfdIs(agent, 'bird4', 'down');
        await frr.vtysh('configure terminal', 'bfd', peer, 'no shutdown');
        await bfdIs(agent, 'bird4', 'up');
        const sessions = (await events(agent, before)).filter(({ kind }) => kind === 'session');
        t.same(sessions, [], 'BGP has seen nothing of it');
        await frr.kill();
        t.match((await lost(agent, 'bird4', before)).cause, /we sent Cease\/BFD Down.*control detection time expired/);
        t.match((await lost(agent, 'bird6', before)).cause, /we sent Cease\/BFD Down.*control detection time expired/);
        await established(agent);
      } finally {
        await frr.stop();
      }
    }),
);
