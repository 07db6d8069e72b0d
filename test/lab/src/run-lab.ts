/** The face of the lab: brings one up, shows it, and takes it down when told to end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Lab } from './lab.js';
import { openControl } from './lab-control.js';
import { failedReport, type LabReport, labReport } from './observe/report.js';
import { type Output, Screen } from './observe/screen.js';
import { type LabSnapshot, takeSnapshot } from './observe/snapshot.js';
import { labState, labTable } from './observe/table.js';
import { onOrphaned } from './orphan.js';
import type { LabPlan } from './topology/plan.js';
import { planLab } from './topology/plan-lab.js';

export interface RunLabOptions {
  /** Text of the topology, and the name of its file for error messages. */
  readonly text: string;
  readonly file: string;
  /** Converge, check, print, end. */
  readonly once: boolean;
  readonly json: boolean;
  /** How long convergence may take. */
  readonly deadlineS?: number;
  readonly stdout: Output;
  readonly stderr: Output;
  /** How the user calls the command line: `npx tortie`. */
  readonly command?: string;
}

export const DEFAULT_DEADLINE_S = 120;

/** Runs a lab to its end and answers the exit code: 0, or 1 when it did not converge by the deadline. */
export async function runLab(options: RunLabOptions): Promise<number> {
  const { text, file, once, stderr, deadlineS = DEFAULT_DEADLINE_S } = options;
  const plan = planLab(text, file);
  const stop = new AbortController();
  const ended = onSignals(stop);
  const startedAt = performance.now();
  const log = (line: string): void => {
    stderr.write(`${line}\n`);
  };
  let lab: Lab | undefined;
  try {
    log(`lab ${plan.name}: ${plan.description || file}`);
    lab = await comeUp(plan, log, stop.signal, once ? deadlineS : undefined);
    if (once) return await runOnce(lab, options, startedAt, deadlineS, stop.signal);
    return await runLive(lab, options, startedAt, deadlineS, stop.signal);
  } catch (error) {
    // Told to end before it had converged: no failure for a lab to look at, but no "yes" either for --once.
    if (stop.signal.aborted) return once ? 1 : 0;
    if (!once || !options.json) throw error;
    const seconds = (performance.now() - startedAt) / 1000;
    const reason = seconds >= deadlineS ? `not up within ${deadlineS} s: ${messageOf(error)}` : messageOf(error);
    options.stdout.write(`${JSON.stringify(failedReport(plan, reason, seconds, deadlineS), undefined, 2)}\n`);
    log(reason);
    return 1;
  } finally {
    if (lab) {
      if (!once) log('taking the lab down');
      await lab.close();
    }
    ended();
  }
}

/** Brings the lab up; with a deadline it is taken down again when it is not up by then. */
async function comeUp(
  plan: LabPlan,
  log: (line: string) => void,
  stop: AbortSignal,
  deadlineS: number | undefined,
): Promise<Lab> {
  const abort = new AbortController();
  const onStop = (): void => abort.abort();
  stop.addEventListener('abort', onStop, { once: true });
  const timer = deadlineS === undefined ? undefined : setTimeout(onStop, deadlineS * 1000);
  try {
    return await Lab.up(plan, { log, signal: abort.signal });
  } finally {
    clearTimeout(timer);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Aborts on the first SIGINT, SIGTERM or SIGHUP, or when npm has been told to end; the answer stops listening. */
function onSignals(stop: AbortController): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const abort = (): void => stop.abort();
  for (const signal of signals) process.on(signal, abort);
  const unwatch = onOrphaned(abort);
  return () => {
    unwatch();
    for (const signal of signals) process.off(signal, abort);
  };
}

async function runOnce(
  lab: Lab,
  { json, stdout, stderr }: RunLabOptions,
  startedAt: number,
  deadlineS: number,
  signal: AbortSignal,
): Promise<number> {
  let snapshot: LabSnapshot;
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  for (;;) {
    snapshot = await takeSnapshot(lab, 500);
    if (snapshot.reasons.length === 0 || seconds() > deadlineS) break;
    await sleep(400, undefined, { signal });
  }
  const plain = { color: false };
  const report = labReport(snapshot, seconds(), deadlineS);
  if (json) stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else stdout.write(`${[...labTable(snapshot, plain), '', ...labState(snapshot, plain)].join('\n')}\n`);
  const how = report.ok ? 'converged' : `not converged (deadline ${deadlineS} s)`;
  stderr.write(`${how} after ${report.seconds.toFixed(1)} s\n`);
  return report.ok ? 0 : 1;
}

async function runLive(
  lab: Lab,
  options: RunLabOptions,
  startedAt: number,
  deadlineS: number,
  signal: AbortSignal,
): Promise<number> {
  const { json, stdout } = options;
  const screen = new Screen(options, lab);
  let latest: LabReport | undefined;
  let convergedAfter: number | undefined;
  const control = await openControl(lab, () => latest);
  try {
    while (!signal.aborted) {
      const snapshot = await takeSnapshot(lab, 800);
      const seconds = (performance.now() - startedAt) / 1000;
      const first = convergedAfter === undefined && snapshot.reasons.length === 0;
      if (first) convergedAfter = seconds;
      latest = labReport(snapshot, convergedAfter ?? seconds, deadlineS);
      if (json && first) stdout.write(`${JSON.stringify(latest, undefined, 2)}\n`);
      screen.show(snapshot, convergedAfter);
      await sleep(1000, undefined, { signal }).catch(() => {});
    }
  } finally {
    screen.end();
    control.close();
  }
  return 0;
}
