/** /v1/peer-ranges: create, read, change, delete at run time; kept in the store, applied without a restart. */
import { resolvePeerConfig } from '@tortie/bgp';
import {
  PeerRange,
  PeerRangeChange,
  PeerRangeList,
  PeerRangePatch,
  PeerRangeSpec,
} from '../../../src/api/peer-range.js';
import { Type } from '../../../src/api/type.js';
import { AgentError, ValidationError } from '../../../src/errors.js';
import { mergePatch } from '../../../src/merge-patch.js';
import { OPEN_SCOPE } from '../../../src/peers/import-policy.js';
import { peerRangeConfig } from '../../../src/peers/peer-config.js';
import { checkPeerRange } from '../../../src/rules/peer-rules.js';
import { checkValue } from '../../../src/schema/check.js';
import { peerRangeKey } from '../../../src/store/keys.js';
import type { ManagedRange } from '../../reconcilers/peer-ranges.js';
import type { RestContext } from '../context.js';
import { IfMatch, NameParams } from '../params.js';
import type { Resource } from '../resources.js';
import { createStored, deleteStored, etagOf, updateStored } from '../stored.js';

const tags = ['peers'];
const what = (name: string): string => `peer range "${name}"`;

export const peerRangeRoutes: Resource = (context) => async (app) => {
  const { config, store, speaker, peerRanges, peerRangesLoop } = context;
  const show = ({ impact: _, spec: { password, ...spec }, ...range }: ManagedRange): PeerRange => ({
    ...range,
    spec,
    name: spec.name,
    passwordSet: password !== undefined,
    peers: speaker.peers().flatMap(({ name }) => (name.startsWith(`${spec.name}/`) ? [name] : [])),
  });
  const found = (name: string): ManagedRange => {
    const range = peerRanges.get(name);
    if (!range) throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no ${what(name)}`);
    return range;
  };

  app.get(
    '/v1/peer-ranges',
    { schema: { tags, summary: 'All peer ranges and the peers they have', response: { 200: PeerRangeList } } },
    async () => ({ peerRanges: peerRanges.list().map(show) }),
  );

  app.post(
    '/v1/peer-ranges',
    { schema: { tags, summary: 'Adds a peer range', body: PeerRangeSpec, response: { 201: PeerRange } } },
    async (request, reply) => {
      const spec = request.body;
      checkSpec(context, spec);
      const present = peerRanges.get(spec.name);
      if (present) {
        throw new AgentError(
          'ERR_AGENT_EXISTS',
          `${what(spec.name)} exists already${present.source ? `, in ${present.source}` : ''}`,
        );
      }
      await createStored(store, peerRangeKey(config.node, spec.name), spec, what(spec.name));
      await peerRangesLoop.settle();
      const range = found(spec.name);
      reply.code(201).header('location', `/v1/peer-ranges/${encodeURIComponent(spec.name)}`);
      if (range.revision !== undefined) reply.header('etag', etagOf(range.revision));
      return show(range);
    },
  );

  app.get(
    '/v1/peer-ranges/:name',
    { schema: { tags, summary: 'One peer range', params: NameParams, response: { 200: PeerRange } } },
    async (request, reply) => {
      const range = found(request.params.name);
      if (range.revision !== undefined) reply.header('etag', etagOf(range.revision));
      return show(range);
    },
  );

  app.patch(
    '/v1/peer-ranges/:name',
    {
      schema: {
        tags,
        summary: 'Changes a peer range and its peers (JSON merge patch), and says what that did to their sessions',
        params: NameParams,
        headers: IfMatch,
        body: PeerRangePatch,
        response: { 200: PeerRangeChange },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      refuseFileRange(found(name), 'changed');
      const before = found(name).revision;
      await updateStored(
        { store, key: peerRangeKey(config.node, name), ifMatch: request.headers['if-match'], what: what(name) },
        (value) => {
          const next = mergePatch(value, request.body);
          const issues = checkValue(PeerRangeSpec, next);
          if (issues.length > 0) throw new ValidationError(issues);
          checkSpec(context, next as PeerRangeSpec);
          return next;
        },
      );
      await peerRangesLoop.settle();
      const range = found(name);
      if (range.revision !== undefined) reply.header('etag', etagOf(range.revision));
      return { peerRange: show(range), impact: range.revision === before ? 'none' : range.impact };
    },
  );

  app.delete(
    '/v1/peer-ranges/:name',
    {
      schema: {
        tags,
        summary: 'Removes a peer range and its peers',
        params: NameParams,
        headers: IfMatch,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      refuseFileRange(found(name), 'deleted');
      const key = peerRangeKey(config.node, name);
      await deleteStored({ store, key, ifMatch: request.headers['if-match'], what: what(name) });
      await peerRangesLoop.settle();
      return reply.code(204).send(null);
    },
  );
};

function refuseFileRange({ origin, spec, source }: ManagedRange, done: string): void {
  if (origin === 'api') return;
  if (origin === 'cluster') {
    throw new AgentError(
      'ERR_AGENT_CLUSTER_ORIGIN',
      `${what(spec.name)} follows from resources of the cluster (${source}) and is ${done} there, at /v1/resources`,
    );
  }
  throw new AgentError(
    'ERR_AGENT_FILE_ORIGIN',
    `${what(spec.name)} is configured in ${source} and is ${done} there; the agent reads the file when it starts`,
  );
}

/** Everything about a range that can be known before it is tried. */
function checkSpec({ config, peerRanges, speaker }: RestContext, spec: PeerRangeSpec): void {
  const issues = checkPeerRange(spec, config.asn, config.library);
  const other = peerRanges.list().find((range) => range.spec.prefix === spec.prefix && range.spec.name !== spec.name);
  if (other) issues.push({ pointer: '/prefix', detail: `${spec.prefix} is already ${what(other.spec.name)}` });
  if (issues.length > 0) throw new ValidationError(issues);
  const { prefix, peer } = peerRangeConfig(spec, {
    asn: config.asn,
    restartTimeS: 120,
    drain: 'off' as const,
    scope: OPEN_SCOPE,
    library: config.library,
  });
  try {
    resolvePeerConfig({ ...peer, name: spec.name, remoteAddress: prefix }, speaker);
  } catch (error) {
    const field = (error as { field?: string }).field;
    throw new ValidationError([{ pointer: field ? `/${field}` : '', detail: (error as Error).message }]);
  }
}
