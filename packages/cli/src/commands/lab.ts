/** `tortie lab`: racks of network namespaces, as a command. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { counted } from '@tortie/ip';
import {
  askLab,
  chooseLab,
  DEFAULT_DEADLINE_S,
  enterNamespaces,
  findLabFile,
  labCommand,
  labFiles,
  planLab,
  runLab,
  runningLabs,
  takeDown,
} from '@tortie/lab';
import type { Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { NegativeAnswer, UsageError } from '../failure.js';
import { since } from '../output/duration.js';

export async function listLabs(context: Context): Promise<void> {
  const answer = { running: runningLabs(), files: labFiles() };
  context.answer(answer, ({ running, files }) => [
    ...(running.length === 0
      ? ['no lab is running']
      : context.table(
          [
            { title: 'RUNNING', value: ({ id }) => id },
            { title: 'LAB', value: ({ name }) => name },
            { title: 'PID', value: ({ pid }) => pid, right: true },
            { title: 'FOR', value: ({ createdAt }) => (createdAt ? since(createdAt) : undefined), right: true },
            {
              title: 'STATE',
              value: (lab) => (lab.running ? 'runs' : 'left behind; clear it with: tortie lab down'),
              tone: (lab) => (lab.running ? 'good' : 'bad'),
            },
          ],
          running,
        )),
    '',
    ...context.table(
      [
        { title: 'LAB', value: ({ name }) => name },
        { title: 'DESCRIPTION', value: ({ description }) => description },
      ],
      files,
    ),
  ]);
}

export interface UpOptions {
  readonly once?: boolean;
  readonly deadline?: string;
  readonly check?: boolean;
}

/** Ends with the exit code of the lab; a lab stays until it is told to end. */
export async function upLab(context: Context, wanted: string | undefined, options: UpOptions): Promise<void> {
  const file = findLabFile(wanted);
  const text = readFileSync(file, 'utf8');
  if (options.check) {
    const plan = planLab(text, file);
    context.answer(plan, () => [
      `${file}: ${counted(plan.hosts.length, 'host')}, ${counted(plan.segments.length, 'wire')}, ${counted(plan.sessions.length, 'session')}`,
    ]);
    return;
  }
  const deadlineS = options.deadline === undefined ? DEFAULT_DEADLINE_S : Number(options.deadline);
  if (!(deadlineS > 0)) throw new UsageError(`--deadline: "${options.deadline}" is not a number of seconds`);
  // Before anything is made: a faulty file is reported by the process the user started.
  planLab(text, file);
  await enterNamespaces();
  const { stdout, stderr } = context.io;
  const code = await runLab({ text, file, once: options.once === true, json: context.json, deadlineS, stdout, stderr });
  if (code !== EXIT.ok) throw new NegativeAnswer();
}

export async function downLab(
  context: Context,
  wanted: string | undefined,
  options: { readonly all?: boolean },
): Promise<void> {
  const labs = wanted === undefined || options.all ? runningLabs() : [chooseLab(wanted)];
  // Without a name: what was left behind, and the one that runs when there is only one.
  const running = labs.filter((lab) => lab.running);
  if (wanted === undefined && !options.all && running.length > 1) {
    throw new UsageError(
      `several labs run, name one or say --all: ${running.map(({ id, name }) => `${id} (${name})`).join(', ')}`,
    );
  }
  const taken = [];
  for (const { id } of labs) taken.push(await takeDown(id));
  const down = taken.filter((each) => each !== undefined);
  context.answer({ down }, () =>
    down.length === 0
      ? ['no lab is there']
      : down.map(({ id, name, processes, namespaces }) =>
          processes + namespaces > 0
            ? `${name} (${id}) is down; it had left ${counted(processes, 'process', 'processes')} and ${counted(namespaces, 'namespace')}`
            : `${name} (${id}) is down`,
        ),
  );
}

export async function checkLab(context: Context, wanted: string | undefined): Promise<void> {
  const report = await askLab(chooseLab(wanted));
  context.answer(report, ({ lab, id, ok, reasons }) => (ok ? [`${lab} (${id}) has converged`] : [...reasons]));
  if (!report.ok) throw new NegativeAnswer();
}

/** Runs a command inside a host or pod of the running lab, with this terminal; ends with its exit code. */
export async function execLab(place: string, command: readonly string[], lab: string | undefined): Promise<void> {
  const [program, ...args] = await labCommand(chooseLab(lab), place, command);
  const child = spawn(program!, args, { stdio: 'inherit' });
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? (signal ? 128 : 1)));
  });
  process.exitCode = code;
}
