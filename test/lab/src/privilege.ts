/**
 * The right to make network namespaces: as root, or as root of a user namespace of one's own, where the machine lets
 * unprivileged users have one.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { LabError } from './errors.js';
import { runCommand } from './host/command.js';
import { type RecordedProcess, recordProcess } from './state.js';

/** Set in the process that runs inside the user namespace: the process outside that waits for it, as JSON. */
const MARK = 'TORTIE_LAB_ROOTLESS';

/** The process to signal when a lab shall end: this one, or the one outside that passes signals on. */
export function ownProcess(): RecordedProcess {
  const outer = process.env[MARK];
  return outer === undefined ? recordProcess(process.pid)! : (JSON.parse(outer) as RecordedProcess);
}

export const isRootless = (): boolean => process.env[MARK] !== undefined;

const UNSHARE = ['--user', '--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/**
 * Makes sure that namespaces can be made. Not root: runs this same program once more inside a user namespace, and ends
 * with its exit code; the call then never returns. Throws LabError `ERR_LAB_PRIVILEGE` where that is not allowed.
 */
export async function enterNamespaces(): Promise<void> {
  if (isRootless()) {
    // A run directory of our own: iproute2 keeps its named namespaces in /run/netns.
    await runCommand('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
    mkdirSync('/run/netns');
    await runCommand('ip', ['link', 'set', 'lo', 'up']);
    return;
  }
  if (process.getuid!() === 0) return;
  if (spawnSync('unshare', [...UNSHARE, 'true'], { stdio: 'ignore' }).status !== 0) throw privilegeError();
  const code = await runInside();
  process.exit(code);
}

async function runInside(): Promise<number> {
  const program = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const child = spawn('unshare', [...UNSHARE, ...program], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: JSON.stringify(recordProcess(process.pid)) },
  });
  // unshare itself lets signals pass by; they are for the program inside.
  const pass = (signal: NodeJS.Signals): void => {
    for (const pid of childrenOf(child.pid!)) process.kill(pid, signal);
  };
  // A Ctrl-C reaches the whole foreground group by itself.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Throws LabError `ERR_LAB_PRIVILEGE`, with what to do, where this process cannot make namespaces. */
export async function assertNamespaces(): Promise<void> {
  if (process.getuid!() !== 0) throw privilegeError();
  if (isRootless() && !existsSync('/run/netns')) await enterNamespaces();
  mkdirSync('/run/netns', { recursive: true });
}

const privilegeError = (): LabError =>
  new LabError(
    'ERR_LAB_PRIVILEGE',
    'a lab needs network namespaces: run it as root, or allow user namespaces ' +
      '(sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0, and on Ubuntu ' +
      'kernel.apparmor_restrict_unprivileged_userns=0)',
  );
