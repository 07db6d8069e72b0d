/** One resource as it shall be: created, changed or left, under HTTP's rules of who has seen what. */
import type { Resource } from '@tortie/cluster';
import { type Fault, formatFault } from '@tortie/cluster/schema';
import { IpamError } from '@tortie/ipam';
import { isConflict } from '@tortie/store';
import { AgentError, ValidationError } from '../../src/errors.js';
import { sameResource } from '../../src/resources/same-resource.js';
import { checkMatch } from '../rest/stored.js';
import { type Keeper, type Present, revisionOf } from './keeper.js';

export interface PutOptions {
  /** Of the request: only over exactly what its writer has seen. */
  readonly ifMatch?: string | undefined;
  /** `*`: only where it is not there yet. */
  readonly ifNoneMatch?: string | undefined;
  readonly dryRun?: boolean;
}

export interface PutOutcome {
  readonly result: 'created' | 'configured' | 'unchanged';
  readonly before: Present | undefined;
  readonly after: Present;
}

/** How often a lost race is run again. */
const ATTEMPTS = 10;

export const isLostRace = (error: unknown): boolean =>
  isConflict(error) ||
  (error instanceof IpamError && (error.code === 'ERR_IPAM_CONFLICT' || error.code === 'ERR_IPAM_POOL_EXISTS'));

/** Throws ValidationError, AgentError, IpamError, StoreError. */
export async function putResource(keeper: Keeper, resource: Resource, options: PutOptions): Promise<PutOutcome> {
  for (let attempt = 1; ; attempt++) {
    const before = await keeper.get(resource.metadata.name);
    checkConditions(resource, before, options);
    refuse(await keeper.check(resource, before));
    const filled = keeper.filled(resource);
    const written = before && revisionOf(before) !== undefined;
    if (before && written && sameResource(before, filled)) return { result: 'unchanged', before, after: before };
    const result = written ? 'configured' : 'created';
    if (options.dryRun) return { result, before, after: asIfStored(filled, before) };
    try {
      await keeper.write(resource, before);
    } catch (error) {
      if (!isLostRace(error) || attempt === ATTEMPTS) throw error;
      continue;
    }
    return { result, before, after: (await keeper.get(resource.metadata.name)) ?? filled };
  }
}

function checkConditions(
  { kind, metadata: { name } }: Resource,
  before: Present | undefined,
  options: PutOptions,
): void {
  const { ifMatch, ifNoneMatch } = options;
  const revision = before && revisionOf(before);
  if (ifNoneMatch !== undefined && revision !== undefined) {
    throw new AgentError('ERR_AGENT_REVISION', `${kind} "${name}" is there already, at revision ${revision}`);
  }
  if (ifMatch === undefined) return;
  if (revision === undefined) throw new AgentError('ERR_AGENT_REVISION', `there is no ${kind} "${name}" any more`);
  checkMatch(ifMatch, revision);
}

function refuse(faults: readonly Fault[]): void {
  if (faults.length === 0) return;
  throw new ValidationError(faults.map((fault) => ({ pointer: fault.pointer, detail: formatFault(fault) })));
}

/** What a dry run shows: with what stays of the present one. */
function asIfStored(filled: Resource, before: Present | undefined): Present {
  const { creationTimestamp, resourceVersion } = before?.metadata ?? {};
  return {
    ...filled,
    metadata: {
      ...filled.metadata,
      ...(creationTimestamp !== undefined && { creationTimestamp }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    ...(before?.status && { status: before.status }),
  };
}
