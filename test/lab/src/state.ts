/**
 * What a lab has put into the world, written down before it is put there, so that another process can take it away
 * when the lab's own cannot: one directory per lab with `state.json` in it.
 */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from './errors.js';

export interface RecordedProcess {
  readonly pid: number;
  /** Start time in clock ticks since boot; with the pid it names one process for ever. */
  readonly startTime: string;
}

export interface LabState {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  /** The process that runs the lab, as it is seen outside of the lab's own namespaces. */
  readonly owner: RecordedProcess;
  /** Runs inside a user namespace of its own; its namespaces vanish with it. */
  readonly rootless: boolean;
  /** Every namespace of the lab begins with this. */
  readonly netnsPrefix: string;
  readonly processes: readonly RecordedProcess[];
}

/** The directory that holds all labs of this user: TORTIE_LAB_DIR, or one below the directory for temporary files. */
const labsDirectory = (): string => process.env.TORTIE_LAB_DIR ?? join(tmpdir(), `tortie-labs-${labUser()}`);

/** Makes the directory of a new lab. Throws LabError `ERR_LAB_STATE` where the place is not ours. */
export function makeLabDirectory(id: string): string {
  const directory = labsDirectory();
  mkdirSync(join(directory, id), { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  // Somebody else may have put a directory or a link of this name into a shared /tmp.
  if (!found.isDirectory() || found.uid !== process.getuid!()) {
    throw new LabError('ERR_LAB_STATE', `${directory} is not a directory of yours; set TORTIE_LAB_DIR to another`);
  }
  return join(directory, id);
}

/** The user's own id, also inside a user namespace where it shows as 0. */
function labUser(): string {
  const inside = process.getuid!();
  for (const line of readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n')) {
    const [first, outer, count] = line.trim().split(/\s+/).map(Number) as [number, number, number];
    if (inside >= first && inside < first + count) return String(outer + inside - first);
  }
  return String(inside);
}

export const newLabId = (): string => {
  const letters = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...randomBytes(5)].map((byte) => letters[byte % letters.length]).join('');
};

export const labDirectory = (id: string): string => join(labsDirectory(), id);

/** Writes the state whole or not at all. */
export function writeState(state: LabState): void {
  const file = join(labDirectory(state.id), 'state.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function readState(id: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(join(labDirectory(id), 'state.json'), 'utf8')) as LabState;
  } catch {
    return undefined;
  }
}

/** Removes the directory of a lab, and the one around it with the last. */
export function removeState(id: string): void {
  rmSync(labDirectory(id), { recursive: true, force: true });
  try {
    rmdirSync(labsDirectory());
  } catch {
    // Others are there, or somebody else was faster.
  }
}

/** Ids of all labs that left a directory, also half-made ones. */
export const labIds = (): string[] =>
  existsSync(labsDirectory()) ? readdirSync(labsDirectory()).filter((name) => /^[a-z2-9]{5}$/.test(name)) : [];

/** The process as it is to be recorded; undefined when it is gone. */
export function recordProcess(pid: number): RecordedProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks; what follows it begins with the third field. The 22nd is the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : { pid, startTime: fields[19]! };
  } catch {
    return undefined;
  }
}

/** Whether exactly this process still runs. */
export const isRunning = (recorded: RecordedProcess): boolean =>
  recordProcess(recorded.pid)?.startTime === recorded.startTime;

/** Sends a signal to exactly this process; false when it is gone. */
export function signalRecorded(recorded: RecordedProcess, signal: NodeJS.Signals): boolean {
  if (!isRunning(recorded)) return false;
  try {
    process.kill(recorded.pid, signal);
    return true;
  } catch {
    return false;
  }
}
