/** Resources to the agent and its answers, each beside the file it came from. */
import type { ApplyAnswer, ApplyResult } from '@tortie/agent/api';
import type { ManifestFault, ManifestItem } from '@tortie/cluster/manifest';
import { formatFault } from '@tortie/cluster/schema';
import type { Context } from '../context.js';
import { ManifestError } from '../failure.js';

export interface Answered {
  readonly item: ManifestItem;
  readonly result: ApplyResult;
}

/** What one request may carry, with room to the limit of the agent. */
const MAX_CHARACTERS = 6_000_000;

/** Throws ManifestError where the agent finds faults that the files alone do not show; nothing was done then. */
export async function send(
  context: Context,
  items: readonly ManifestItem[],
  dryRun: boolean,
): Promise<readonly Answered[]> {
  const answered: Answered[] = [];
  // Everything is tried before the first of several requests changes something.
  const parts = chunks(items);
  const rounds = parts.length > 1 && !dryRun ? [true, false] : [dryRun];
  for (const trial of rounds) {
    answered.length = 0;
    for (const part of parts) {
      const body = { resources: part.map(({ resource }) => resource), dryRun: trial };
      const { results } = (await context.client().call<ApplyAnswer>('POST', '/v1/apply', { body })).body;
      answered.push(...results.map((result, index) => ({ item: part[index]!, result })));
    }
    const faults = answered.flatMap(({ item, result }) => result.faults.map((fault) => placed(item, fault)));
    if (faults.length > 0) throw new ManifestError(faults);
  }
  return answered;
}

function placed(item: ManifestItem, fault: ApplyResult['faults'][number]): ManifestFault {
  const { pointer, atKey } = fault;
  return { file: item.file, ...item.place(pointer, atKey), pointer, detail: formatFault(fault) };
}

function chunks(items: readonly ManifestItem[]): ManifestItem[][] {
  const parts: ManifestItem[][] = [];
  let room = 0;
  for (const item of items) {
    const length = JSON.stringify(item.resource).length;
    if (length > room || parts.length === 0) {
      parts.push([]);
      room = MAX_CHARACTERS;
    }
    parts.at(-1)!.push(item);
    room -= length;
  }
  return parts;
}
