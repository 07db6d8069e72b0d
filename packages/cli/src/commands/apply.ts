/** `tortie apply`, `tortie diff`: files of resources as they shall be. */
import type { ResourceView } from '@tortie/agent/api';
import { inOrder, type Resource } from '@tortie/cluster';
import { toYaml } from '@tortie/cluster/manifest';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { describeFailure, exitCodeOf, NegativeAnswer } from '../failure.js';
import { unifiedDiff } from '../output/unified-diff.js';
import { shortName } from '../resources/names.js';
import { readFiles } from '../resources/read-files.js';
import { type Answered, send } from '../resources/send.js';

export interface FileOptions {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
  readonly skipForeign?: boolean;
}

export async function applyFiles(context: Context, options: FileOptions): Promise<void> {
  const { filename, dryRun = false, skipForeign } = options;
  const answered = await send(context, await readFiles(filename, { io: context.io, skipForeign }), dryRun);
  warn(context, answered);
  const results = answered.map(({ result }) => result);
  context.answer({ dryRun, results }, () =>
    results.flatMap(({ kind = '', name = '', result }) =>
      result === 'failed' ? [] : [`${shortName(kind, name)} ${result}${dryRun ? ' (dry run)' : ''}`],
    ),
  );
  failWhereFailed(context, answered);
}

/** Exits 1 where there is a difference, 0 where there is none, 2 or more where something failed. */
export async function diffFiles(context: Context, { filename, skipForeign }: FileOptions): Promise<void> {
  let answered: readonly Answered[];
  try {
    answered = await send(context, await readFiles(filename, { io: context.io, skipForeign }), true);
    warn(context, answered);
    failWhereFailed(context, answered);
  } catch (error) {
    const { exitCode, lines } = describeFailure(error);
    if (exitCode !== EXIT.failed) throw error;
    // 1 says that there is a difference.
    for (const line of lines) context.io.stderr.write(`${line}\n`);
    throw new NegativeAnswer(EXIT.usage);
  }
  const changed = answered.filter(({ result }) => result.result !== 'unchanged');
  const diffs = changed.map(({ item, result: { kind = '', name = '', before, after } }) => ({
    resource: shortName(kind, name),
    diff: unifiedDiff(said(before), said(after), {
      before: before ? `now/${shortName(kind, name)}` : '/dev/null',
      after: `${item.file}:${item.line}`,
    }),
  }));
  context.answer(diffs, () => diffs.flatMap(({ diff }) => diff.map((line) => painted(line, context.color))));
  if (changed.length > 0) throw new NegativeAnswer(EXIT.failed);
}

/** What an operator says of a resource: without revisions and what nodes say. */
function said(resource: ResourceView | undefined): string {
  // Of a node that nobody has said anything of yet only the name is there.
  if (!resource) return '';
  const { apiVersion, kind, metadata, spec } = resource;
  const { resourceVersion: _revision, creationTimestamp: _created, ...own } = metadata;
  return toYaml(inOrder({ apiVersion, kind, metadata: own, spec } as Resource));
}

const COLORS: Readonly<Record<string, number>> = { '-': 31, '+': 32, '@': 36 };

function painted(line: string, color: boolean): string {
  const code = COLORS[line[0] ?? ''];
  return color && code !== undefined ? `\u001b[${code}m${line}\u001b[0m` : line;
}

function warn({ io }: Context, answered: readonly Answered[]): void {
  for (const { item, result } of answered) {
    for (const { pointer, message } of result.warnings) {
      io.stderr.write(`${item.file}:${item.place(pointer, true).line}: warning: ${pointer}: ${message}\n`);
    }
  }
}

/** What failed is told, the others are done. */
function failWhereFailed({ io, json }: Context, answered: readonly Answered[]): void {
  let worst: ExitCode | undefined;
  for (const { item, result } of answered) {
    if (!result.error) continue;
    const { status, code, detail } = result.error;
    const name = shortName(item.resource.kind, item.resource.metadata.name);
    if (!json) io.stderr.write(`${item.file}:${item.line}: ${name}: ${detail} (${code})\n`);
    worst ??= exitCodeOf(status);
  }
  if (worst !== undefined) throw new NegativeAnswer(worst);
}
