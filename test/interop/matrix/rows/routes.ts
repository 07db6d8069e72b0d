/** Rows about what routes carry. */
import type { PeerSpec } from '@tortie/agent/api';
import { startBird } from '@tortie/lab';
import { birdConfig, staticRoutes } from '../../bird-text.js';
import { eventually } from '../../eventually.js';
import { peerAt, peerRoutes } from '../../start-agent.js';
import {
  DAEMON_ASN,
  type Feature,
  matching,
  negotiated,
  OURS,
  session,
  THEIRS,
  TORTIE_ASN,
  theyHave,
  weHave,
} from '../feature.js';

export const ROUTES: readonly Feature[] = [
  {
    name: 'IPv6 routes over an IPv4 session',
    rfc: '4760, 2545',
    async check(pair) {
      await weHave(pair, THEIRS[2]!);
      matching(await theyHave(pair, OURS[1]!), /fd00::/);
    },
  },
  {
    name: 'IPv4 and IPv6 routes over an IPv6 session',
    rfc: '4760, 2545',
    over: 'ipv6',
    async check(pair) {
      await weHave(pair, THEIRS[2]!);
      await theyHave(pair, OURS[1]!);
      await theyHave(pair, OURS[0]!);
    },
  },
  {
    name: '4-octet AS numbers',
    rfc: '6793',
    asns: { tortie: 4_200_000_001, daemon: 4_200_000_002 },
    async check(pair) {
      const { attributes } = await weHave(pair, THEIRS[0]!);
      matching(JSON.stringify(attributes), /4200000002/);
      matching(await theyHave(pair, OURS[0]!), /4200000001|64086[.]59905/);
    },
  },
  {
    name: 'withdrawal',
    rfc: '4271 3.1',
    async check(pair) {
      await theyHave(pair, OURS[0]!);
      const { agent, daemon } = pair;
      await agent.client.call('POST', '/v1/originated', { body: { prefix: '10.98.9.0/24' } });
      await theyHave(pair, '10.98.9.0/24');
      await agent.client.call('DELETE', `/v1/originated/${encodeURIComponent('10.98.9.0/24')}`);
      await eventually('the withdrawal', async () => (await daemon.route('10.98.9.0/24')) === '');
    },
  },
  {
    name: 'communities, both ways',
    rfc: '1997',
    wish: { community: '65002:88' },
    async check(pair) {
      const { attributes } = await weHave(pair, THEIRS[0]!);
      matching(JSON.stringify(attributes), /65002:88/);
      matching(await theyHave(pair, OURS[0]!), /65001[:,]77\b/);
    },
  },
  {
    name: 'large communities, sent',
    rfc: '8092',
    async check(pair) {
      matching(await theyHave(pair, OURS[0]!), /65001[:,]1[:,]2\b/);
    },
  },
  {
    name: 'iBGP: LOCAL_PREF, both ways',
    rfc: '4271 5.1.5',
    asns: { tortie: TORTIE_ASN, daemon: TORTIE_ASN },
    async check(pair) {
      const { attributes } = await weHave(pair, THEIRS[0]!);
      matching(JSON.stringify(attributes), /"localPref":100/);
      matching(await theyHave(pair, OURS[0]!), /local[-_]?pref\w*"?:?250/i);
    },
  },
  {
    name: 'extended messages',
    rfc: '8654',
    check: (pair) => negotiated(pair, 'extended-messages'),
  },
  {
    name: 'ADD-PATH received from the daemon',
    rfc: '7911',
    wish: { addPath: 'send' },
    peer: { addPathReceive: true },
    async check(pair) {
      await negotiated(pair, 'add-path-receive');
      // Read without identifiers, or with wrong ones, the prefix would be another.
      await weHave(pair, THEIRS[0]!);
    },
  },
  {
    name: 'roles: each says its own, routes of the daemon are marked',
    rfc: '9234',
    wish: { role: 'provider' },
    peer: { role: 'customer', roleStrict: true },
    async check(pair) {
      if ((await session(pair)).peerRole !== 'provider') throw new Error('the daemon says no role');
      await weHave(pair, THEIRS[0]!);
      await theyHave(pair, OURS[0]!);
      const came = await peerRoutes(pair.agent, pair.peer, 'adj-rib-in', { policy: 'before' });
      const mark = came.find(({ prefix }) => prefix === THEIRS[0])?.attributes.onlyToCustomer;
      if (mark !== DAEMON_ASN) throw new Error(`it came with ONLY_TO_CUSTOMER ${mark}`);
    },
  },
  {
    name: 'ADD-PATH sent to the daemon',
    rfc: '7911',
    wish: { addPath: 'receive' },
    peer: { addPathSendMax: 4 },
    async check(pair) {
      await negotiated(pair, 'add-path-send');
      await theyHave(pair, OURS[0]!);
    },
  },
  {
    name: 'IPv4 routes with IPv6 next hops',
    rfc: '8950',
    over: 'ipv6',
    wish: { extendedNextHop: true },
    peer: { extendedNextHop: true, localNextHops: [] },
    async check(pair) {
      await negotiated(pair, 'extended-next-hop');
      matching(await theyHave(pair, OURS[0]!), /fd00::2/);
    },
  },
  {
    name: 'reflection from another client: ORIGINATOR_ID and CLUSTER_LIST, extended communities as they came',
    rfc: '4456, 4360',
    asns: { tortie: TORTIE_ASN, daemon: TORTIE_ASN },
    peer: { routeReflectorClient: true },
    third: true,
    async check(pair) {
      const [other, tortie] = [pair.lab.host('other'), pair.lab.host('tortie')];
      const ends = { local: other.address(), remote: tortie.address() };
      const asns = { localAsn: TORTIE_ASN, remoteAsn: TORTIE_ASN };
      const route = staticRoutes('s4', 'ipv4', ['10.97.1.0/24 { bgp_ext_community.add((rt, 65003, 9)); }']);
      await startBird(other, birdConfig(other.address(), [{ name: 'tortie', ...ends, ...asns }], route));
      const body: PeerSpec = peerAt(other, TORTIE_ASN, { routeReflectorClient: true });
      await pair.agent.client.call('POST', '/v1/peers', { body });
      const text = await theyHave(pair, '10.97.1.0/24');
      matching(text, new RegExp(`originator\\D*${other.address()}`, 'i'));
      matching(text, new RegExp(`cluster\\D*${tortie.address()}`, 'i'));
      matching(text, /65003[:,]9\b|0x0002fdeb00000009|842122827661321/i);
    },
  },
  {
    name: 'BLACKHOLE of the daemon: traffic is dropped',
    rfc: '7999',
    wish: { community: '65535:666' },
    peer: { blackhole: true },
    async check(pair) {
      await eventually('the blackhole in the kernel', async () =>
        (await pair.lab.host('tortie').kernelRoutes('ipv4')).some(
          ({ dst, type }) => dst === THEIRS[0] && type === 'blackhole',
        ),
      );
    },
  },
];
