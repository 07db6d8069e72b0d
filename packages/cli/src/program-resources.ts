/** The commands about resources of the cluster. */
import { type Command, Option } from 'commander';
import type { FileOptions } from './commands/apply.js';
import type { Leaf } from './program.js';

const FILES = 'file, folder, or - for standard input; YAML or JSON, several documents, lists';

const SKIP = 'tell of what is written for other programs, and go on without it';

export function resourceCommands(leaf: Leaf, program: Command): void {
  const files = (command: Command): Command =>
    command.requiredOption('-f, --filename <file...>', FILES).option('--skip-foreign', SKIP);
  files(
    leaf(
      program,
      'apply',
      'have the resources of files be so: create, change or leave them',
      async (context, _, options) =>
        (await import('./commands/apply.js')).applyFiles(context, options as unknown as FileOptions),
    ),
  ).option('--dry-run', 'only say what would be done');
  files(
    leaf(program, 'diff', 'what apply would change; exit 1 where there is a difference', async (context, _, options) =>
      (await import('./commands/apply.js')).diffFiles(context, options as unknown as FileOptions),
    ),
  ).addHelpText('after', '\nExits 0 without a difference, 1 with one, 2 or more where something failed.');
  leaf(
    program,
    'get <kind> [name...]',
    'resources of a kind; several kinds with commas',
    async (context, words, options) => (await import('./commands/get.js')).getResources(context, words, options),
  )
    .addOption(new Option('-o, --output <format>', 'how').choices(['yaml', 'json', 'wide', 'name']))
    .option('-l, --selector <selector>', 'only those whose labels it selects: "rack == \'r1\'"');
  leaf(program, 'describe <kind> [name...]', 'one resource and what there is to know of it', async (context, words) =>
    (await import('./commands/describe.js')).describeResources(context, words),
  );
  leaf(
    program,
    'delete [kind] [name...]',
    'delete resources by name, or those of files',
    async (context, words, options) => (await import('./commands/delete.js')).deleteResources(context, words, options),
  )
    .option('-f, --filename <file...>', FILES)
    .option('--skip-foreign', SKIP)
    .option('--ignore-not-found', 'what is not there is no failure')
    .option('--force', 'also of a node whose agent runs: what was said of it goes, and the node stays')
    .option('--dry-run', 'only say what would be done');
  leaf(program, 'schema [kind]', 'JSON Schema of a kind, or of whatever a file may hold', async (context, [kind]) =>
    (await import('./commands/schema.js')).printSchema(context, kind),
  );
}
