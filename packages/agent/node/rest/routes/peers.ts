/** /v1/peers: create, read, change, delete at run time; kept in the store, applied without a restart. */
import { performance } from 'node:perf_hooks';
import { resolvePeerConfig } from '@tortie/bgp';
import {
  DrainDone,
  Peer,
  PeerChange,
  PeerDrain,
  PeerList,
  PeerPatch,
  PeerReset,
  PeerSpec,
  ResetDone,
} from '../../../src/api/peer.js';
import { Type } from '../../../src/api/type.js';
import { AgentError, ValidationError } from '../../../src/errors.js';
import { mergePatch } from '../../../src/merge-patch.js';
import { ANY_NEIGHBOUR, boundPeer } from '../../../src/peers/bound-peer.js';
import { OPEN_SCOPE } from '../../../src/peers/import-policy.js';
import { peerConfig } from '../../../src/peers/peer-config.js';
import { peerView } from '../../../src/peers/peer-view.js';
import { checkPeer, placeOf } from '../../../src/rules/peer-rules.js';
import { checkValue } from '../../../src/schema/check.js';
import { peerKey } from '../../../src/store/keys.js';
import type { RangePeer } from '../../reconcilers/peer-ranges.js';
import type { ManagedPeer } from '../../reconcilers/peers.js';
import type { RestContext } from '../context.js';
import { IfMatch, NameParams } from '../params.js';
import type { Resource } from '../resources.js';
import { createStored, deleteStored, etagOf, updateStored } from '../stored.js';

const tags = ['peers'];

export const peerRoutes: Resource = (context) => async (app) => {
  const { config, store, speaker, peers, peerRanges, peersLoop, dropWatch, bfd, interfacePeers } = context;
  const named = (name: string): ManagedPeer | RangePeer => found(peers.get(name) ?? peerRanges.peer(name), name);
  const showOne = async (peer: ManagedPeer | RangePeer): Promise<Peer> => {
    await bfd.refresh();
    return show(peer);
  };
  const show = async (peer: ManagedPeer | RangePeer): Promise<Peer> => {
    const down = !peer.spec.adminDown && speaker.peer(peer.spec.name)?.state !== 'established';
    const drops = down ? await dropWatch.drops(peer.spec) : [];
    return peerView({
      ...peer,
      drops,
      view: speaker.peer(peer.spec.name),
      bfd: bfd.view(peer.spec),
      ...(peer.spec.interface !== undefined && { discovery: interfacePeers.discovery(peer.spec.interface) }),
      clock: { nowMs: performance.now(), originMs: performance.timeOrigin },
    });
  };

  app.get('/v1/peers', { schema: { tags, summary: 'All peers', response: { 200: PeerList } } }, async () => {
    await bfd.refresh();
    return { peers: await Promise.all([...peers.list(), ...peerRanges.peers()].map(show)) };
  });

  app.post(
    '/v1/peers',
    { schema: { tags, summary: 'Adds a peer', body: PeerSpec, response: { 201: Peer } } },
    async (request, reply) => {
      const spec = request.body;
      checkSpec(context, spec);
      const present = peers.get(spec.name);
      if (present?.origin === 'file') {
        throw new AgentError('ERR_AGENT_EXISTS', `peer "${spec.name}" exists already, in ${present.source}`);
      }
      await createStored(store, peerKey(config.node, spec.name), spec, `peer "${spec.name}"`);
      await peersLoop.settle();
      const peer = found(peers.get(spec.name), spec.name);
      reply.code(201).header('location', `/v1/peers/${encodeURIComponent(spec.name)}`);
      if (peer.revision !== undefined) reply.header('etag', etagOf(peer.revision));
      return showOne(peer);
    },
  );

  app.get(
    '/v1/peers/:name',
    { schema: { tags, summary: 'One peer', params: NameParams, response: { 200: Peer } } },
    async (request, reply) => {
      const peer = named(request.params.name);
      if ('revision' in peer && peer.revision !== undefined) reply.header('etag', etagOf(peer.revision));
      return showOne(peer);
    },
  );

  app.patch(
    '/v1/peers/:name',
    {
      schema: {
        tags,
        summary: 'Changes a peer (JSON merge patch) and says what that did to its session',
        params: NameParams,
        headers: IfMatch,
        body: PeerPatch,
        response: { 200: PeerChange },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      refuseForeign(named(name), 'changed');
      const before = peers.get(name)?.revision;
      await updateStored(
        { store, key: peerKey(config.node, name), ifMatch: request.headers['if-match'], what: `peer "${name}"` },
        (value) => {
          const next = mergePatch(value, request.body);
          const issues = checkValue(PeerSpec, next);
          if (issues.length > 0) throw new ValidationError(issues);
          checkSpec(context, next as PeerSpec);
          return next;
        },
      );
      await peersLoop.settle();
      const peer = found(peers.get(name), name);
      if (peer.revision !== undefined) reply.header('etag', etagOf(peer.revision));
      return { peer: await showOne(peer), impact: peer.revision === before ? 'none' : peer.impact };
    },
  );

  app.delete(
    '/v1/peers/:name',
    {
      schema: { tags, summary: 'Removes a peer', params: NameParams, headers: IfMatch, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const { name } = request.params;
      refuseForeign(named(name), 'deleted');
      const key = peerKey(config.node, name);
      await deleteStored({ store, key, ifMatch: request.headers['if-match'], what: `peer "${name}"` });
      await peersLoop.settle();
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/v1/peers/:name/drain',
    {
      schema: {
        tags,
        summary: 'Has traffic leave the session before maintenance (RFC 8326), or come back; the session goes on',
        params: NameParams,
        body: PeerDrain,
        response: { 200: DrainDone },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { drain } = request.body;
      const { spec } = found(peers.get(name), name);
      peers.drain(name, drain);
      await peersLoop.settle();
      const text = drain ? `draining ${name}` : `no longer draining ${name}`;
      context.journal.event({ kind: 'peer', subject: name, text, cause: 'asked for by the API' });
      return { peer: name, draining: drain || spec.gracefulShutdown === true };
    },
  );

  app.post(
    '/v1/peers/:name/reset',
    {
      schema: {
        tags,
        summary: 'Starts the session anew, or has routes sent again',
        params: NameParams,
        body: PeerReset,
        response: { 200: ResetDone },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { mode } = request.body;
      named(name);
      if (!speaker.resetPeer(name, mode)) {
        throw new AgentError(
          'ERR_AGENT_SESSION',
          mode === 'hard'
            ? `peer "${name}" has no session to reset`
            : `a ${mode} reset needs an established session, and that of peer "${name}" is ${speaker.peer(name)?.state ?? 'not there'}`,
        );
      }
      context.journal.event({
        kind: 'peer',
        subject: name,
        text: `${mode} reset of ${name}`,
        cause: 'asked for by the API',
      });
      return { peer: name, mode };
    },
  );
};

function found<T>(peer: T | undefined, name: string): T {
  if (!peer) throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no peer "${name}"`);
  return peer;
}

/** Throws where the peer is not this API's to change. */
function refuseForeign({ origin, source, spec }: ManagedPeer | RangePeer, what: string): void {
  if (origin === 'api') return;
  if (origin === 'range') {
    throw new AgentError(
      'ERR_AGENT_RANGE_ORIGIN',
      `peer "${spec.name}" came by itself and belongs to peer range "${source}"; it is ${what} with that, at /v1/peer-ranges/${source}`,
    );
  }
  if (origin === 'cluster') {
    throw new AgentError(
      'ERR_AGENT_CLUSTER_ORIGIN',
      `peer "${spec.name}" follows from resources of the cluster (${source}) and is ${what} there, at /v1/resources`,
    );
  }
  throw new AgentError(
    'ERR_AGENT_FILE_ORIGIN',
    `peer "${spec.name}" is configured in ${source} and is ${what} there; the agent reads the file when it starts`,
  );
}

/** Everything about a peer that can be known before it is tried. */
function checkSpec({ config, peers, speaker }: RestContext, spec: PeerSpec): void {
  const issues = checkPeer(spec, config.asn, config.library);
  const place = placeOf(spec);
  for (const other of peers.list()) {
    if (other.spec.name === spec.name || placeOf(other.spec) !== place) continue;
    issues.push({
      pointer: spec.interface === undefined ? '/remoteAddress' : '/interface',
      detail: `${place} is already peer "${other.spec.name}"`,
    });
  }
  if (issues.length > 0) throw new ValidationError(issues);
  try {
    const defaults = {
      asn: config.asn,
      restartTimeS: 120,
      drain: 'off' as const,
      scope: OPEN_SCOPE,
      library: config.library,
    };
    resolvePeerConfig(peerConfig(boundPeer(spec, ANY_NEIGHBOUR)!, defaults), {
      asn: speaker.asn,
      routerId: speaker.routerId,
    });
  } catch (error) {
    const field = (error as { field?: string }).field;
    throw new ValidationError([{ pointer: field ? `/${field}` : '', detail: (error as Error).message }]);
  }
}
