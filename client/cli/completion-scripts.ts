import type { Command } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';
export const shells: readonly Shell[] = ['bash', 'zsh', 'fish'];

interface Word {
  readonly text: string;
  readonly help: string;
}

/** A command's words, by the path that leads to it: `''`, `daemon`, `daemon start` … */
interface Place {
  readonly path: string;
  readonly words: readonly Word[];
}

/** A script that completes commands and options, made from the command tree itself. */
export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program, '');
  switch (shell) {
    case 'bash':
      return bashScript(program.name(), places);
    case 'zsh':
      return zshScript(program.name(), places);
    case 'fish':
      return fishScript(program.name(), places);
    default:
      return shell satisfies never;
  }
}

function placesOf(command: Command, path: string): Place[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const options = help.visibleOptions(command).flatMap((option) => {
    const names = [option.long, option.short].filter((name): name is string => typeof name === 'string');
    return names.map((text) => ({ text, help: option.description }));
  });
  const words = [...children.map((child) => ({ text: child.name(), help: child.description() })), ...options];
  const below = children.flatMap((child) => placesOf(child, `${path} ${child.name()}`.trim()));
  return [{ path, words }, ...below];
}

/** The longest path of known commands among the words typed so far; the same walk in each shell's language. */
function bashScript(name: string, places: readonly Place[]): string {
  const cases = places.map(
    ({ path, words }) => `    ${quote(path)}) words=${quote(words.map(({ text }) => text).join(' '))} ;;`,
  );
  return `# ${name} completion for bash: eval "$(${name} completion bash)"
_${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words
  local paths=${quote(`|${places.map(({ path }) => path).join('|')}|`)}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    if [[ "$paths" == *"|\${path:+$path }$word|"* ]]; then path="\${path:+$path }$word"; fi
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ \${#COMPREPLY[@]} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _${name} ${name}
`;
}

function zshScript(name: string, places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => {
    const described = words.map(({ text, help }) => quote(`${text.replace(/:/g, '\\:')}:${help}`));
    return `    ${quote(path)}) choices=(${described.join(' ')}) ;;`;
  });
  return `#compdef ${name}
# ${name} completion for zsh: eval "$(${name} completion zsh)"
_${name}() {
  local word found=""
  local -a choices
  local paths=${quote(`|${places.map(({ path }) => path).join('|')}|`)}
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ "$paths" == *"|\${found:+$found }$word|"* ]]; then found="\${found:+$found }$word"; fi
  done
  case "$found" in
${cases.join('\n')}
  esac
  _describe '${name}' choices || _files
}
compdef _${name} ${name}
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const paths = places.map(({ path }) => quote(path)).join(' ');
  const lines = places.flatMap(({ path, words }) =>
    words.map(({ text, help }) => {
      const word = text.startsWith('--')
        ? `-l ${text.slice(2)}`
        : text.startsWith('-')
          ? `-s ${text.slice(1)}`
          : `-a ${text}`;
      return `complete -c ${name} -n ${quote(`test "$(__${name}_path)" = "${path}"`)} ${word} -d ${quote(help)}`;
    }),
  );
  return `# ${name} completion for fish: ${name} completion fish | source
function __${name}_path
  set -l path ''
  set -l known ${paths}
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$path $word")
    if contains -- "$next" $known
      set path "$next"
    end
  end
  echo "$path"
end
${lines.join('\n')}
`;
}

/** A shell word in single quotes. */
function quote(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`;
}
