/** /v1/ipam: the check of all invariants, repairs, garbage and leaks. */

import { formatAddress, parseAddress } from '@tortie/ip';
import type { Finding } from '@tortie/ipam';
import {
  DryRun,
  GarbageReport,
  IpamCheck,
  type IpamFinding,
  IpamRepair,
  LeakRelease,
  LeakReleaseResult,
} from '../../../src/api/ipam-care.js';
import { AgentError } from '../../../src/errors.js';
import type { Resource } from '../resources.js';

const tags = ['ipam'];

export const ipamCareRoutes: Resource =
  ({ config, ipam, garbage }) =>
  async (app) => {
    app.get(
      '/v1/ipam/check',
      {
        schema: {
          tags,
          summary: 'Tests all invariants of address management, and looks for leaked addresses',
          response: { 200: IpamCheck },
        },
      },
      async () => {
        const { findings, ...report } = await ipam.check();
        const leaks = (await garbage.leaks()).map(({ address, handle, sequence, node, reason }) => ({
          ...{ address: formatAddress(address), handle, sequence, node, reason },
        }));
        const time = new Date().toISOString();
        return {
          ok: findings.length === 0,
          ...report,
          time,
          node: config.node,
          findings: findings.map(findingView),
          leaks,
        };
      },
    );

    app.post(
      '/v1/ipam/repair',
      {
        schema: {
          tags,
          summary: 'Cures what a check finds, where that takes no address from anybody',
          body: DryRun,
          response: { 200: IpamRepair },
        },
      },
      async ({ body: { dryRun = false } }) => {
        const { repairs, remaining } = await ipam.repair({ dryRun });
        return {
          dryRun,
          repairs: repairs.map(findingView),
          remaining: remaining.map((one) => ({ ...findingView(one), advice: one.advice })),
        };
      },
    );

    app.post(
      '/v1/ipam/gc',
      {
        schema: {
          tags,
          summary: 'Frees addresses and blocks that nobody uses, as the agent does by itself every few minutes',
          body: DryRun,
          response: { 200: GarbageReport },
        },
      },
      async ({ body: { dryRun = false } }) => {
        const { freed, candidates } = await garbage.collect({ dryRun });
        return { dryRun, freed: freed.map(findingView), candidates: candidates.map(findingView) };
      },
    );

    app.post(
      '/v1/ipam/leaks/release',
      {
        schema: {
          tags,
          summary: 'Releases addresses of a report of /v1/ipam/check, where they are still leaked',
          body: LeakRelease,
          response: { 200: LeakReleaseResult },
        },
      },
      async ({ body: { cluster, leaks } }) => {
        const own = await ipam.identity();
        if (cluster !== own) {
          throw new AgentError('ERR_AGENT_OTHER_STORE', `the report is of the store ${cluster}; this one is ${own}`);
        }
        const { released, kept } = await garbage.release(
          leaks.map(({ address, ...rest }) => ({ ...rest, address: parseAddress(address) })),
        );
        return {
          released: released.map(({ address, handle }) => ({ address: formatAddress(address), handle })),
          kept: kept.map(({ address, handle, reason }) => ({ address: formatAddress(address), handle, reason })),
        };
      },
    );
  };

const findingView = ({ code, key, detail }: Finding): IpamFinding => ({ code, detail, subject: key });
