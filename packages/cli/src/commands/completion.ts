/** `tortie completion`: scripts for shells, made from the command tree itself. */
import type {
  BmpCollectorList,
  PeerList,
  PeerRangeList,
  PoolList,
  ResourceList,
  SecretList,
  ServiceList,
} from '@tortie/agent/api';
import type { Command } from 'commander';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { completionModel } from '../completion/model.js';
import { zshCompletion } from '../completion/zsh.js';
import type { Context } from '../context.js';

export const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

export function printCompletion(context: Context, program: Command, shell: keyof typeof SHELLS): void {
  context.io.stdout.write(SHELLS[shell](completionModel(program)));
}

/** Names that exist at this moment, one per line; none where they cannot be had. Called by the scripts. */
export async function printValues(context: Context, kind: string, words: readonly string[] = []): Promise<void> {
  try {
    context.line(...(await namesOf(context, kind, words)));
  } catch {
    // Somebody presses Tab: an error would land in the middle of the command line.
  }
}

async function namesOf(context: Context, kind: string, words: readonly string[]): Promise<string[]> {
  if (kind === 'kinds') return resourceWords(context, words);
  if (kind === 'peers') return (await context.client().get<PeerList>('/v1/peers')).peers.map(({ name }) => name);
  if (kind === 'ranges') {
    return (await context.client().get<PeerRangeList>('/v1/peer-ranges')).peerRanges.map(({ name }) => name);
  }
  if (kind === 'pools') return (await context.client().get<PoolList>('/v1/ipam/pools')).pools.map(({ name }) => name);
  if (kind === 'collectors') {
    return (await context.client().get<BmpCollectorList>('/v1/bmp-collectors')).collectors.map(({ name }) => name);
  }
  if (kind === 'services') {
    return (await context.client().get<ServiceList>('/v1/services')).services.map(({ name }) => name);
  }
  if (kind === 'secrets') {
    return (await context.client().get<SecretList>('/v1/secrets')).secrets.map(({ name }) => name);
  }
  if (kind === 'labs') {
    const { labFiles, runningLabs } = await import('@tortie/lab');
    return [...labFiles().map(({ name }) => name), ...runningLabs().map(({ id }) => id)];
  }
  return [];
}

/** Kinds; behind a kind the names of what there is of it. `words` are those of the command line so far. */
async function resourceWords(context: Context, words: readonly string[]): Promise<string[]> {
  const { findKind, KINDS } = await import('@tortie/cluster');
  const kind = words.map(findKind).find((one) => one !== undefined);
  if (!kind) return KINDS.map(({ plural }) => plural);
  const { items } = await context.client().get<ResourceList>(`/v1/resources/${kind.plural}`);
  return items.map(({ metadata }) => metadata.name);
}
