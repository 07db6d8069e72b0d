/** BFD of an agent inside of a VRF, against a real BIRD, where the kernel has VRFs (`npm run test:kernels` has one). */
import { dropPackets, enterNamespaces, startBird } from '@tortie/lab';
import t from 'tap';
import { BIRD_ASN, bfdIs, bfdOf, birdText, both, FAST, withTwo } from './bfd-rig.js';
import { birdConfig } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, lastEvent, lost, peerAt, startAgent } from './start-agent.js';
import { linkLocal } from './unnumbered-rig.js';
import { enslave, vrfsMissing } from './vrf.js';

await enterNamespaces();

const lacking = await vrfsMissing();
const NAMES = ['bird4', 'bird6'] as const;
const kernel = { vrf: 'blue' };

t.test('one hop, both ends in VRFs: up, down when the path is cut, up again', { skip: lacking }, (t) =>
  withTwo(async (bird, tortie) => {
    await enslave(bird, 'red');
    await enslave(tortie, 'blue');
    const rest = 'protocol bfd { vrf "red"; interface "*" { interval 100 ms; multiplier 3; }; }';
    const router = await startBird(bird, birdText(bird, tortie, 'vrf "red"; bfd on;', rest));
    const agent = await startAgent(tortie, { peers: both(bird, { bfd: FAST }), kernel });
    await established(agent);
    for (const name of NAMES) await bfdIs(agent, name, 'up');
    await eventually('BIRD to see them up', async () => {
      const sessions = await router.birdc('show bfd sessions');
      return [tortie.address(), tortie.address('ipv6')].every((address) =>
        new RegExp(`^${address}\\s+eth0\\s+Up `, 'm').test(sessions),
      );
    });
    const { stdout } = await tortie.exec('ss', ['-lunH', 'sport = :3784']);
    t.match(stdout, /0.0.0.0%blue:3784/, 'nothing from outside of the VRF is heard');
    t.match(stdout, /\[::\]%blue:3784/);
    const before = await lastEvent(agent);
    const mend = await dropPackets(tortie, 'udp dport 3784');
    for (const name of NAMES) t.match((await lost(agent, name, before)).cause, /BFD Down/);
    await mend();
    await established(agent);
    for (const name of NAMES) await bfdIs(agent, name, 'up');
  }),
);

t.test('several hops, and a link-local address of an interface in the VRF', { skip: lacking }, (t) =>
  withTwo(async (bird, tortie) => {
    await enslave(tortie, 'blue');
    const [theirs, ours] = [await linkLocal(bird, 'eth0'), await linkLocal(tortie, 'eth0')];
    const common = { localAsn: BIRD_ASN, remoteAsn: LOCAL_ASN };
    const config = birdConfig(
      bird.address(),
      [
        {
          ...common,
          name: 'tortie4',
          local: bird.address(),
          remote: tortie.address(),
          families: ['ipv4'],
          options: 'hold time 600; multihop 3; bfd on;',
        },
        {
          ...common,
          name: 'tortie6',
          local: theirs,
          remote: `${ours}%eth0`,
          families: ['ipv6'],
          options: 'hold time 600; bfd on;',
        },
      ],
      `protocol bfd { ${['interface "*"', 'multihop'].map((of) => `${of} { interval 100 ms; multiplier 3; };`).join(' ')} }`,
    );
    await startBird(bird, config);
    const peers = [
      peerAt(bird, BIRD_ASN, { name: 'bird4', holdTimeS: 600, multihopTtl: 3, bfd: FAST }),
      peerAt(bird, BIRD_ASN, { name: 'bird6', holdTimeS: 600, remoteAddress: theirs, device: 'eth0', bfd: FAST }),
    ];
    const agent = await startAgent(tortie, { peers, kernel });
    await established(agent);
    for (const name of NAMES) await bfdIs(agent, name, 'up');
    t.equal((await bfdOf(agent, 'bird4'))!.multihop, true);
    const before = await lastEvent(agent);
    const mend = await dropPackets(tortie, 'udp dport { 3784, 4784 }');
    for (const name of NAMES) await lost(agent, name, before);
    await mend();
    await established(agent);
  }),
);
