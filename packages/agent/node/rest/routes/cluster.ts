/** /v1/cluster: sessions that follow from resources, and what is held of them; /v1/secrets: passwords, written but never read. */
import { originText } from '@tortie/cluster';
import { isConflict } from '@tortie/store';
import { ClusterView, ConfirmChange, SecretData, SecretList } from '../../../src/api/cluster.js';
import { Type } from '../../../src/api/type.js';
import { AgentError, ValidationError } from '../../../src/errors.js';
import { secretKey } from '../../../src/store/keys.js';
import type { RestContext } from '../context.js';
import { NameParams } from '../params.js';
import type { Resource } from '../resources.js';
import { deleteStored } from '../stored.js';

const tags = ['cluster'];

export const clusterRoutes: Resource = (context) => async (app) => {
  const { store, peersLoop } = context;

  app.get(
    '/v1/cluster',
    {
      schema: {
        tags,
        summary: 'Sessions that follow from the cluster, and what is held',
        response: { 200: ClusterView },
      },
    },
    async () => clusterView(context),
  );

  app.post(
    '/v1/cluster/confirm',
    {
      schema: {
        tags,
        summary: 'Lets a change go that is held: the sessions it names, and no others',
        body: ConfirmChange,
        response: { 200: ClusterView },
      },
    },
    async (request) => {
      const { cluster } = context;
      const { id } = request.body;
      if (!cluster?.sessions.confirm(id)) {
        throw new AgentError('ERR_AGENT_NOT_FOUND', `nothing is held under "${id}"; GET /v1/cluster shows what is`);
      }
      await cluster.loop.settle();
      await peersLoop.settle();
      return clusterView(context);
    },
  );

  app.get(
    '/v1/secrets',
    { schema: { tags, summary: 'Names and keys of secrets in the store', response: { 200: SecretList } } },
    async () => ({ secrets: (context.cluster?.secrets.list() ?? []).map((one) => ({ ...one, keys: [...one.keys] })) }),
  );

  app.put(
    '/v1/secrets/:name',
    {
      schema: {
        tags,
        summary: 'Puts a secret into the store; keys that are not named are gone',
        params: NameParams,
        body: SecretData,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { data } = request.body as { readonly data: Readonly<Record<string, string>> };
      const bad = Object.keys(data).find((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key));
      if (bad !== undefined) {
        throw new ValidationError([
          { pointer: '/data', detail: `"${bad}" is no key; write letters, digits, dots, dashes and underscores` },
        ]);
      }
      if (!/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) {
        throw new ValidationError([{ pointer: '/name', detail: `"${name}" is no name of a secret` }]);
      }
      const key = secretKey(name);
      for (;;) {
        try {
          const present = await store.get(key);
          if (present) await store.update(key, { data }, present.revision);
          else await store.create(key, { data });
          return reply.code(204).send(null);
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
    },
  );

  app.delete(
    '/v1/secrets/:name',
    { schema: { tags, summary: 'Deletes a secret', params: NameParams, response: { 204: Type.Null() } } },
    async (request, reply) => {
      const { name } = request.params;
      await deleteStored({ store, key: secretKey(name), ifMatch: undefined, what: `secret "${name}"` });
      return reply.code(204).send(null);
    },
  );
};

export function clusterView({
  config,
  cluster,
  speaker,
}: Pick<RestContext, 'config' | 'cluster' | 'speaker'>): ClusterView {
  if (!cluster) return { node: config.node, member: false, nodes: 0, sessions: [], pending: [], notes: [] };
  const { sessions, mirror } = cluster;
  return {
    node: config.node,
    member: true,
    nodes: mirror.index.nodes.length,
    ...(sessions.clusterId !== undefined && { clusterId: sessions.clusterId }),
    sessions: [...sessions.sessions.values()].map((session) => {
      const { name, origin, node, remoteAddress, remotePort, remoteAsn, type, client } = session;
      const state = speaker.peer(name)?.state;
      return {
        name,
        origin: originText(origin),
        ...(node !== undefined && { node }),
        remoteAddress,
        remotePort,
        remoteAsn,
        type,
        client,
        ...(state && { state }),
      };
    }),
    pending: sessions.pending.map((one) => ({ ...one, sessions: [...one.sessions] })),
    notes: [...sessions.notes],
  };
}
