/** The completion script of fish. */
import type { CompletionNode } from './model.js';

export function fishCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  const lines = [
    '# fish completion of tortie; load it with: tortie completion fish | source',
    'function __tortie_at',
    '    set -l path ""',
    '    for word in (commandline -opc)[2..]',
    '        set -l longer (string trim -- "$path $word")',
    `        contains -- "$longer" ${paths.join(' ')}; and set path $longer`,
    '    end',
    '    test "$path" = "$argv[1]"',
    'end',
    'function __tortie_given',
    '    set -l path ""',
    '    for word in (commandline -opc)[2..]',
    '        set -l longer (string trim -- "$path $word")',
    `        if contains -- "$longer" ${paths.join(' ')}`,
    '            set path $longer',
    '        else if test -n "$path"; and not string match -q -- \'-*\' $word',
    '            echo $word',
    '        end',
    '    end',
    'end',
    'complete -c tortie -f',
    ...nodes.flatMap(nodeLines),
  ];
  return `${lines.join('\n')}\n`;
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function nodeLines({ path, commands, options, values }: CompletionNode): string[] {
  const at = `complete -c tortie -n ${quoted(`__tortie_at "${path}"`)}`;
  const lines = commands.map(({ name, description }) => `${at} -a ${quoted(name)} -d ${quoted(description)}`);
  if (values) lines.push(`${at} -a '(tortie completion-values ${values} (__tortie_given) 2>/dev/null)'`);
  for (const { flags, description, value } of options) {
    const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
    const takes = !value
      ? ''
      : value.type === 'file'
        ? ' -r -F'
        : value.type === 'choice'
          ? ` -x -a ${quoted(value.choices.join(' '))}`
          : ' -x';
    lines.push(`${at} ${names.join(' ')}${takes} -d ${quoted(description)}`);
  }
  return lines;
}
