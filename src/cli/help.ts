/** How help looks: as wide as the terminal, common options first, the rest with --help-all. */
import { type Command, Help, Option } from 'commander';
import { ANSWER_OPTIONS } from '../options/tasks.js';
import { kebab } from '../remedies.js';

/** Longer lines are hard to read. */
const WIDEST = 100;
const USUAL = 80;
/** Narrower ones would break every word. */
const NARROWEST = 40;
/** Longer terms have their description on the lines below. */
const LONGEST_TERM = 26;
/** Of a description, and what is around its term. */
const NARROWEST_TEXT = 20;
const AROUND_TERM = 4;

/** Of options that many commands share, those that most users need. All others of these headings are shown with --help-all. */
const COMMON: ReadonlySet<string> = new Set(
  ['device', 'recursive', 'watch', 'resume', 'maxTokens', 'page'].map((name) => `--${kebab(name)}`),
);
/** Other headings come first. */
const HEADINGS: readonly string[] = ['Answering:', 'Printing:', 'Pictures:', 'Loading:'];
const SHARED_HEADINGS: readonly string[] = ['Loading:', 'Pictures:'];
const SHARED: ReadonlySet<string> = new Set(Object.keys(ANSWER_OPTIONS));

const ALL = '--help-all';

/** What the terminal says, or COLUMNS. */
export function helpWidth(stdout: { readonly columns?: number }, env: NodeJS.ProcessEnv): number {
  const known = stdout.columns ?? Number(env.COLUMNS);
  const width = Number.isInteger(known) && known > 0 ? known : USUAL;
  return Math.max(NARROWEST, Math.min(WIDEST, width));
}

/** Shapes the help of `command`. `width` in characters. */
export function shapeHelp(command: Command, width: number): void {
  let showsAll = false;
  const isShown = (option: Option): boolean => showsAll || isCommon(option);
  command.configureOutput({ getOutHelpWidth: () => width, getErrHelpWidth: () => width });
  command.configureHelp({
    minWidthToWrap: NARROWEST_TEXT,
    visibleOptions(of) {
      return Help.prototype.visibleOptions.call(this, of).filter(isShown);
    },
    // What a command is about before what all have.
    groupItems<T extends Command | Option>(
      _: T[],
      visible: T[],
      groupOf: (item: T) => string,
    ): Map<string, T[]> {
      const rank = (item: T): number => HEADINGS.indexOf(groupOf(item));
      const groups = new Map<string, T[]>();
      for (const item of [...visible].sort((a, b) => rank(a) - rank(b))) {
        const group = groups.get(groupOf(item));
        if (group) group.push(item);
        else groups.set(groupOf(item), [item]);
      }
      return groups;
    },
    subcommandTerm: (one) => [one.name(), ...one.aliases()].join('|'),
    padWidth(of, helper) {
      const longest = Math.min(LONGEST_TERM, width - AROUND_TERM - NARROWEST_TEXT);
      return Math.min(longest, Help.prototype.padWidth.call(this, of, helper));
    },
    formatItem(term, termWidth, description, helper) {
      const item = (first: string): string =>
        Help.prototype.formatItem.call(this, first, termWidth, description, helper);
      if (term.length <= termWidth) return item(term);
      return `  ${term}\n${item('')}`;
    },
  });
  const hidden = command.options.filter((option) => !isCommon(option));
  // Options of the program are taken from anywhere on the line.
  if (command.parent === null) return;
  // Those without others take it too, but need not name it.
  command.addOption(new Option(ALL, 'show all options').hideHelp(hidden.length === 0));
  command.on(`option:${ALL.slice(2)}`, () => {
    showsAll = true;
    command.help();
  });
  command.addHelpText('after', () =>
    showsAll || hidden.length === 0 ? '' : `\n${ALL} shows ${hidden.length} more options.`,
  );
}

function isCommon(option: Option): boolean {
  if (option.long === ALL || COMMON.has(option.long ?? '')) return true;
  const { helpGroupHeading: heading = '' } = option;
  if (SHARED_HEADINGS.includes(heading)) return false;
  return !(heading === 'Answering:' && SHARED.has(option.attributeName()));
}

/** Lines of at most `width` characters. Examples stay as they are, and headings end with a colon. */
export function wrapped(text: string, width: number): string {
  return text
    .replace(/(?<=^\S.*[^:\n])\n(?=\S)/gm, ' ')
    .split('\n')
    .map((line) => (/^\s*\$ /.test(line) ? line : fold(line, width)))
    .join('\n');
}

/** What follows is below the description where there is a term before it, else below the text. */
function fold(line: string, width: number): string {
  if (line.length <= width) return line;
  const [indent = '', term = ''] = /^\s*(\S+(?: \S+)*? {2,})?/.exec(line) ?? [];
  const isTight = term !== '' && width - indent.length < NARROWEST_TEXT;
  const isTerm = line.startsWith(`${indent}-`);
  const hanging = ' '.repeat(isTight || isTerm ? 2 * AROUND_TERM : indent.length);
  const lines: string[] = [];
  let last = indent;
  // A list of values may be broken as well: `<auto|cpu|cuda>`.
  for (const word of line.slice(indent.length).split(/(?<= )|(?<=\|)/)) {
    if (last.trim() !== '' && last !== indent && (last + word).trimEnd().length > width) {
      lines.push(last.trimEnd());
      last = hanging;
    }
    last += word;
  }
  return [...lines, last].join('\n');
}
