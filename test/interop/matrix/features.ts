/**
 * The rows of the matrix: each a short scenario between a Tortie agent and a daemon, and what must be seen. One table in one
 * file, however long, as its order is that of docs/INTEROP.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerSpec } from '@tortie/agent/api';
import { type Agent, dropBgp, type Lab } from '@tortie/lab';
import { eventually } from '../eventually.js';
import { established, lost, peerAt, peerRoutes, routeFrom, startAgent } from '../start-agent.js';
import { bgpConnections } from '../tcp-connections.js';
import { type Daemon, NotConfigurable, type RunningDaemon, type Wish } from './daemon.js';

export const TORTIE_ASN = 65001;
const DAEMON_ASN = 65002;
const THEIRS = ['10.99.1.0/24', '10.99.2.0/24', 'fd00:99:1::/48'];
const OURS = ['10.98.1.0/24', 'fd00:98:1::/48'];

export interface Pair {
  readonly lab: Lab;
  readonly agent: Agent;
  readonly daemon: RunningDaemon;
}

export interface Feature {
  readonly name: string;
  readonly rfc: string;
  readonly wish?: Partial<Wish>;
  readonly peer?: Partial<PeerSpec>;
  /** Sessions run over this family. */
  readonly over?: 'ipv4' | 'ipv6';
  readonly asns?: { readonly tortie: number; readonly daemon: number };
  /** There is to be no session. */
  readonly refused?: true;
  /** Throws what was not seen. */
  check(pair: Pair): Promise<void>;
}

/** Brings up the pair, lets the session establish, and runs the check. */
export async function tryFeature(lab: Lab, daemon: Daemon, feature: Feature): Promise<void> {
  const [theirs, ours] = [lab.host('daemon'), lab.host('tortie')];
  const { over = 'ipv4', asns = { tortie: TORTIE_ASN, daemon: DAEMON_ASN } } = feature;
  const running = await daemon.start(theirs, {
    local: theirs.address(over),
    remote: ours.address(over),
    localAsn: asns.daemon,
    remoteAsn: asns.tortie,
    announce: THEIRS,
    nextHop4: theirs.address('ipv4'),
    nextHop6: theirs.address('ipv6'),
    ...feature.wish,
  });
  const otherFamily = over === 'ipv4' ? ours.address('ipv6') : ours.address('ipv4');
  const peer = peerAt(theirs, asns.daemon, {
    remoteAddress: theirs.address(over),
    localNextHops: [otherFamily],
    ...feature.peer,
  });
  const agent = await startAgent(ours, {
    asn: asns.tortie,
    originate: OURS.map((prefix) => ({ prefix, localPref: 250, communities: ['65001:77', '65001:1:2'] })),
    peers: [peer],
  });
  if (!feature.refused) await established(agent);
  try {
    await feature.check({ lab, agent, daemon: running });
  } catch (error) {
    const log = running.process.logTail(1000);
    const defect = daemon.defects?.find((each) => each.log.test(log));
    throw defect ? new NotConfigurable(defect.text) : error;
  }
}

const NAME = 'daemon';

const session = async ({ agent }: Pair) => (await agent.peer(NAME)).session!;

const theyHave = ({ daemon }: Pair, prefix: string): Promise<string> =>
  eventually(`${prefix} at the daemon`, () => daemon.route(prefix));

const weHave = ({ agent }: Pair, prefix: string) =>
  eventually(`${prefix} from the daemon`, () => routeFrom(agent, NAME, prefix));

const routesBothWays = async (pair: Pair): Promise<void> => {
  await weHave(pair, THEIRS[0]!);
  await theyHave(pair, OURS[0]!);
};

/** A capability that both must have; where only the daemon lacks it, that is what the cell says. */
const negotiated = async (pair: Pair, capability: string): Promise<void> => {
  const { capabilities = [] } = await session(pair);
  if (!capabilities.includes(capability)) throw new NotConfigurable('does not offer it');
};

/** Blanks do not count: daemons set them as they like. */
const matching = (text: string, pattern: RegExp): void => {
  if (!pattern.test(text.replaceAll(' ', '')))
    throw new Error(`${pattern} is not in: ${text.trim().replaceAll(/\s+/g, ' ').slice(0, 300)}`);
};

export const FEATURES: readonly Feature[] = [
  {
    name: 'session and IPv4 routes, Tortie dials',
    rfc: '4271',
    wish: { passive: true },
    check: routesBothWays,
  },
  {
    name: 'session and IPv4 routes, the daemon dials',
    rfc: '4271',
    peer: { passive: true },
    check: routesBothWays,
  },
  {
    name: 'both dial at once: one session is left',
    rfc: '4271 6.8',
    async check(pair) {
      await routesBothWays(pair);
      await eventually('the end of all connections but one', async () => {
        return (await bgpConnections(pair.lab.host('tortie'))).length === 1;
      });
    },
  },
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
    name: 'End-of-RIB received',
    rfc: '4724 2',
    async check(pair) {
      await eventually('End-of-RIB', async () => (await session(pair)).families.some(({ endOfRib }) => endOfRib));
    },
  },
  {
    name: 'route refresh asked by Tortie',
    rfc: '2918',
    async check(pair) {
      await negotiated(pair, 'route-refresh');
      await weHave(pair, THEIRS[0]!);
      const before = (await session(pair)).messagesIn.update;
      await pair.agent.client.call('POST', `/v1/peers/${NAME}/reset`, { body: { mode: 'soft-in' } });
      await eventually('the routes again', async () => (await session(pair)).messagesIn.update > before);
    },
  },
  {
    name: 'route refresh asked by the daemon',
    rfc: '2918',
    async check(pair) {
      await theyHave(pair, OURS[0]!);
      const before = await session(pair);
      if (!pair.daemon.refresh) throw new NotConfigurable('cannot be told to ask');
      await pair.daemon.refresh();
      await eventually(
        'the request',
        async () => (await session(pair)).messagesIn.routeRefresh > before.messagesIn.routeRefresh,
      );
      await eventually('our answer', async () => (await session(pair)).messagesOut.update > before.messagesOut.update);
    },
  },
  {
    name: 'enhanced route refresh',
    rfc: '7313',
    async check(pair) {
      await negotiated(pair, 'enhanced-route-refresh');
      await weHave(pair, THEIRS[0]!);
      const before = (await session(pair)).messagesIn;
      await pair.agent.client.call('POST', `/v1/peers/${NAME}/reset`, { body: { mode: 'soft-in' } });
      const answer = await eventually('an answer', async () => {
        const { routeRefresh, update } = (await session(pair)).messagesIn;
        if (routeRefresh >= before.routeRefresh + 2) return 'enclosed';
        // The routes of both families again: the answer is over.
        return update >= before.update + 2 && 'bare';
      });
      if (answer === 'bare') throw new NotConfigurable('offers it, and answers without BoRR and EoRR');
      await weHave(pair, THEIRS[0]!);
    },
  },
  {
    name: 'extended messages',
    rfc: '8654',
    check: (pair) => negotiated(pair, 'extended-messages'),
  },
  {
    name: 'graceful restart: the daemon keeps routes while Tortie is killed and starts again',
    rfc: '4724',
    async check(pair) {
      await negotiated(pair, 'graceful-restart');
      const { agent, daemon } = pair;
      await theyHave(pair, OURS[0]!);
      await eventually('End-of-RIB', async () => (await session(pair)).families.every(({ endOfRib }) => endOfRib));
      await agent.stop('SIGKILL');
      // Whether it has noticed cannot be asked; it has had the time to.
      for (const endMs = Date.now() + 3000; Date.now() < endMs; await sleep(100)) {
        const kept = await daemon.route(OURS[0]!);
        if (kept === '') throw new NotConfigurable('offers it, and drops the routes with the connection');
      }
      await agent.start();
      await established(agent);
      await theyHave(pair, OURS[0]!);
    },
  },
  {
    name: 'graceful restart: Tortie keeps routes while the daemon is killed',
    rfc: '4724 4.2',
    wish: { restarts: true },
    async check(pair) {
      await negotiated(pair, 'graceful-restart');
      await weHave(pair, THEIRS[0]!);
      await pair.daemon.process.stop('SIGKILL');
      await lost(pair.agent, NAME);
      const families = (await session(pair)).families;
      if (!families.some(({ stale }) => stale > 0)) throw new Error('nothing is stale');
      if ((await peerRoutes(pair.agent, NAME, 'adj-rib-in')).length === 0) throw new Error('the routes are gone');
    },
  },
  {
    name: 'long-lived graceful restart: Tortie keeps routes of a daemon that stays away',
    rfc: '9494',
    wish: { restarts: true, longLivedS: 600 },
    peer: { gracefulRestart: { staleTimeS: 1, longLivedStaleTimeS: 600 } },
    async check(pair) {
      await negotiated(pair, 'long-lived-graceful-restart');
      await weHave(pair, THEIRS[0]!);
      await pair.daemon.process.stop('SIGKILL');
      await lost(pair.agent, NAME);
      const marked = async () =>
        (await weHave(pair, THEIRS[0]!)).attributes.communities?.some((text) => /llgr-stale|65535:6$/.test(text));
      await eventually('LLGR_STALE on what is kept', marked);
      if ((await session(pair)).families[0]?.longLived !== true) throw new Error('the peer does not show it');
    },
  },
  {
    name: 'long-lived graceful restart: the daemon keeps routes of Tortie that stays away',
    rfc: '9494',
    wish: { restarts: true, longLivedS: 600 },
    peer: { gracefulRestart: { restartTimeS: 1, longLivedStaleTimeS: 600 } },
    async check(pair) {
      await negotiated(pair, 'long-lived-graceful-restart');
      await theyHave(pair, OURS[0]!);
      await pair.agent.stop('SIGKILL');
      await eventually('LLGR_STALE at the daemon', async () =>
        /llgr[-_]stale|65535[:,]6\b/i.test((await pair.daemon.route(OURS[0]!)).replaceAll(' ', '')),
      );
      await pair.agent.start();
      await established(pair.agent);
      await eventually('the route without it', async () => {
        const text = (await theyHave(pair, OURS[0]!)).replaceAll(' ', '');
        return !/llgr[-_]stale|65535[:,]6\b/i.test(text);
      });
    },
  },
  {
    name: 'hold timer: Tortie notices a silent peer',
    rfc: '4271 6.5',
    wish: { holdTimeS: 9 },
    peer: { holdTimeS: 9 },
    async check(pair) {
      await weHave(pair, THEIRS[0]!);
      const pass = await dropBgp(pair.lab.host('tortie'), pair.lab.host('daemon').address());
      const { cause } = await lost(pair.agent, NAME);
      matching(cause ?? '', /holdtimer/i);
      await pass();
    },
  },
  {
    name: 'shutdown communication shown by Tortie',
    rfc: '9003',
    async check(pair) {
      if (!pair.daemon.shutDown) throw new NotConfigurable('sends none');
      await weHave(pair, THEIRS[0]!);
      await pair.daemon.shutDown('maintenance');
      const { cause } = await lost(pair.agent, NAME);
      matching(cause ?? '', /shutdown.*maintenance/i);
    },
  },
  {
    name: 'TCP-MD5',
    rfc: '2385',
    wish: { password: 'correct-horse' },
    peer: { password: 'correct-horse' },
    async check(pair) {
      await theyHave(pair, OURS[0]!);
    },
  },
  {
    name: 'GTSM',
    rfc: '5082',
    wish: { ttlSecurity: true },
    peer: { ttlSecurityHops: 1 },
    async check(pair) {
      await theyHave(pair, OURS[0]!);
    },
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
      const came = await peerRoutes(pair.agent, NAME, 'adj-rib-in', { policy: 'before' });
      const mark = came.find(({ prefix }) => prefix === THEIRS[0])?.attributes.onlyToCustomer;
      if (mark !== DAEMON_ASN) throw new Error(`it came with ONLY_TO_CUSTOMER ${mark}`);
    },
  },
  {
    name: 'roles: those that do not go together get no session',
    rfc: '9234 4.2',
    wish: { role: 'provider' },
    peer: { role: 'provider' },
    refused: true,
    async check(pair) {
      await eventually('Role Mismatch', async () => {
        const { state, lastCause = '' } = await session(pair);
        if (!/role mismatch/i.test(lastCause)) throw new Error(`${state}, ${lastCause}`);
        return true;
      });
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
    name: 'graceful shutdown of the daemon: its routes are the last choice',
    rfc: '8326 4.2',
    wish: { community: '65535:0' },
    async check(pair) {
      const { attributes } = await weHave(pair, THEIRS[0]!);
      matching(JSON.stringify(attributes), /"localPref":0[,}]/);
    },
  },
  {
    name: 'graceful shutdown: tortie peers drain and undrain',
    rfc: '8326 4.1',
    async check(pair) {
      await theyHave(pair, OURS[0]!);
      const drain = (on: boolean) => pair.agent.client.call('POST', `/v1/peers/${NAME}/drain`, { body: { drain: on } });
      const marked = async (): Promise<boolean> =>
        /65535[:,]0\b|graceful[-_]shutdown|gshut|planned-shut/i.test(
          (await theyHave(pair, OURS[0]!)).replaceAll(' ', ''),
        );
      await drain(true);
      await eventually('the community at the daemon', marked);
      matching(JSON.stringify((await weHave(pair, THEIRS[0]!)).attributes), /"localPref":0[,}]/);
      await drain(false);
      await eventually('the route without it', async () => !(await marked()));
      if ((await session(pair)).flaps > 0) throw new Error('the session was lost');
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
];
