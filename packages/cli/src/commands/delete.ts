/** `tortie delete`: resources by name, or those of files. */
import { ProblemError } from '@tortie/client';
import { KINDS, type Kind } from '@tortie/cluster';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit-codes.js';
import { describeFailure, NegativeAnswer, UsageError } from '../failure.js';
import { namedResources, resourcePath, shortName } from '../resources/names.js';
import { readFiles } from '../resources/read-files.js';

interface Options {
  readonly filename?: readonly string[];
  readonly ignoreNotFound?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly skipForeign?: boolean;
}

/** Of a node that is gone. */
const GARBAGE = '; what it had is freed by the next collection of garbage, or by: tortie ipam gc';

interface Wanted {
  readonly kind: Kind;
  readonly name: string;
}

export async function deleteResources(context: Context, words: readonly string[], options: Options): Promise<void> {
  const wanted = await wantedOf(context, words, options);
  const deleted: string[] = [];
  let worst: ExitCode | undefined;
  for (const { kind, name } of wanted) {
    try {
      await context.client().call('DELETE', resourcePath(kind, name), {
        query: { dryRun: options.dryRun ? true : undefined, force: options.force ? true : undefined },
      });
      deleted.push(shortName(kind.kind, name));
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (options.ignoreNotFound && error.problem.status === 404) continue;
      const { exitCode, lines } = describeFailure(error);
      for (const line of lines) context.io.stderr.write(`${line}\n`);
      worst ??= exitCode;
    }
  }
  context.answer({ deleted }, () =>
    deleted.map((one) => {
      const after = one.startsWith('node/') && !options.force ? GARBAGE : '';
      return `${one} deleted${options.dryRun ? ' (dry run)' : after}`;
    }),
  );
  if (worst !== undefined) throw new NegativeAnswer(worst);
}

async function wantedOf(
  context: Context,
  words: readonly string[],
  { filename, skipForeign }: Options,
): Promise<readonly Wanted[]> {
  if (filename && words.length > 0) throw new UsageError('give KIND NAME, or -f FILE, not both');
  if (filename) {
    const items = await readFiles(filename, { io: context.io, skipForeign });
    // What names others goes before them.
    const rank = ({ kind }: Wanted): number => -KINDS.indexOf(kind);
    return items
      .map(({ kind, resource }) => ({ kind, name: resource.metadata.name }))
      .sort((x, y) => rank(x) - rank(y));
  }
  const wanted = namedResources(words).flatMap(({ kind, names }) => names.map((name) => ({ kind, name })));
  if (wanted.length === 0) throw new UsageError('which resource? write KIND NAME, or -f FILE');
  return wanted;
}
