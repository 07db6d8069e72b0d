/** /v1/ipam: usage, nodes, single addresses, settings and reservations. */

import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import { type AddressView, type Assignment, LOAD_BALANCER, type NodeUsage } from '@tortie/ipam';
import {
  AddressState,
  type IpamNode,
  IpamNodeList,
  IpamSettings,
  IpamSettingsPatch,
  IpamUsage,
  Reservation,
  ReservationList,
  ReservationSpec,
} from '../../../src/api/ipam-usage.js';
import { Type } from '../../../src/api/type.js';
import { AgentError } from '../../../src/errors.js';
import { nodeKey } from '../../../src/store/keys.js';
import { removeNode, whyAlive } from '../../cluster/remove-node.js';
import { knownNodes } from '../../ipam/garbage-collector.js';
import { AddressParams, NameParams, ResourceNameParams } from '../params.js';
import type { Resource } from '../resources.js';
import { assignmentView } from './ipam.js';

const tags = ['ipam'];

export const ipamUsageRoutes: Resource =
  ({ config, ipam, store }) =>
  async (app) => {
    app.get(
      '/v1/ipam/usage',
      { schema: { tags, summary: 'How full each pool is', response: { 200: IpamUsage } } },
      async () => {
        const usage = new Map((await ipam.pools.usage()).map((one) => [one.pool, one]));
        const pools = (await ipam.pools.list()).flatMap(({ name, cidr, blockSize, disabled, terminating }) => {
          const one = usage.get(name);
          if (!one) return [];
          const { size, assigned, resting, reserved, free, blocks, maxBlocks } = one;
          return {
            ...{ pool: name, cidr: formatPrefix(cidr), blockSize, disabled, terminating },
            ...{ total: Number(size), inUse: assigned, reserved: Number(reserved), resting, free: Number(free) },
            ...{ blocks, maxBlocks: Number(maxBlocks) },
          };
        });
        return { pools };
      },
    );

    app.get(
      '/v1/ipam/nodes',
      { schema: { tags, summary: 'Blocks of each node, and how many it may have', response: { 200: IpamNodeList } } },
      async () => {
        const known = await knownNodes(store);
        return { nodes: nodeViews(await ipam.nodes(), (name) => name === LOAD_BALANCER || known.has(name)) };
      },
    );

    app.delete(
      '/v1/ipam/nodes/:name',
      {
        schema: {
          tags,
          summary: 'Says that a node is gone for good: its records go, its addresses and blocks are garbage',
          params: NameParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        const alive = await whyAlive(store, config, name);
        if (alive !== undefined) throw new AgentError('ERR_AGENT_SESSION', alive);
        const record = await store.get(nodeKey(name));
        if (!record) throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no record of a node "${name}"`);
        await removeNode(store, name);
        return reply.code(204).send(null);
      },
    );

    app.get(
      '/v1/ipam/addresses/:address',
      {
        schema: {
          tags,
          summary: 'What one address is, and who has it',
          params: AddressParams,
          response: { 200: AddressState },
        },
      },
      async (request) => addressView(await ipam.addressOf(parseAddress(request.params.address))),
    );

    app.get(
      '/v1/ipam/config',
      { schema: { tags, summary: 'Settings that hold for all pools', response: { 200: IpamSettings } } },
      async () => ipam.config(),
    );

    app.patch(
      '/v1/ipam/config',
      { schema: { tags, summary: 'Changes them', body: IpamSettingsPatch, response: { 200: IpamSettings } } },
      async (request) => ipam.configure(request.body),
    );

    app.get(
      '/v1/ipam/reservations',
      {
        schema: {
          tags,
          summary: 'Addresses that are never handed out by themselves',
          response: { 200: ReservationList },
        },
      },
      async () => ({
        reservations: (await ipam.reservations()).map(({ name, cidrs }) => ({ name, cidrs: cidrs.map(formatPrefix) })),
      }),
    );

    app.put(
      '/v1/ipam/reservations/:name',
      {
        schema: {
          tags,
          summary: 'Makes or replaces a reservation; addresses in use stay so',
          params: ResourceNameParams,
          body: ReservationSpec,
          response: { 200: Reservation },
        },
      },
      async (request) => {
        const { name } = request.params;
        const cidrs = request.body.cidrs.map(parsePrefix);
        await ipam.reserve(name, cidrs);
        return { name, cidrs: cidrs.map(formatPrefix) };
      },
    );

    app.delete(
      '/v1/ipam/reservations/:name',
      { schema: { tags, summary: 'Takes a reservation away', params: NameParams, response: { 204: Type.Null() } } },
      async (request, reply) => {
        const { name } = request.params;
        if (!(await ipam.unreserve(name)))
          throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no reservation "${name}"`);
        return reply.code(204).send(null);
      },
    );
  };

function nodeViews(usage: readonly NodeUsage[], isKnown: (node: string) => boolean): IpamNode[] {
  const views = new Map<string, IpamNode>();
  for (const { node, version, blocks, maxBlocksPerHost, visits } of usage) {
    const view = views.get(node) ?? { node, known: isKnown(node), blocks4: 0, blocks6: 0, maxBlocksPerHost, visits: 0 };
    if (version === 4) view.blocks4 = blocks;
    else view.blocks6 = blocks;
    view.visits += visits;
    views.set(node, view);
  }
  return [...views.values()];
}

function addressView({
  address,
  state,
  pool,
  block,
  node,
  assignment,
  reservations,
  freeAt,
}: AddressView): AddressState {
  return {
    address: formatAddress(address),
    state,
    ...(pool !== undefined && { pool }),
    ...(block && { block: formatPrefix(block) }),
    ...(node !== undefined && { blockNode: node }),
    ...(assignment && { assignment: assignmentView(assignment), facts: factsOf(assignment) }),
    reservations: [...reservations],
    ...(freeAt !== undefined && { freeAt: new Date(freeAt).toISOString() }),
  };
}

const factsOf = ({ owner }: Assignment): { name: string; value: string }[] =>
  Object.entries(owner).map(([name, value]) => ({ name, value }));
