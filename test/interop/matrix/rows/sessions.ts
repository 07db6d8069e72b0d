/** Rows about sessions: who dials, what guards them, what ends them. */

import type { PeerList } from '@tortie/agent/api';
import { dropBgp, dropPackets } from '@tortie/lab';
import { eventually } from '../../eventually.js';
import { events, lost } from '../../start-agent.js';
import { bgpConnections } from '../../tcp-connections.js';
import { NotConfigurable } from '../daemon.js';
import { type Feature, matching, OURS, routesBothWays, session, THEIRS, theyHave, weHave } from '../feature.js';

export const SESSIONS: readonly Feature[] = [
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
    name: 'hold timer: Tortie notices a silent peer',
    rfc: '4271 6.5',
    wish: { holdTimeS: 9 },
    peer: { holdTimeS: 9 },
    async check(pair) {
      await weHave(pair, THEIRS[0]!);
      const pass = await dropBgp(pair.lab.host('tortie'), pair.lab.host('daemon').address());
      const { cause } = await lost(pair.agent, pair.peer);
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
      const { cause } = await lost(pair.agent, pair.peer);
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
    name: 'the daemon dials from a prefix of peers (dynamic peers)',
    rfc: '4271',
    byRange: true,
    check: routesBothWays,
  },
  {
    name: 'peers by interface, without addresses (unnumbered), IPv4 routes over link-local next hops',
    rfc: '8950, 4861',
    over: 'interface',
    wish: { extendedNextHop: true },
    async check(pair) {
      await theyHave(pair, OURS[1]!);
      await theyHave(pair, OURS[0]!);
      const { peers } = await pair.agent.client.get<PeerList>('/v1/peers');
      if (!peers[0]!.discovery?.address?.startsWith('fe80:'))
        throw new Error('the neighbour has no link-local address');
    },
  },
  {
    name: 'BFD: up, and the session ends with the path, long before its hold time',
    rfc: '5880, 5881',
    wish: { bfd: true },
    peer: { bfd: { minTxMs: 100, minRxMs: 100, multiplier: 3 } },
    async check(pair) {
      const { agent, peer, lab } = pair;
      await eventually('BFD', async () => (await agent.peer(peer)).bfd?.state === 'up');
      // The path whole: the daemon may notice first, and its Cease would come before our own verdict.
      const pass = await dropPackets(lab.host('tortie'), 'udp dport 3784', 'tcp sport 179', 'tcp dport 179');
      matching((await lost(agent, peer)).cause ?? '', /BFDDown/);
      await pass();
    },
  },
  {
    name: 'another AS number of ours for one session (local-as)',
    rfc: '7705',
    wish: { remoteAsn: 64999 },
    peer: { localAsn: 64999 },
    async check(pair) {
      await weHave(pair, THEIRS[0]!);
      matching(await theyHave(pair, OURS[0]!), /64999/);
    },
  },
  {
    name: 'maximum number of prefixes: the session ends',
    rfc: '4486',
    peer: { maxPrefixes: 1 },
    refused: true,
    async check(pair) {
      await eventually('the end of the session', async () =>
        (await events(pair.agent)).some(({ cause }) => /Maximum Prefixes: \d+ ipv/.test(cause ?? '')),
      );
    },
  },
];
