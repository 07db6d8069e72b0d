/** /v1/peers/:name/adj-rib-in and adj-rib-out: what a peer told us, and what we told it. */

import { AdjRibInQuery, AdjRibOutQuery, PeerRoutePage } from '../../../src/api/route.js';
import { AgentError } from '../../../src/errors.js';
import { advertisedView, peerRouteView } from '../../../src/routes/route-view.js';
import { familyPage } from '../family-pages.js';
import { NameParams } from '../params.js';
import type { Resource } from '../resources.js';

const tags = ['routes'];

export const peerTableRoutes: Resource = (context) => async (app) => {
  const { speaker, peers, peerRanges } = context;
  const assertPeer = (name: string): void => {
    const peer = peers.get(name);
    if (!peer && !peerRanges.peer(name)) throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no peer "${name}"`);
    if (!speaker.peer(name)) {
      throw new AgentError('ERR_AGENT_SESSION', `peer "${name}" has no tables: ${peer?.error ?? 'it is not running'}`);
    }
  };

  app.get(
    '/v1/peers/:name/adj-rib-in',
    {
      schema: {
        tags,
        summary: 'Routes received from a peer, before or after the import policy',
        params: NameParams,
        querystring: AdjRibInQuery,
        response: { 200: PeerRoutePage },
      },
    },
    async (request) => {
      const { name } = request.params;
      assertPeer(name);
      const policy = request.query.policy === 'before' ? 'pre' : 'post';
      const { items, ...rest } = familyPage(request.query, (family, page) =>
        speaker.adjRibIn(name, policy, family, page),
      );
      return { routes: items.map(peerRouteView), ...rest };
    },
  );

  app.get(
    '/v1/peers/:name/adj-rib-out',
    {
      schema: {
        tags,
        summary: 'Routes announced to a peer, as sent',
        params: NameParams,
        querystring: AdjRibOutQuery,
        response: { 200: PeerRoutePage },
      },
    },
    async (request) => {
      const { name } = request.params;
      assertPeer(name);
      const { items, ...rest } = familyPage(request.query, (family, page) => speaker.adjRibOut(name, family, page));
      return { routes: items.map(advertisedView), ...rest };
    },
  );
};
