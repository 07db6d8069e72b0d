/** The completion script of zsh. */
import type { CompletionNode } from './model.js';

export function zshCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `#compdef tortie
# zsh completion of tortie; load it with: source <(tortie completion zsh)
_tortie() {
  local path='' word asked=''
  local -a entries flags given
  for word in \${words[2,CURRENT-1]}; do
    case "\${path:+$path }$word" in
      ${paths.join(' | ')}) path="\${path:+$path }$word" ;;
      *) [[ -n $path && $word != -* ]] && given+=($word) ;;
    esac
  done
  case "$path \${words[CURRENT-1]}" in
${nodes.flatMap(valueCases).join('\n')}
  esac
  case "$path" in
${nodes.map(wordCase).join('\n')}
  esac
  if [[ -n $asked ]]; then
    entries+=(\${(f)"$(\${words[1]} completion-values $asked $given 2>/dev/null)"})
  fi
  _describe -t commands 'tortie' entries
  _describe -o -t options 'option' flags
}
if [[ $funcstack[1] == _tortie ]]; then
  _tortie "$@"
else
  compdef _tortie tortie
fi
`;
}

/** A word with its description, as _describe reads it. */
const entry = (word: string, description: string): string =>
  `'${`${word.replaceAll(':', '\\:')}${description ? `:${description}` : ''}`.replaceAll("'", "'\\''")}'`;

function valueCases({ path, options }: CompletionNode): string[] {
  return options.flatMap(({ flags, value }) => {
    if (!value) return [];
    const pattern = flags.map((flag) => `'${path} ${flag}'`).join(' | ');
    const action =
      value.type === 'file' ? '_files' : value.type === 'choice' ? `compadd ${value.choices.join(' ')}` : ':';
    return [`    ${pattern}) ${action}; return ;;`];
  });
}

function wordCase({ path, commands, options, values }: CompletionNode): string {
  const entries = commands.map(({ name, description }) => entry(name, description)).join(' ');
  const flags = options.flatMap((each) => each.flags.map((flag) => entry(flag, each.description))).join(' ');
  return `    '${path}') entries=(${entries}); flags=(${flags})${values ? `; asked=${values}` : ''} ;;`;
}
