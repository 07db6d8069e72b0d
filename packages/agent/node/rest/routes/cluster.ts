/** /v1/cluster: sessions that follow from resources, and what is held of them; /v1/secrets: passwords, written but never read. */
import { originText } from '@tortie/cluster';
import { isConflict, type Store } from '@tortie/store';
import { ClusterView, ConfirmChange, SecretData, SecretList, SecretPatch } from '../../../src/api/cluster.js';
import { Type } from '../../../src/api/type.js';
import { AgentError, ValidationError } from '../../../src/errors.js';
import { secretKey } from '../../../src/store/keys.js';
import { isIn } from '../../sessions/up-sessions.js';
import type { StoredSecret } from '../../store/secrets.js';
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
      await writeSecret(store, request.params.name, () => (request.body as SecretData).data);
      return reply.code(204).send(null);
    },
  );

  app.patch(
    '/v1/secrets/:name',
    {
      schema: {
        tags,
        summary: 'Sets keys of a secret, and deletes those that are null; its other keys stay',
        params: NameParams,
        body: SecretPatch,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { data } = request.body as SecretPatch;
      await writeSecret(store, name, (present) => {
        const missing = Object.keys(data).find((key) => data[key] === null && present[key] === undefined);
        if (missing !== undefined) {
          throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no secret "${name}" with a key "${missing}"`);
        }
        return Object.fromEntries(
          Object.entries({ ...present, ...data }).filter((one): one is [string, string] => one[1] !== null),
        );
      });
      return reply.code(204).send(null);
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

/** One without any key is deleted. */
async function writeSecret(
  store: Store,
  name: string,
  change: (present: SecretData['data']) => SecretData['data'],
): Promise<void> {
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) {
    throw new ValidationError([{ pointer: '/name', detail: `"${name}" is no name of a secret` }]);
  }
  const at = secretKey(name);
  for (;;) {
    const present = await store.get(at);
    const data = change((present?.value as StoredSecret | undefined)?.data ?? {});
    const bad = Object.keys(data).find((key) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key));
    if (bad !== undefined) {
      const detail = `"${bad}" is no key; write letters, digits, dots, dashes and underscores`;
      throw new ValidationError([{ pointer: '/data', detail }]);
    }
    const isEmpty = Object.keys(data).length === 0;
    try {
      if (present && isEmpty) await store.delete(at, present.revision);
      else if (present) await store.update(at, { data }, present.revision);
      else if (!isEmpty) await store.create(at, { data });
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

export function clusterView({
  config,
  cluster,
  speaker,
}: Pick<RestContext, 'config' | 'cluster' | 'speaker'>): ClusterView {
  if (!cluster) return { node: config.node, member: false, nodes: 0, sessions: [], open: [], pending: [], notes: [] };
  const { sessions, mirror } = cluster;
  const peers = sessions.open.length > 0 ? speaker.peers() : [];
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
    open: sessions.open.map(({ name, origin, at, remoteAsn }) => ({
      name,
      origin: originText(origin),
      ...at,
      remoteAsn,
      established: peers.filter((one) => one.state === 'established' && isIn(name, one.name)).length,
    })),
    pending: sessions.pending.map((one) => ({ ...one, sessions: [...one.sessions] })),
    notes: [...sessions.notes],
  };
}
