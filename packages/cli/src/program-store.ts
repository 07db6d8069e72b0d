/** `tortie store`: the part of the command tree that works on stores themselves, without an agent. */
import type { Command } from 'commander';
import type { Leaf } from './program.js';

export function storeCommands(leaf: Leaf, store: Command): void {
  const load = () => import('./commands/store.js');
  const NOTE = '\nThe file has the passwords of peers in plain text. - is standard output, or input.';
  leaf(
    store,
    'export <file>',
    'write all of the store to a file, at one moment; agents may run',
    async (context, [file], { config }) => (await load()).exportTo(context, file!, String(config)),
  )
    .requiredOption('-c, --config <file>', "the agent's configuration file, which says where the store is")
    .addHelpText('after', NOTE);
  leaf(
    store,
    'import <file>',
    'put an exported store into an empty one: after a loss, or on the way to etcd; agents must be stopped',
    async (context, [file], { config }) => (await load()).importFrom(context, file!, String(config)),
  )
    .requiredOption('-c, --config <file>', "the agent's configuration file, which says where the store is")
    .addHelpText('after', NOTE);
}
