/** The completion script of bash. */
import type { CompletionNode, CompletionOption } from './model.js';

export function bashCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# bash completion of tortie; load it with: source <(tortie completion bash)
_tortie() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} path='' words='' asked='' word
  local -a given=()
  local index=1
  while ((index < COMP_CWORD)); do
    word=\${COMP_WORDS[index]}
    case "\${path:+$path }$word" in
      ${paths.join(' | ')}) path="\${path:+$path }$word" ;;
      *) [[ $path && $word != -* ]] && given+=("$word") ;;
    esac
    ((index++))
  done
  case "$path $previous" in
${nodes.flatMap(valueCases).join('\n')}
  esac
  case "$path" in
${nodes.map(wordCase).join('\n')}
  esac
  if [[ $asked && $current != -* ]]; then
    words+=" $("\${COMP_WORDS[0]}" completion-values "$asked" "\${given[@]}" 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _tortie tortie
`;
}

const quoted = (words: readonly string[]): string => `'${words.join(' ').replaceAll("'", '')}'`;

function valueCases({ path, options }: CompletionNode): string[] {
  return options.flatMap(({ flags, value }: CompletionOption) => {
    if (!value) return [];
    const pattern = flags.map((flag) => `'${path} ${flag}'`).join(' | ');
    const reply =
      value.type === 'file'
        ? 'COMPREPLY=($(compgen -f -- "$current"))'
        : value.type === 'choice'
          ? `COMPREPLY=($(compgen -W ${quoted(value.choices)} -- "$current"))`
          : 'COMPREPLY=()';
    return [`    ${pattern}) ${reply}; return ;;`];
  });
}

function wordCase({ path, commands, options, values }: CompletionNode): string {
  const words = [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)];
  return `    '${path}') words=${quoted(words)}${values ? ` asked=${values}` : ''} ;;`;
}
