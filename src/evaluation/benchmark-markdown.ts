/** Benchmarks of phrasings and of number types as Markdown. */
import { phrasingsTable, plain, shown, table } from './markdown.js';
import {
  bestText,
  type PromptBenchmark,
  promptsFailures,
  promptsTitle,
  promptsVerdict,
  questionName,
} from './prompt-findings.js';
import { percent, sentence } from './report/shown-text.js';
import { qualityTable, sizeTable } from './report/types-report.js';
import {
  type TypesReport,
  typesFailures,
  typesPower,
  typesTitle,
  typesVerdict,
} from './type-findings.js';

export function promptsMarkdown(benchmark: PromptBenchmark): string {
  const { questions } = benchmark;
  const failures = promptsFailures(benchmark);
  const columns = [
    ...['Question', 'Metric', 'Best phrasing', 'Figure', 'Worst phrasing', 'Figure'],
    ...['Spread', 'Answers that change', 'Rows', 'Failed'],
  ];
  return [
    `# ${plain(promptsTitle(benchmark))}`,
    ...['', plain(promptsVerdict(benchmark))],
    ...(failures === '' ? [] : ['', plain(failures)]),
    ...table(
      columns,
      questions.map((question) => {
        const { metric, phrasings, spread, flips, rows } = question.phrasings;
        const [best, worst] = [phrasings[0], phrasings.at(-1)];
        return [
          ...[plain(questionName(question)), `\`${metric}\``],
          ...[best, worst].flatMap((one) => [
            plain(one?.phrasing ?? ''),
            shown(one?.figure ?? null),
          ]),
          ...[shown(spread), percent(flips), String(rows), String(question.failed)],
        ];
      }),
    ),
    ...questions.flatMap((question) => [
      ...['', `## ${plain(questionName(question))}`, ''],
      plain(sentence(bestText(question.phrasings))),
      ...phrasingsTable(question.phrasings),
    ]),
    '',
  ].join('\n');
}

export function typesMarkdown(report: TypesReport): string {
  const [quality, sizes] = [qualityTable(report), sizeTable(report)];
  const sentences = [typesVerdict(report), typesPower(report), typesFailures(report)];
  const tableOf = ({ columns, lines, caption, notes }: typeof sizes): string[] => [
    ...['', `${plain(caption)}:`],
    ...table(
      columns,
      lines.map((line) => line.map(plain)),
    ),
    ...notes.flatMap((one) => ['', plain(one)]),
  ];
  return [
    `# ${plain(typesTitle(report))}`,
    ...sentences.filter((one) => one !== '').flatMap((one) => ['', plain(one)]),
    ...tableOf({ ...quality, notes: [...quality.reasons, ...quality.notes] }),
    ...tableOf(sizes),
    '',
  ].join('\n');
}
