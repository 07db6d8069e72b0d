/** Rows about routes that are asked for again, outlive a session, or are drained. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../eventually.js';
import { established, lost, peerRoutes } from '../../start-agent.js';
import { NotConfigurable } from '../daemon.js';
import { type Feature, matching, negotiated, OURS, session, THEIRS, theyHave, weHave } from '../feature.js';

export const RESTARTS: readonly Feature[] = [
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
      await pair.agent.client.call('POST', `/v1/peers/${pair.peer}/reset`, { body: { mode: 'soft-in' } });
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
      await pair.agent.client.call('POST', `/v1/peers/${pair.peer}/reset`, { body: { mode: 'soft-in' } });
      const answer = await eventually('an answer', async () => {
        const { routeRefresh, update } = (await session(pair)).messagesIn;
        if (routeRefresh >= before.routeRefresh + 2) return 'enclosed';
        // BoRR would have come before any of the routes.
        return routeRefresh === before.routeRefresh && update >= before.update + 2 && 'bare';
      });
      if (answer === 'bare') throw new NotConfigurable('offers it, and answers without BoRR and EoRR');
      await weHave(pair, THEIRS[0]!);
    },
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
      await lost(pair.agent, pair.peer);
      const families = (await session(pair)).families;
      if (!families.some(({ stale }) => stale > 0)) throw new Error('nothing is stale');
      if ((await peerRoutes(pair.agent, pair.peer, 'adj-rib-in')).length === 0) throw new Error('the routes are gone');
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
      await lost(pair.agent, pair.peer);
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
      const drain = (on: boolean) =>
        pair.agent.client.call('POST', `/v1/peers/${pair.peer}/drain`, { body: { drain: on } });
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
];
