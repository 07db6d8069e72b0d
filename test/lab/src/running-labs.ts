/** Labs of this user that are there: running, or left behind. */
import { createClient, UnreachableError } from '@tortie/client';
import { LabError } from './errors.js';
import { controlSocket } from './lab-control.js';
import type { LabReport } from './observe/report.js';
import { isRunning, labDirectory, labIds, readState } from './state.js';

export interface RunningLab {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly pid: number;
  /** false: its process is gone; `tortie lab down` clears what it left. */
  readonly running: boolean;
  readonly directory: string;
}

export function runningLabs(): RunningLab[] {
  return labIds().map((id) => {
    const state = readState(id);
    const directory = labDirectory(id);
    if (!state) return { id, name: '?', createdAt: '', pid: 0, running: false, directory };
    const { name, createdAt, owner } = state;
    return { id, name, createdAt, pid: owner.pid, running: isRunning(owner), directory };
  });
}

/** The lab meant by an id or a name; without either, the only one. Throws LabError `ERR_LAB_STATE`. */
export function chooseLab(wanted?: string): RunningLab {
  const labs = runningLabs();
  const matching = labs.filter(({ id, name }) => wanted === undefined || wanted === id || wanted === name);
  if (matching.length === 1) return matching[0]!;
  const known = labs.map(({ id, name }) => `${id} (${name})`).join(', ');
  if (matching.length > 1) throw new LabError('ERR_LAB_STATE', `several labs are there, name one by its id: ${known}`);
  const what = wanted === undefined ? 'no lab is running' : `no lab "${wanted}" is running`;
  throw new LabError(
    'ERR_LAB_STATE',
    labs.length > 0 ? `${what}; there are: ${known}` : `${what}; start one with "tortie lab up"`,
  );
}

/** How a lab stands, in its own words. */
export async function askLab(lab: RunningLab): Promise<LabReport> {
  try {
    return await createClient({ type: 'socket', path: controlSocket(lab.id) }).get<LabReport>('/report');
  } catch (cause) {
    if (!(cause instanceof UnreachableError)) throw cause;
    const why = lab.running ? 'still comes up, or runs with --once' : 'has ended without taking itself down';
    throw new LabError('ERR_LAB_STATE', `lab ${lab.id} gives no report: it ${why}`, { cause });
  }
}
