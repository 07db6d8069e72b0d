/** /v1/originated: prefixes this node announces by itself. */
import { formatPrefix, parsePrefix } from '@tortie/ip';
import { Originated, OriginatedList, OriginatedSpec } from '../../../src/api/originated.js';
import { Type } from '../../../src/api/type.js';
import { formatCommunity, formatLargeCommunity } from '../../../src/bgp-text/community.js';
import { AgentError } from '../../../src/errors.js';
import type { OriginatedPrefix, OriginName } from '../../../src/originated/origin-table.js';
import { originatedKey } from '../../../src/store/keys.js';
import { IfMatch, PrefixParams } from '../params.js';
import type { Resource } from '../resources.js';
import { createStored, deleteStored, etagOf } from '../stored.js';

const tags = ['routes'];

export const originatedRoutes: Resource = (context) => async (app) => {
  const { config, store, originated, originatedLoop } = context;

  app.get(
    '/v1/originated',
    { schema: { tags, summary: 'Announced prefixes and where each comes from', response: { 200: OriginatedList } } },
    async () => ({ originated: originated.table.list().map(originatedView) }),
  );

  app.post(
    '/v1/originated',
    { schema: { tags, summary: 'Announces a prefix', body: OriginatedSpec, response: { 201: Originated } } },
    async (request, reply) => {
      const prefix = parsePrefix(request.body.prefix);
      const text = formatPrefix(prefix);
      const present = originated.table.find(prefix);
      if (present) {
        throw new AgentError(
          'ERR_AGENT_EXISTS',
          `${text} is announced already, from ${present.source ?? present.origin}`,
        );
      }
      await createStored(store, originatedKey(config.node, text), { ...request.body, prefix: text }, text);
      await originatedLoop.settle();
      const stored = originated.table.find(prefix);
      if (!stored) throw new AgentError('ERR_AGENT_NOT_FOUND', `${text} was deleted at the same moment`);
      reply.code(201).header('location', `/v1/originated/${encodeURIComponent(text)}`);
      if (stored.revision !== undefined) reply.header('etag', etagOf(stored.revision));
      return originatedView(stored);
    },
  );

  app.delete(
    '/v1/originated/:prefix',
    {
      schema: {
        tags,
        summary: 'Withdraws a prefix',
        params: PrefixParams,
        headers: IfMatch,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const prefix = parsePrefix(request.params.prefix);
      const text = formatPrefix(prefix);
      const present = originated.table.find(prefix);
      if (!present) throw new AgentError('ERR_AGENT_NOT_FOUND', `${text} is not announced by this node`);
      if (present.origin === 'file') {
        throw new AgentError('ERR_AGENT_FILE_ORIGIN', `${text} is configured in ${present.source}; remove it there`);
      }
      if (present.origin !== 'api') {
        throw new AgentError(
          'ERR_AGENT_FILE_ORIGIN',
          `${text} is announced because of ${present.source ?? 'address management'}, for as long as that is assigned to this node`,
        );
      }
      const key = originatedKey(config.node, text);
      await deleteStored({ store, key, ifMatch: request.headers['if-match'], what: text });
      await originatedLoop.settle();
      return reply.code(204).send(null);
    },
  );
};

function originatedView({
  prefix,
  attributes,
  origin,
  source,
  revision,
}: OriginatedPrefix & { readonly origin: OriginName }): Originated {
  const communities = [
    ...(attributes.communities ?? []).map(formatCommunity),
    ...(attributes.largeCommunities ?? []).map(formatLargeCommunity),
  ];
  return {
    prefix: formatPrefix(prefix),
    ...(attributes.med !== undefined && { med: attributes.med }),
    ...(attributes.localPref !== undefined && { localPref: attributes.localPref }),
    ...(communities.length > 0 && { communities }),
    origin,
    ...(source !== undefined && { source }),
    ...(revision !== undefined && { revision }),
  };
}
