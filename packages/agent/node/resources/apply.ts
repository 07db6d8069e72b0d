/**
 * Many resources at once. All are checked first, and nothing is done where one of them is not valid; then each is put by itself,
 * what others name before them: one that fails keeps no other one from being applied.
 */
import { KINDS, type ReadResource, readResource, type Unfolded, unfoldList } from '@tortie/cluster';
import type { Fault } from '@tortie/cluster/schema';
import type { ApplyAnswer, ApplyResult, ResourceView } from '../../src/api/resource.js';
import { ValidationError } from '../../src/errors.js';
import { problemOf } from '../../src/problem.js';
import type { Keepers } from './keepers.js';
import { type PutOutcome, putResource } from './put-resource.js';

export interface ApplyOptions {
  readonly keepers: Keepers;
  readonly dryRun: boolean;
  /** Told of each that was created or changed. */
  readonly onChange: (outcome: PutOutcome) => void;
}

/** As many as may be listed one by one. */
const MOST = 10_000;

type Counts = ApplyAnswer['counts'];

export async function applyResources(requested: readonly unknown[], options: ApplyOptions): Promise<ApplyAnswer> {
  const unfolded = unfoldRequest(requested);
  const read = unfolded.map(({ document }) => readResource(document));
  const faults = await Promise.all(read.map((one, index) => faultsOf(one, index, read, options.keepers)));
  const valid = faults.every((list) => list.length === 0);
  const results = read.map((one, index) => unapplied(one, unfolded[index]!, faults[index]!));
  const order = [...read.keys()].sort((x, y) => rankOf(read[x]!) - rankOf(read[y]!) || x - y);
  for (const index of order) {
    if (faults[index]!.length > 0 || !(valid || options.dryRun)) continue;
    results[index] = { ...results[index]!, ...(await putOne(read[index]!, options)) };
  }
  const counts: Counts = { created: 0, configured: 0, unchanged: 0, invalid: 0, failed: 0, skipped: 0 };
  for (const { result } of results) counts[result]++;
  return { ok: counts.invalid + counts.failed === 0, dryRun: options.dryRun, counts, results };
}

/** Every resource of a request, those of its lists included. Throws ValidationError where they are too many. */
export function unfoldRequest(requested: readonly unknown[]): readonly Unfolded[] {
  const unfolded = requested.flatMap((document, index) => unfoldList(document, `/${index}`));
  if (unfolded.length <= MOST) return unfolded;
  const detail = `${unfolded.length} resources with those of lists, expected at most ${MOST}; send them in parts`;
  throw new ValidationError([{ pointer: '/resources', detail }]);
}

const rankOf = ({ kind }: ReadResource): number => (kind ? KINDS.indexOf(kind) : -1);

/** Those of the document itself, and those that the present state tells. */
async function faultsOf(
  { resource, faults }: ReadResource,
  index: number,
  all: readonly ReadResource[],
  keepers: Keepers,
): Promise<readonly Fault[]> {
  if (!resource) return faults;
  const { kind, metadata } = resource;
  const first = all.findIndex((one) => one.resource?.kind === kind && one.resource.metadata.name === metadata.name);
  if (first < index) {
    return [
      { pointer: '/metadata/name', message: `${kind} "${metadata.name}" is there twice, at ${first} and at ${index}` },
    ];
  }
  const keeper = keepers.writable(kind)!;
  try {
    return await keeper.check(resource, await keeper.get(metadata.name));
  } catch {
    // What cannot be read now is told where the resource is put.
    return [];
  }
}

function unapplied(
  { resource, warnings, kind }: ReadResource,
  { at, document }: Unfolded,
  faults: readonly Fault[],
): ApplyResult {
  const said = (document as { metadata?: { name?: unknown } } | null)?.metadata?.name;
  const name = resource?.metadata.name ?? (typeof said === 'string' ? said : undefined);
  return {
    ...(kind && { kind: kind.kind }),
    ...(name !== undefined && { name }),
    ...(/\/items\//.test(at) && { at }),
    result: faults.length > 0 ? 'invalid' : 'skipped',
    faults: [...faults],
    warnings: [...warnings],
  };
}

async function putOne(
  { resource }: ReadResource,
  { keepers, dryRun, onChange }: ApplyOptions,
): Promise<Partial<ApplyResult>> {
  try {
    const outcome = await putResource(keepers.writable(resource!.kind)!, resource!, { dryRun });
    if (!dryRun && outcome.result !== 'unchanged') onChange(outcome);
    const { result, before, after } = outcome;
    return { result, ...(before && { before: before as ResourceView }), after: after as ResourceView };
  } catch (error) {
    if (error instanceof ValidationError) {
      return { result: 'invalid', faults: error.issues.map(({ pointer, detail }) => ({ pointer, message: detail })) };
    }
    const { problem, unexpected } = problemOf(error, '/v1/apply');
    if (unexpected) throw error;
    return { result: 'failed', error: { status: problem.status, code: problem.code, detail: problem.detail } };
  }
}
