/** `paligemma completion`: a script for a shell, made from the commands, so that it knows all of them and their options. */
import { Argument, Command, type Option } from 'commander';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** What a script is made of. */
interface Spec {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Flag[];
}

interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly doc: string;
  readonly takesValue: boolean;
  /** Its values, where they are a list. */
  readonly values: readonly string[];
}

const SHELLS: Readonly<Record<string, (specs: readonly Spec[]) => string>> = { bash, zsh, fish };

export function completionCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('completion')
    .summary('print completions for a shell')
    .description('Prints a script that completes commands, options and their values on Tab.')
    .addArgument(new Argument('<shell>', 'whose completions').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma completion bash > ~/.local/share/bash-completion/completions/paligemma
  $ paligemma completion zsh > ~/.zfunc/_paligemma
  $ paligemma completion fish > ~/.config/fish/completions/paligemma.fish

For this shell alone: source <(paligemma completion bash)`,
    )
    .action(async (shell: string) => {
      const specs = (command.parent?.commands ?? []).flatMap(specsOf);
      await context.output.data(SHELLS[shell]?.(specs) ?? '');
      exit(EXIT.ok);
    });
  return command;
}

function specsOf(command: Command): Spec[] {
  const options = command.options.flatMap((option) => (option.long ? [flagOf(option)] : []));
  const summary = command.summary();
  return [command.name(), ...command.aliases()].map((name) => ({ name, summary, options }));
}

function flagOf({ long, short, description, flags, required }: Option): Flag {
  const [, choices = ''] = /<([^>]*\|[^>]*)>/.exec(flags) ?? [];
  return {
    long: long ?? '',
    short,
    doc: description,
    takesValue: required,
    values: choices === '' ? [] : choices.split('|'),
  };
}

const named = ({ long, short }: Flag): string[] => (short ? [short, long] : [long]);
const names = (specs: readonly Spec[]): string => specs.map(({ name }) => name).join(' ');

function bash(specs: readonly Spec[]): string {
  return `# paligemma completion bash
_paligemma() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names(specs)}" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]} $before" in
${valueCases(specs)}  esac
  if [ -z "$words" ]; then case "\${COMP_WORDS[1]}" in
${specs.map(({ name, options }) => `    ${name}) words="${options.flatMap(named).join(' ')}" ;;\n`).join('')}  esac; fi
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    *) case "$words" in
      -*|'') COMPREPLY=($(compgen -f -- "$word")) ;;
      *) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    esac ;;
  esac
}
complete -o filenames -F _paligemma paligemma
`;
}

/** `words` of each option that has a list of values. */
function valueCases(specs: readonly Spec[]): string {
  return specs
    .flatMap(({ name, options }) =>
      options
        .filter(({ values }) => values.length > 0)
        .map((flag) => {
          const patterns = named(flag).map((one) => `'${name} ${one}'`);
          return `    ${patterns.join('|')}) words="${flag.values.join(' ')}" ;;\n`;
        }),
    )
    .join('');
}

function zsh(specs: readonly Spec[]): string {
  return `#compdef paligemma
# paligemma completion zsh
_paligemma() {
  local words_of=()
  if (( CURRENT == 2 )); then
    compadd -- ${names(specs)}
    return
  fi
  case "\${words[2]} \${words[CURRENT-1]}" in
${valueCases(specs).replace(/words="([^"]*)"/g, 'words_of=($1)')}  esac
  if (( $#words_of )); then
    compadd -- $words_of
    return
  fi
  case "\${words[2]}" in
${specs.map(({ name, options }) => `    ${name}) words_of=(${options.flatMap(named).join(' ')}) ;;\n`).join('')}  esac
  if [[ $PREFIX == -* ]]; then compadd -- $words_of; else _files; fi
}
compdef _paligemma paligemma
`;
}

function fish(specs: readonly Spec[]): string {
  const quote = (text: string): string =>
    `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = specs.flatMap(({ name, summary, options }) => [
    `complete -c paligemma -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ...options.map(({ long, short, doc, takesValue, values }) => {
      const parts = [
        `complete -c paligemma -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}`,
        ...(short ? [`-s ${short.slice(1)}`] : []),
        ...(takesValue ? ['-r'] : []),
        ...(values.length > 0 ? [`-f -a ${quote(values.join(' '))}`] : []),
        `-d ${quote(doc.split(/[;(]/)[0]?.trim() ?? '')}`,
      ];
      return parts.join(' ');
    }),
  ]);
  return `# paligemma completion fish\n${lines.join('\n')}\n`;
}
