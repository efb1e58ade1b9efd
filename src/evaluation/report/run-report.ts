/** A run as one page that needs nothing else: its figures, how sure they are, and the rows that show most. */
import { type Html, paragraph, section } from '../../report/html.js';
import { type EvaluatedRow, isAnswered } from '../rows.js';
import type { Summary } from '../summary.js';
import { card, cards, havePrompts } from './cards.js';
import { confusionsSection } from './confusions.js';
import { coverageSection, thresholdSection } from './curves.js';
import { type Losses, lossesBy } from './loss.js';
import { figuresSection, groupsSection, headline, verdict } from './overview.js';
import { failuresSection, type Part, pageOf, settingsSection } from './page.js';
import { phrasingsSection } from './phrasings.js';
import { type Thumbs, withPictures } from './pictures.js';
import { isOfThings } from './rows.js';
import { figureText, plainText, rowsText } from './shown-text.js';

export interface RunReport {
  readonly title: string;
  /** As `run.json` has it. `task` is looked at, all else is printed. */
  readonly run: Readonly<Record<string, unknown>>;
  readonly summary: Summary;
  readonly rows: readonly EvaluatedRow[];
  /** What the paths of pictures are relative to. Default: the working folder. */
  readonly folder?: string;
  readonly signal?: AbortSignal;
}

const MOST_WORST = 24;

/** Rejects with the signal's reason. Pictures that cannot be read are boxes that say why. */
export async function htmlReport(report: RunReport): Promise<string> {
  const { title, run, summary, rows, folder = '.', signal } = report;
  signal?.throwIfAborted();
  const [first] = summary.figures;
  const losses = lossesBy(first?.id, rows);
  // Of several phrasings the figures are those of the first.
  const ordered = rows.toSorted((a, b) => a.index - b.index);
  const own = ordered.filter(({ phrasing }) => phrasing === ordered[0]?.phrasing);
  const begin = [
    verdict(summary),
    ...(first === undefined ? [] : [headline(first, summary.published ?? [])]),
  ];
  const found = await findings(report, own, losses);
  const worst = worstOf(own.filter(isAnswered), losses);
  const build = (thumbs: Thumbs): string => {
    const block = worst.length === 0 ? undefined : worstSection(worst, losses, thumbs);
    return pageOf(title, begin, [
      { title: 'Figures', id: 'figures', block: figuresSection(summary) },
      ...found,
      { title: 'Worst rows', id: 'worst', block },
      { title: 'Rows that failed', id: 'failures', block: failuresSection(rows) },
      { title: 'Settings', id: 'settings', block: settingsSection(run) },
    ]);
  };
  const images = worst.map(({ row }) => row.image);
  return withPictures(images, build, { folder, ...(signal && { signal }) });
}

/** What the rows say beyond their figures. */
async function findings(
  { run, summary, signal }: RunReport,
  rows: readonly EvaluatedRow[],
  losses: Losses,
): Promise<Part[]> {
  const { groups, phrasings } = summary;
  return [
    {
      ...{ title: 'Phrasings', id: 'phrasings' },
      block: phrasings && phrasingsSection(phrasings),
    },
    {
      ...{ title: `By ${plainText(groups?.field ?? '')}`, id: 'groups' },
      block: groupsSection(summary),
    },
    {
      ...{ title: 'Answering only when sure', id: 'sure' },
      block: rows.some(isOfThings) ? undefined : coverageSection(rows, losses),
    },
    {
      ...{ title: 'Which scores to take', id: 'threshold' },
      block: await thresholdSection(rows, signal),
    },
    {
      ...{ title: 'Confused characters', id: 'confusions' },
      block: run['task'] === 'ocr' ? await confusionsSection(rows, signal) : undefined,
    },
  ];
}

interface Judged {
  readonly row: EvaluatedRow;
  readonly loss: number;
}

/** None that is right. Of equally wrong ones, the first. */
function worstOf(rows: readonly EvaluatedRow[], losses: Losses): Judged[] {
  return rows
    .map((row) => ({ row, loss: losses.loss(row) }))
    .filter(({ loss }) => loss > 0)
    .sort((a, b) => b.loss - a.loss || a.row.index - b.row.index)
    .slice(0, MOST_WORST);
}

function worstSection(worst: readonly Judged[], losses: Losses, thumbs: Thumbs): Html {
  const isOfBoxes = worst.some(({ row }) => isOfThings(row));
  const legend = isOfBoxes
    ? 'Dashed lines are around what is there, solid ones around what was found.'
    : 'In the truth, what the answer lacks has a dotted line; in the answer, what the truth lacks has a solid one.';
  const hasPrompt = havePrompts(worst.map(({ row }) => row));
  const all = worst.map(({ row, loss }) => {
    const figure = losses.better === 'lower' ? loss : 1 - loss;
    const name = isOfThings(row) ? 'Found' : 'Answer';
    const note = `${losses.title} ${figureText(figure)}`;
    return card([{ name, row }], thumbs.get(row.image), { note, hasPrompt });
  });
  const words = `The ${rowsText(worst.length)} that ${worst.length === 1 ? 'is' : 'are'} most wrong by ${losses.title}. ${legend}`;
  return section('Worst rows', [paragraph(words), cards(all)], 'worst');
}
