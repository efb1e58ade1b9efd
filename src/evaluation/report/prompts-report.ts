/** Asking in many words as one page: where the wording matters, and each question with all its phrasings. */
import { barChart } from '../../report/bar-chart.js';
import { charts, element, type Html, link, paragraph, section, table } from '../../report/html.js';
import type { PhrasingFigure } from '../phrasings.js';
import {
  isShown,
  isSilent,
  type PromptBenchmark,
  type PromptQuestion,
  promptsFailures,
  promptsTitle,
  promptsVerdict,
  questionName,
} from '../prompt-findings.js';
import { callout } from './overview.js';
import { pageOf, reportOf, settingsSection } from './page.js';
import { phrasingsSection } from './phrasings.js';
import { count, figureText, percent, plainText } from './shown-text.js';

export function htmlPrompts(benchmark: PromptBenchmark): string {
  const { questions, settings, count: pictures } = benchmark;
  const matters = questions.some(({ phrasings }) => isShown(phrasings));
  const failures = promptsFailures(benchmark);
  return pageOf(
    promptsTitle(benchmark),
    [
      callout('neutral', matters ? 'It matters' : 'Not shown to matter', promptsVerdict(benchmark)),
      ...(failures === '' ? [] : [callout('bad', 'Incomplete', failures)]),
      paragraph(
        `${count(pictures)} drawn pictures of each set, whose truth is exact; each question is asked about each of them in all its phrasings. What holds for drawn pictures need not hold for photographs.`,
      ),
    ],
    [
      { title: 'Questions', id: 'questions', block: questionsSection(questions) },
      ...questions.map((question) => ({
        title: questionName(question),
        id: idOf(question),
        block: phrasingsSection(question.phrasings, {
          ...{ name: questionName(question), id: idOf(question) },
          more: [element('p', {}, 'Its rows with their pictures: ', reportOf(question.run))],
        }),
      })),
      {
        title: 'Settings',
        id: 'settings',
        block: settingsSection(settings, 'What all runs have in common'),
      },
    ],
  );
}

const idOf = ({ set, kind }: PromptQuestion): string => `${set}-${kind}`;

function questionsSection(questions: readonly PromptQuestion[]): Html {
  const lines = questions.map((question) => {
    const { metric, phrasings, spread, flips, rows } = question.phrasings;
    const name = link(`#${idOf(question)}`, questionName(question));
    return [
      element('div', {}, name, element('div', { class: 'note' }, metric)),
      ...[phrasingCell(phrasings[0]), phrasingCell(phrasings.at(-1))],
      ...[figureText(spread), matterText(question), percent(flips), rows, question.failed],
    ];
  });
  const columns = [
    ...['Question', 'Best phrasing', 'Worst phrasing', 'Spread', 'The wording'],
    ...['Answers that change', 'Rows', 'Failed'],
  ];
  return section(
    'Questions',
    [
      charts([rangesOf(questions)], 'Figures of the phrasings of each question'),
      table(columns, lines, 'Each question with its best and its worst phrasing'),
      paragraph(
        'The wording matters where a phrasing is shown to be worse than the best, corrected by Holm for how many there are. “Not shown” does not mean that it does not matter: each question below says which difference its rows could show. The best is the best of these rows, so that spreads come out somewhat too wide.',
      ),
    ],
    'questions',
  );
}

function matterText({ phrasings }: PromptQuestion): string {
  if (phrasings.rows === 0) return 'no row to compare';
  if (isShown(phrasings)) return 'matters';
  return isSilent(phrasings) ? 'nothing is right' : 'not shown';
}

/** The whole phrasing is in the part of its question. */
const phrasingCell = (one: PhrasingFigure | undefined): Html => {
  const figure = element('strong', {}, figureText(one?.figure ?? null));
  return element('div', {}, figure, element('div', {}, plainText(one?.phrasing ?? '', 80)));
};

/** From the worst to the best phrasing of each question. All metrics of drawn sets are shares. */
const rangesOf = (questions: readonly PromptQuestion[]) =>
  barChart({
    title: 'From the worst to the best phrasing',
    subtitle: 'each phrasing a dot, higher is better',
    ...{ xLabel: '', names: 'above', xMax: 1 },
    bars: questions.map((question) => {
      const dots = question.phrasings.phrasings.flatMap(({ figure }) => figure ?? []);
      const [from, value] = [Math.min(...dots), Math.max(...dots)];
      return {
        name: plainText(questionName(question)),
        ...(dots.length === 0 ? { value: 0, note: 'none' } : { from, value, dots }),
        ...(dots.length > 0 && { note: `${figureText(from)} to ${figureText(value)}` }),
      };
    }),
  });
