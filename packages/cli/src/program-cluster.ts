/** The commands about this node's part in the cluster. */
import type { Command } from 'commander';
import type { Leaf } from './program.js';

interface PlanOptions {
  readonly filename: readonly string[];
  readonly delete?: boolean;
}

export function clusterCommands(leaf: Leaf, program: Command, cluster: Command, secrets: Command): void {
  leaf(
    program,
    'plan',
    'what would become of sessions and routes if the resources of files were so',
    async (context, _, options) =>
      (await import('./commands/plan.js')).planFiles(context, options as unknown as PlanOptions),
  )
    .requiredOption(
      '-f, --filename <file...>',
      'file, folder, or - for standard input; YAML or JSON, several documents',
    )
    .option('--delete', 'if they were gone');
  leaf(
    program,
    'doctor',
    'what looks wrong, and what would be right; exit 1 where there is anything',
    async (context) => (await import('./commands/plan.js')).doctor(context),
  );
  const maintenance = () => import('./commands/drain.js');
  leaf(
    program,
    'drain',
    'have traffic leave this node before maintenance (RFC 8326); sessions and forwarding go on',
    async (context, _, options) => (await maintenance()).drainNode(context, options),
  ).option('--wait <seconds>', 'how long routes are told for graceful shutdown before they are withdrawn; default 30');
  leaf(program, 'undrain', 'use this node again', async (context) => (await maintenance()).undrainNode(context));
  const load = () => import('./commands/cluster.js');
  leaf(cluster, 'sessions', 'sessions that follow from resources, and what asks for each', async (context) =>
    (await load()).showSessions(context),
  );
  leaf(cluster, 'pending', 'changes that are held, and why; exit 1 when there are any', async (context) =>
    (await load()).showPending(context),
  );
  leaf(cluster, 'confirm <id>', 'let a change go that is held', async (context, [id]) =>
    (await load()).confirmChange(context, id!),
  );
  leaf(secrets, 'list', 'secrets in the store, without what is in them', async (context) =>
    (await load()).listSecrets(context),
  );
  leaf(
    secrets,
    'set <secret> <key>',
    'set a key of a secret; the password comes from standard input',
    async (context, [name, key]) => (await load()).setSecret(context, name!, key!),
  );
  leaf(secrets, 'rm <secret> [key]', 'delete a secret, or one of its keys', async (context, [name, key]) =>
    (await load()).removeSecret(context, name!, key),
  );
}
