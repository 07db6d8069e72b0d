/** The command tree as a completion script needs it: flat, each command with its path. */
import type { Command, Option } from 'commander';

export interface CompletionOption {
  readonly flags: readonly string[];
  readonly description: string;
  /** What its value is; absent: the option has none. */
  readonly value?:
    | { readonly type: 'file' | 'text' }
    | { readonly type: 'choice'; readonly choices: readonly string[] };
}

export interface CompletionNode {
  /** Words after `tortie`: `peers add`; empty for the root. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletionOption[];
  /** Names to be asked for when the script runs: `peers` or `labs`. */
  readonly values?: string;
}

/** Arguments of these names are completed by asking. */
const ASKED: Readonly<Record<string, string>> = {
  peer: 'peers',
  range: 'ranges',
  lab: 'labs',
  pool: 'pools',
  collector: 'collectors',
  service: 'services',
  secret: 'secrets',
  kind: 'kinds',
};

export function completionModel(program: Command): CompletionNode[] {
  const nodes: CompletionNode[] = [];
  const visit = (command: Command, path: string): void => {
    const children = command.commands.filter((child) => !isHidden(child));
    const argument = command.registeredArguments[0];
    const choices = argument?.argChoices ?? [];
    const values = argument ? ASKED[argument.name()] : undefined;
    nodes.push({
      path,
      commands: [
        ...children.map((child) => ({ name: child.name(), description: child.summary() || child.description() })),
        ...choices.map((name) => ({ name, description: '' })),
      ],
      options: [...command.options.filter(({ hidden }) => !hidden).map(option), HELP],
      ...(values === undefined ? {} : { values }),
    });
    for (const child of children) visit(child, `${path} ${child.name()}`.trim());
  };
  visit(program, '');
  return nodes;
}

const HELP: CompletionOption = { flags: ['-h', '--help'], description: 'display help' };

/** commander keeps this to itself. */
const isHidden = (command: Command): boolean => (command as unknown as { _hidden?: boolean })._hidden === true;

function option({ short, long, description, required, optional, argChoices, flags }: Option): CompletionOption {
  const value = !(required || optional)
    ? undefined
    : argChoices
      ? ({ type: 'choice', choices: argChoices } as const)
      : ({ type: /<(file|path|.*-file)>/i.test(flags) ? 'file' : 'text' } as const);
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    ...(value === undefined ? {} : { value }),
  };
}
