/** The `tortie` command: parses, runs, and turns whatever goes wrong into words and an exit status. */
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import type { Io } from './context.js';
import { EXIT } from './exit-codes.js';
import { describeFailure } from './failure.js';
import { buildProgram } from './program.js';

/** Runs one command line and answers its exit status. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const program = buildProgram(io, version());
  try {
    await program.parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // commander has printed its own words already; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const { exitCode, lines, json } = describeFailure(error);
    if (lines.length > 0) {
      io.stderr.write(args.includes('--json') ? `${JSON.stringify(json)}\n` : `${lines.join('\n')}\n`);
    }
    return exitCode;
  }
}

const version = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
