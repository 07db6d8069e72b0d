/** /v1/ipam: blocks and assignments. */

import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import type { BlockView, Assignment as IpamAssignment } from '@tortie/ipam';
import {
  type Assignment,
  AssignmentPage,
  AssignmentQuery,
  AssignmentRequest,
  AssignmentResult,
  type Block,
  BlockPage,
  BlockQuery,
  ReleaseResult,
} from '../../../src/api/ipam.js';
import { AgentError, type Issue, ValidationError } from '../../../src/errors.js';
import { HandleParams } from '../params.js';
import type { Resource } from '../resources.js';

const tags = ['ipam'];

export const ipamRoutes: Resource =
  ({ config, ipam, blocksLoop }) =>
  async (app) => {
    app.get(
      '/v1/ipam/blocks',
      { schema: { tags, summary: 'Blocks of all nodes', querystring: BlockQuery, response: { 200: BlockPage } } },
      async ({ query: { limit = 500, cursor, node, pool, map = false } }) => {
        const { items, next } = await ipam.pages.blockViews({
          limit,
          map,
          ...(cursor !== undefined && { after: parsePrefix(cursor) }),
          ...(node !== undefined && { node }),
          ...(pool !== undefined && { pool }),
        });
        return { blocks: items.map(blockView), ...(next && { nextCursor: formatPrefix(next) }) };
      },
    );

    app.get(
      '/v1/ipam/assignments',
      {
        schema: { tags, summary: 'Addresses in use', querystring: AssignmentQuery, response: { 200: AssignmentPage } },
      },
      async (request) => {
        const { limit = 500, cursor, handle, node, block, borrowed } = request.query;
        const { items, more } = await ipam.pages.assignments({
          limit,
          ...(cursor !== undefined && { after: parseAddress(cursor) }),
          ...(handle !== undefined && { handle }),
          ...(node !== undefined && { node }),
          ...(block !== undefined && { block: parsePrefix(block) }),
          ...(borrowed !== undefined && { borrowed }),
        });
        return {
          assignments: items.map(assignmentView),
          ...(more && { nextCursor: formatAddress(items.at(-1)!.address) }),
        };
      },
    );

    app.post(
      '/v1/ipam/assignments',
      {
        schema: {
          tags,
          summary: 'Assigns addresses of this node to a handle; asking again gives the same ones',
          body: AssignmentRequest,
          response: { 201: AssignmentResult },
        },
      },
      async (request, reply) => {
        checkRequest(request.body);
        const { handle, ipv4, ipv6, pool, address } = request.body;
        const node = config.node;
        const assignments =
          address !== undefined
            ? [await ipam.assignAddress({ node, handle, address: parseAddress(address) })]
            : await ipam.assign({
                node,
                handle,
                ...(ipv4 !== undefined && { count4: ipv4 }),
                ...(ipv6 !== undefined && { count6: ipv6 }),
                ...(pool !== undefined && { pool }),
              });
        // A new block or a borrowed address is announced before the answer: the pod may use the address at once.
        if (assignments.some(({ borrowed }) => borrowed)) await blocksLoop.settle();
        reply.code(201);
        return { handle, assignments: assignments.map(assignmentView) };
      },
    );

    app.delete(
      '/v1/ipam/assignments/:handle',
      {
        schema: {
          tags,
          summary: 'Releases everything of a handle',
          params: HandleParams,
          response: { 200: ReleaseResult },
        },
      },
      async (request) => {
        const { handle } = request.params;
        const released = await ipam.release({ handle });
        if (released.length === 0) throw new AgentError('ERR_AGENT_NOT_FOUND', `handle "${handle}" has no addresses`);
        return { handle, released: released.map(({ address }) => formatAddress(address)) };
      },
    );
  };

function checkRequest({ ipv4, ipv6, pool, address }: AssignmentRequest): void {
  const issues: Issue[] = [];
  if (address !== undefined) {
    for (const [field, value] of Object.entries({ ipv4, ipv6, pool })) {
      if (value !== undefined)
        issues.push({ pointer: `/${field}`, detail: 'excludes "address", which names the one address' });
    }
  } else if ((ipv4 ?? 0) + (ipv6 ?? 0) === 0) {
    issues.push({
      pointer: '',
      detail: 'asks for nothing; write how many: "ipv4": 1, "ipv6": 1, or a fixed "address"',
    });
  }
  if (issues.length > 0) throw new ValidationError(issues);
}

function blockView({
  cidr,
  pool,
  node,
  state,
  size,
  assigned,
  resting,
  reserved,
  free,
  borrowed,
  map,
}: BlockView): Block {
  return {
    cidr: formatPrefix(cidr),
    ...(pool !== undefined && { pool }),
    ...(node !== undefined && { node }),
    state,
    size,
    assigned,
    resting,
    reserved,
    free,
    borrowed,
    ...(map && { map: map.cells, mapStep: map.step }),
  };
}

export function assignmentView({
  address,
  handle,
  node,
  block,
  pool,
  borrowed,
  sequence,
  since,
}: IpamAssignment): Assignment {
  return {
    address: formatAddress(address),
    handle,
    node,
    block: formatPrefix(block),
    ...(pool !== undefined && { pool }),
    ...(borrowed && { borrowed }),
    sequence,
    since: new Date(since).toISOString(),
  };
}
