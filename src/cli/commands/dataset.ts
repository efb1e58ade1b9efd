/** `paligemma dataset`: what a data set holds, what is wrong with it, and its rows in PaliGemma's own format. */
import path from 'node:path';
import { Command } from 'commander';
import type { DatasetReport, Picture } from '../../datasets/check.js';
import type { Dataset } from '../../datasets/open.js';
import type { Row } from '../../datasets/rows.js';
import { DATASET_OPTIONS } from '../../options/dataset.js';
import { type Parsed, parseOptions } from '../../options/option.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { addFlags, givenFlags } from '../flags.js';
import { columns } from '../output.js';

type Options = Parsed<typeof DATASET_OPTIONS>;
type Flags = Readonly<Record<string, unknown>> & { readonly json?: true };

/** Labels that the table lists. */
const SHOWN = 20;

export function datasetCommand(context: Context, exit: (code: ExitCode) => void): Command {
  const command = new Command('dataset')
    .summary('check a data set, convert it to PaliGemma JSON lines')
    .description(
      'Reads every row and every picture of a data set and shows what it holds and what is wrong with it. Formats: ' +
        'PaliGemma JSON lines, CSV, Parquet, COCO, VQA, folders by class, and what Roboflow and Hugging Face export as these.',
    )
    .argument('<path>', 'file or folder')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma dataset export/
  $ paligemma dataset annotations/instances_val2017.json -o val.jsonl
  $ paligemma dataset rows.csv -o rows.jsonl --split 0.8 --seed 1

The exit code is 6 when something is wrong with the data.`,
    )
    .action(async (file: string, flags: Flags) => {
      const options = parseOptions('dataset', DATASET_OPTIONS, givenFlags(DATASET_OPTIONS, flags));
      if (options.split !== undefined && options.output === undefined) {
        command.error('error: --split needs --output, the file that is split');
      }
      const [{ openDataset }, { FAULTS }] = await Promise.all([
        import('../../datasets/open.js'),
        import('../../datasets/check.js'),
      ]);
      const dataset = await openDataset(file);
      const { report, pictures } = await check(context, dataset);
      if (flags.json) await context.output.json(report, 2);
      else await context.output.data(describe(report, FAULTS));
      if (options.output !== undefined) {
        await convert(context, dataset, pictures, { ...options, output: options.output });
      }
      exit(report.faults.length > 0 ? EXIT.someFailed : EXIT.ok);
    });
  addFlags(command, 'Converting:', DATASET_OPTIONS);
  return command;
}

async function check({ output, signal }: Context, dataset: Dataset) {
  const { checkDataset } = await import('../../datasets/check.js');
  const count = output.count('rows');
  try {
    return await checkDataset(dataset, {
      signal,
      onRow: (done) => count.update({ done, failed: 0, before: 0, total: undefined }),
    });
  } finally {
    count.done();
  }
}

/** Rows whose pictures cannot be read are left out; a row that cannot be read itself is an error. */
async function convert(
  { output, signal }: Context,
  dataset: Dataset,
  pictures: ReadonlyMap<string, Picture>,
  options: Options & { readonly output: string },
): Promise<void> {
  const { checkShare, splitPictures } = await import('../../datasets/split.js');
  const { writeRows } = await import('../../datasets/write.js');
  const { dir, name, ext } = path.parse(options.output);
  const part = (split: string): string => path.join(dir, `${name}.${split}${ext}`);
  const files = options.split === undefined ? [options.output] : [part('train'), part('valid')];
  // Copies of a picture stay together, whatever their names.
  const contentOf = (row: Row): string | undefined => pictures.get(row.image)?.content;
  let leftOut = 0;
  let masks = 0;
  async function* usable(): AsyncGenerator<Row, void> {
    for await (const row of dataset.rows({ signal })) {
      const picture = pictures.get(row.image);
      if (picture === undefined || 'error' in picture) {
        leftOut++;
        continue;
      }
      const { expected } = row;
      if (expected.kind === 'objects') {
        masks += expected.objects.filter((object) => 'mask' in object).length;
      } else if (expected.kind === 'reference' && expected.mask !== undefined) masks++;
      yield row;
    }
  }
  const [first = '', second = first] = files;
  const contents = [...pictures.values()].flatMap((one) => ('size' in one ? [one.content] : []));
  if (options.split !== undefined) checkShare(options.split, new Set(contents).size);
  const inFirst = splitPictures(contents, options.split ?? 1, options.seed);
  const counts = await writeRows(usable(), files, {
    overwrite: options.overwrite,
    pictures: path.join(dir, `${name}.pictures`),
    fileOf: (row) => (inFirst.has(contentOf(row) ?? '') ? first : second),
  });
  for (const [file, rows] of counts) output.note(`${file}: ${plural(rows, 'row')}`);
  if (leftOut > 0) output.note(`left out: ${plural(leftOut, 'row')} without a readable picture`);
  if (masks > 0) output.note(`left out: ${plural(masks, 'mask')}; boxes only are written`);
}

function describe(report: DatasetReport, meanings: Readonly<Record<string, string>>): string {
  const { splits, labels, faults } = report;
  const names = Object.keys(labels);
  const parts = [
    columns([
      ['path', report.path],
      ['format', report.format],
      [
        'rows',
        Object.entries(splits)
          .map(([split, rows]) => (split === 'all' ? `${rows}` : `${rows} ${split}`))
          .join(', ') || '0',
      ],
      ['pictures', `${report.pictures}`],
    ]),
  ];
  if (names.length > 0) {
    const rows = names.slice(0, SHOWN).map((name) => [name, `${labels[name]}`]);
    if (names.length > SHOWN) rows.push([`… (${names.length} labels)`, '']);
    parts.push(`labels\n${indented(columns(rows, [1]))}`);
  }
  if (faults.length === 0) parts.push('no faults\n');
  for (const { kind, count, first } of faults) {
    const lines = first.map(({ at, message }) => (at === '' ? message : `${at}: ${message}`));
    if (count > first.length) lines.push(`… ${count - first.length} more`);
    parts.push(`${kind}: ${count} (${meanings[kind]})\n${indented(`${lines.join('\n')}\n`)}`);
  }
  return parts.join('\n');
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
