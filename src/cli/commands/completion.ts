/** `paligemma completion`: a script for a shell, made from the commands, so that it knows all of them and their options. */
import { Argument, Command, type Option } from 'commander';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { offeredFor } from '../flags.js';

/** What a script is made of. */
interface Spec {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Flag[];
  /** What its arguments can be, where they are a list; else they are files. */
  readonly words: readonly string[];
}

interface Flag {
  readonly long: string;
  readonly short: string | undefined;
  readonly doc: string;
  readonly takesValue: boolean;
  /** Its values, where some are known. */
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
  const words = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  return [command.name(), ...command.aliases()].map((name) => ({ name, summary, options, words }));
}

function flagOf(option: Option): Flag {
  const { long, short, description, required } = option;
  return {
    long: long ?? '',
    short,
    doc: description,
    takesValue: required,
    values: offeredFor(option),
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
${valueCases(specs, inOneWord)}  esac
  if [ -z "$words" ]; then case "$word" in
    -*) case "\${COMP_WORDS[1]}" in
${optionCases(specs, inOneWord)}    esac ;;
    *) case "\${COMP_WORDS[1]}" in
${wordCases(specs, inOneWord)}    esac ;;
  esac; fi
  COMPREPLY=()
  if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$word"))
  elif [[ $word != -* ]]; then COMPREPLY=($(compgen -f -- "$word")); fi
}
complete -o filenames -F _paligemma paligemma
`;
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
${valueCases(specs, inList)}  esac
  if (( ! $#words_of )); then
    if [[ $PREFIX == -* ]]; then case "\${words[2]}" in
${optionCases(specs, inList)}    esac
    else case "\${words[2]}" in
${wordCases(specs, inList)}    esac; fi
  fi
  if (( $#words_of )); then compadd -- $words_of; elif [[ $PREFIX != -* ]]; then _files; fi
}
compdef _paligemma paligemma
`;
}

/** How a shell sets the words that it offers. */
type Assign = (words: readonly string[]) => string;
const inOneWord: Assign = (words) => `words="${words.join(' ')}"`;
const inList: Assign = (words) => `words_of=(${words.map((word) => `'${word}'`).join(' ')})`;

/** The words for each option that has known values. */
function valueCases(specs: readonly Spec[], assign: Assign): string {
  return specs
    .flatMap(({ name, options }) =>
      options
        .filter(({ values }) => values.length > 0)
        .map((flag) => {
          const patterns = named(flag).map((one) => `'${name} ${one}'`);
          return `    ${patterns.join('|')}) ${assign(flag.values)} ;;\n`;
        }),
    )
    .join('');
}

function optionCases(specs: readonly Spec[], assign: Assign): string {
  return specs
    .map(({ name, options }) => `      ${name}) ${assign(options.flatMap(named))} ;;\n`)
    .join('');
}

function wordCases(specs: readonly Spec[], assign: Assign): string {
  return specs
    .filter(({ words }) => words.length > 0)
    .map(({ name, words }) => `      ${name}) ${assign(words)} ;;\n`)
    .join('');
}

function fish(specs: readonly Spec[]): string {
  const quote = (text: string): string =>
    `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = specs.flatMap(({ name, summary, options, words }) => [
    `complete -c paligemma -n __fish_use_subcommand -f -a ${name} -d ${quote(summary)}`,
    ...(words.length > 0
      ? [
          `complete -c paligemma -n '__fish_seen_subcommand_from ${name}' -f -a ${quote(words.join(' '))}`,
        ]
      : []),
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
