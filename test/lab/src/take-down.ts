/** Takes away what a lab left in the world, from its state file alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { deleteNamespaces, listNamespaces, namespacePids } from './host/namespace.js';
import {
  isRunning,
  type LabState,
  labIds,
  type RecordedProcess,
  readState,
  recordProcess,
  removeState,
  signalRecorded,
} from './state.js';

export interface TakenDown {
  readonly id: string;
  readonly name: string;
  readonly processes: number;
  readonly namespaces: number;
}

/**
 * Ends everything that runs in the lab's namespaces or was recorded by it, then removes namespaces and files. The
 * caller makes sure that the lab's own process has ended or is the one that calls.
 */
export async function sweepLab(state: LabState): Promise<TakenDown> {
  const namespaces = await listNamespaces(state.netnsPrefix);
  const ended = await endProcesses(state, namespaces);
  await deleteNamespaces(namespaces);
  removeState(state.id);
  return { id: state.id, name: state.name, processes: ended, namespaces: namespaces.length };
}

async function endProcesses(state: LabState, namespaces: readonly string[]): Promise<number> {
  const running = async (): Promise<RecordedProcess[]> => {
    const inside = (await Promise.all(namespaces.map(namespacePids))).flat();
    const recorded = state.processes.filter(isRunning);
    const found = inside.filter((pid) => pid !== process.pid && !recorded.some((each) => each.pid === pid));
    return [...recorded, ...found.map(recordProcess).filter((each) => each !== undefined)];
  };
  const first = await running();
  for (const each of first) signalRecorded(each, 'SIGTERM');
  for (let tries = 0; tries < 20 && (await running()).length > 0; tries++) await sleep(50);
  for (let tries = 0; tries < 40; tries++) {
    const left = await running();
    if (left.length === 0) break;
    for (const each of left) signalRecorded(each, 'SIGKILL');
    await sleep(50);
  }
  return first.length;
}

/**
 * Ends a lab from outside: asks its process to take itself down, waits, and does the rest. Answers undefined when there
 * is no such lab.
 */
export async function takeDown(id: string, graceMs = 15_000): Promise<TakenDown | undefined> {
  const state = readState(id);
  if (!state) {
    if (!labIds().includes(id)) return undefined;
    removeState(id);
    return { id, name: '?', processes: 0, namespaces: 0 };
  }
  if (signalRecorded(state.owner, 'SIGTERM')) {
    const end = performance.now() + graceMs;
    while (isRunning(state.owner) && performance.now() < end) await sleep(50);
    signalRecorded(state.owner, 'SIGKILL');
  }
  return sweepLab(readState(id) ?? state);
}
