/** The command line that enters a host or pod of a running lab from another process. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from './errors.js';
import { inNetns, listNamespaces, netnsPath } from './host/namespace.js';
import type { RunningLab } from './running-labs.js';
import { labDirectory, readState } from './state.js';

/** On a host, `tortie` asks the agent there. Throws LabError `ERR_LAB_STATE` where the lab has no such host or pod. */
export async function labCommand(lab: RunningLab, place: string, command: readonly string[]): Promise<string[]> {
  const state = readState(lab.id);
  if (!state) throw new LabError('ERR_LAB_STATE', `lab ${lab.id} is gone`);
  const netns = state.netnsPrefix + place;
  const [program, ...args] = command;
  const socket = `TORTIE_SOCKET=${join(labDirectory(lab.id), place, 'agent.sock')}`;
  const [outer, outerArgs] = inNetns(netns, 'env', [socket, program ?? 'sh', ...args]);
  if (!state.rootless) {
    if (!existsSync(netnsPath(netns))) throw await noSuchPlace(lab, state.netnsPrefix, place);
    return [outer, ...outerArgs];
  }
  // The lab's process is a child of unshare, which is a child of the one recorded; its /run is its own.
  const inner = firstChild(firstChild(state.owner.pid));
  return ['nsenter', '-t', String(inner), '--user', '--preserve-credentials', '--mount', '--', outer, ...outerArgs];
}

function firstChild(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return child ? Number(child) : undefined;
}

async function noSuchPlace(lab: RunningLab, prefix: string, place: string): Promise<LabError> {
  const places = (await listNamespaces(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((name) => !name.includes('_'));
  return new LabError('ERR_LAB_STATE', `lab ${lab.id} has no "${place}"; there are: ${places.sort().join(', ')}`);
}
