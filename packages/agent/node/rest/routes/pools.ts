/** /v1/ipam/pools: ranges of addresses. */

import { formatAddress, formatPrefix, parsePrefix } from '@tortie/ip';
import type { Pool as IpamPool, PoolRetirement as IpamRetirement, PoolUsage } from '@tortie/ipam';
import {
  Pool,
  PoolDeleteQuery,
  PoolList,
  PoolPatch,
  PoolRetirement,
  PoolSpec,
  PoolSplit,
} from '../../../src/api/ipam.js';
import { Type } from '../../../src/api/type.js';
import { AgentError, ValidationError } from '../../../src/errors.js';
import { checkPool } from '../../../src/rules/pool-rules.js';
import { IfMatch, NameParams } from '../params.js';
import type { Resource } from '../resources.js';
import { checkMatch, etagOf } from '../stored.js';

const tags = ['ipam'];

export const poolRoutes: Resource =
  ({ ipam }) =>
  async (app) => {
    const found = async (name: string): Promise<IpamPool> => {
      const pool = await ipam.pools.get(name);
      if (!pool) throw new AgentError('ERR_AGENT_NOT_FOUND', `there is no pool "${name}"`);
      return pool;
    };

    app.get(
      '/v1/ipam/pools',
      { schema: { tags, summary: 'All pools and their usage', response: { 200: PoolList } } },
      async () => {
        const usage = new Map((await ipam.pools.usage()).map((one) => [one.pool, one]));
        return { pools: (await ipam.pools.list()).map((pool) => poolView(pool, usage.get(pool.name))) };
      },
    );

    app.post(
      '/v1/ipam/pools',
      { schema: { tags, summary: 'Adds a pool', body: PoolSpec, response: { 201: Pool } } },
      async (request, reply) => {
        const issues = checkPool(request.body);
        if (issues.length > 0) throw new ValidationError(issues);
        const pool = await ipam.pools.create({ ...request.body, cidr: parsePrefix(request.body.cidr) });
        reply
          .code(201)
          .header('location', `/v1/ipam/pools/${encodeURIComponent(pool.name)}`)
          .header('etag', etagOf(pool.revision));
        return poolView(pool);
      },
    );

    app.get(
      '/v1/ipam/pools/:name',
      { schema: { tags, summary: 'One pool', params: NameParams, response: { 200: Pool } } },
      async (request, reply) => {
        const pool = await found(request.params.name);
        const usage = (await ipam.pools.usage()).find((one) => one.pool === pool.name);
        reply.header('etag', etagOf(pool.revision));
        return poolView(pool, usage);
      },
    );

    app.patch(
      '/v1/ipam/pools/:name',
      {
        schema: {
          tags,
          summary: 'Changes a pool; cidr and blockSize never change',
          params: NameParams,
          headers: IfMatch,
          body: PoolPatch,
          response: { 200: Pool },
        },
      },
      async (request, reply) => {
        const present = await found(request.params.name);
        const ifMatch = request.headers['if-match'];
        checkMatch(ifMatch, present.revision);
        const pool = await ipam.pools.update(
          present.name,
          request.body,
          ifMatch === undefined ? undefined : present.revision,
        );
        reply.header('etag', etagOf(pool.revision));
        return poolView(pool);
      },
    );

    app.delete(
      '/v1/ipam/pools/:name',
      {
        schema: {
          tags,
          summary: 'Deletes a pool that has no assigned address; with ?drain=true one that has, as soon as it has none',
          params: NameParams,
          querystring: PoolDeleteQuery,
          headers: IfMatch,
          response: { 202: PoolRetirement, 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const present = await found(request.params.name);
        const ifMatch = request.headers['if-match'];
        checkMatch(ifMatch, present.revision);
        if (request.query.drain) {
          const retirement = await ipam.pools.retire(
            present.name,
            ifMatch === undefined ? undefined : present.revision,
          );
          if (retirement && retirement.stage !== 'deleted') return reply.code(202).send(retirementView(retirement));
          return reply.code(204).send(null);
        }
        await ipam.pools.delete(present.name, ifMatch === undefined ? undefined : present.revision);
        return reply.code(204).send(null);
      },
    );

    app.post(
      '/v1/ipam/pools/:name/split',
      {
        schema: {
          tags,
          summary: 'Cuts a pool into equal parts called NAME-0, NAME-1, …; no address moves',
          params: NameParams,
          body: PoolSplit,
          response: { 200: PoolList },
        },
      },
      async (request) => ({
        pools: (await ipam.pools.split(request.params.name, request.body.parts)).map((pool) => poolView(pool)),
      }),
    );
  };

function retirementView({ held, ...rest }: IpamRetirement): PoolRetirement {
  return {
    ...rest,
    held: held.map(({ address, handle, node }) => ({ address: formatAddress(address), handle, node })),
  };
}

function poolView({ cidr, allowedUses, notes: _notes, ...pool }: IpamPool, usage?: PoolUsage): Pool {
  return {
    ...pool,
    cidr: formatPrefix(cidr),
    allowedUses: [...allowedUses],
    ...(usage && { assigned: usage.assigned, blocks: usage.blocks }),
  };
}
