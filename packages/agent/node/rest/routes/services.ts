/** /v1/services: services with a ready endpoint on this node, whose addresses it announces. For whoever follows services, like Kubernetes. */
import { formatAddress, parseAddress } from '@tortie/ip';
import { isConflict } from '@tortie/store';
import { Service, ServiceList, ServiceSpec } from '../../../src/api/service.js';
import { Type } from '../../../src/api/type.js';
import { nameIn, serviceKey, servicePrefix } from '../../../src/store/keys.js';
import { IfMatch, NameParams, ResourceNameParams } from '../params.js';
import type { Resource } from '../resources.js';
import { checkMatch, deleteStored, etagOf } from '../stored.js';

const tags = ['routes'];

export const serviceRoutes: Resource = (context) => async (app) => {
  const { config, store, originated, originatedLoop } = context;
  const view = (name: string, { addresses }: ServiceSpec, revision: number): Service => ({
    name,
    addresses: [...addresses],
    withheld: addresses.filter((text) => originated.withheld.has(formatAddress(parseAddress(text)))),
    revision,
  });

  app.get(
    '/v1/services',
    { schema: { tags, summary: 'Services with a ready endpoint here', response: { 200: ServiceList } } },
    async () => {
      const prefix = servicePrefix(config.node);
      const { entries } = await store.list(prefix);
      return {
        services: entries.map(({ key, value, revision }) => view(nameIn(prefix, key), value as ServiceSpec, revision)),
      };
    },
  );

  app.put(
    '/v1/services/:name',
    {
      schema: {
        tags,
        summary: 'Says that a service has a ready endpoint here, and what its addresses are now',
        params: ResourceNameParams,
        headers: IfMatch,
        body: ServiceSpec,
        response: { 200: Service },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const key = serviceKey(config.node, name);
      let revision: number | undefined;
      while (revision === undefined) {
        const present = await store.get(key);
        checkMatch(request.headers['if-match'], present?.revision ?? 0);
        try {
          if (!present) revision = await store.create(key, request.body);
          else if (JSON.stringify(present.value) === JSON.stringify(request.body)) revision = present.revision;
          else revision = await store.update(key, request.body, present.revision);
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
      await originatedLoop.settle();
      reply.header('etag', etagOf(revision));
      return view(name, request.body, revision);
    },
  );

  app.delete(
    '/v1/services/:name',
    {
      schema: {
        tags,
        summary: 'Says that it has none any more: addresses that no other service here has are withdrawn',
        params: NameParams,
        headers: IfMatch,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const key = serviceKey(config.node, name);
      await deleteStored({ store, key, ifMatch: request.headers['if-match'], what: `service "${name}"` });
      await originatedLoop.settle();
      return reply.code(204).send(null);
    },
  );
};
