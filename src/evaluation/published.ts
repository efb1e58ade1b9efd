/**
 * Figures that Google has published of PaliGemma's checkpoints, each with the metric that computes it, so that one is shown
 * beside a figure of the same metric, data set and split alone. Answers are greedy unless a note says otherwise.
 */

export interface PublishedModel {
  readonly family: 'PaliGemma' | 'PaliGemma 2';
  readonly size: '3b' | '10b' | '28b';
  readonly resolution: 224 | 448 | 896;
  /** Fine-tuned on the training data of the data set, or on a mixture of many. */
  readonly checkpoint: 'fine-tuned' | 'mix';
}

export interface PublishedFigure {
  /** As in metrics/registry.ts. */
  readonly metric: string;
  readonly dataset: string;
  readonly split: string;
  readonly model: PublishedModel;
  /** On the scale of the metric. */
  readonly figure: number;
  /** As it is printed: 100 times the figure. */
  readonly printed: number;
  readonly source: string;
  /** Whether a figure of one's own may be put beside it; the note says why not. */
  readonly isComparable: boolean;
  readonly note?: string | undefined;
}

const README =
  'https://github.com/google-research/big_vision/blob/main/big_vision/configs/proj/paligemma/README.md';
const CARD = 'https://huggingface.co/google/paligemma2-3b-pt-224';
const PAPER = 'https://arxiv.org/abs/2412.03555';

/** One line of a table of results: figures in the order of the columns, undefined where there is none. */
type Line = readonly [
  dataset: string,
  split: string,
  metric: string,
  printed: readonly (number | undefined)[],
  more?: Partial<Pick<PublishedFigure, 'note' | 'isComparable'>>,
];

const SERVER = {
  isComparable: false,
  note: 'by the test server; trained on the validation split as well',
};
const BEAMS = (count: number) => ({ note: `beam search of ${count}; greedy answers are lower` });
const LOWER_BEAMS = { note: 'beam search of 3, lower case; greedy answers are lower' };
const MEAN_OF_BOTH = {
  isComparable: false,
  note: 'mean of the human and the augmented part',
};

const LETTER = {
  isComparable: false,
  note: 'the letter of the right choice, which its evaluator takes out of a sentence',
};

const ACCURACY = 'vqa@leave-one-out';
const ANLS = 'anls@big_vision';
const CIDER = 'cider@pycocoevalcap';
const COUNT = 'count@tallyqa';
const MIOU = 'miou@refcoco';

/** README: 224, 448, 896; of the fine-tuned checkpoints. */
const FIRST: readonly Line[] = [
  ['TextVQA', 'test', ACCURACY, [55.47, 73.15, 76.48], SERVER],
  ['VQAv2', 'test', ACCURACY, [83.19, 85.64], SERVER],
  ['DocVQA', 'test', ANLS, [43.74, 78.02, 84.77], SERVER],
  ['InfoVQA', 'test', ANLS, [28.46, 40.47, 47.75], SERVER],
  ['ST-VQA', 'test', ANLS, [63.29, 81.82, 84.4], SERVER],
  ['ChartQA', 'test', 'relaxed@big_vision', [57.08, 71.36], MEAN_OF_BOTH],
  ['OCR-VQA', 'test', 'exact@lower', [73.24, 75.6, 75.9]],
  ['AI2D', 'test', 'exact@strict', [72.12, 73.28]],
  ['ScienceQA', 'test', 'exact@strict', [95.39, 95.93], LETTER],
  ['OKVQA', 'val', 'vqa@min3', [63.54, 63.15]],
  ['VizWiz', 'test', 'vqa@min3', [73.7, 75.52], SERVER],
  ['GQA', 'testdev_balanced', 'exact@strict', [65.61, 67.03]],
  ['NLVR2', 'test', 'exact@strict', [90.02, 88.93]],
  ['TallyQA', 'test_simple', COUNT, [81.72, 84.86]],
  ['TallyQA', 'test_complex', COUNT, [69.56, 72.27]],
  ['RefCOCO', 'val', MIOU, [73.4, 75.57, 76.94]],
  ['RefCOCO+', 'val', MIOU, [68.32, 69.76, 72.18]],
  ['RefCOCOg', 'val', MIOU, [67.65, 70.17, 72.22]],
  ['COCOcap', 'val', CIDER, [141.92, 144.6], BEAMS(2)],
  ['NoCaps', 'val', CIDER, [121.72, 123.58], BEAMS(2)],
  ['TextCaps', 'val', CIDER, [127.48, 153.94], LOWER_BEAMS],
  ['SciCap', 'test', CIDER, [162.25, 181.49]],
  ['Screen2Words', 'test', CIDER, [117.57, 119.59]],
  ['WidgetCap', 'test', CIDER, [136.07, 148.36], { note: 'the box is drawn in the picture' }],
];

/** README: 224, 448; of the mix checkpoints. */
const MIXED: readonly Line[] = [
  ['POPE', 'random', 'exact@lower', [88, 89.37]],
  ['POPE', 'popular', 'exact@lower', [86.63, 88.4]],
  ['POPE', 'adversarial', 'exact@lower', [85.67, 87.47]],
];

const UNNAMED = { note: 'the card names no split; this is the one of PaliGemma’s' };
const unnamed = (note: string) => ({ note: `${note}; ${UNNAMED.note}` });

/** Card: 224 with 3b, 10b, 28b, then 448. Means of five runs. */
const SECOND: readonly Line[] = [
  ['TextVQA', 'val', ACCURACY, [59.6, 64, 64.7, 75.2, 76.6, 76.2]],
  ['DocVQA', 'val', ANLS, [39.9, 43.9, 44.9, 73.6, 76.6, 76.1]],
  ['InfoVQA', 'val', ANLS, [25.2, 33.6, 36.4, 37.5, 47.8, 46.7]],
  ['ST-VQA', 'val', ANLS, [61.9, 64.3, 65.1, 80.5, 82, 81.8]],
  ['ChartQA', 'test_human', 'relaxed@big_vision', [42, 48.4, 46.8, 54, 66.4, 61.3], UNNAMED],
  ['ChartQA', 'test_aug', 'relaxed@big_vision', [74.4, 74.2, 68.9, 89.2, 90.1, 85.1], UNNAMED],
  ['OCR-VQA', 'test', 'exact@lower', [73.4, 74.7, 75.3, 75.7, 76.3, 76.6], UNNAMED],
  ['AI2D', 'test', 'exact@strict', [74.7, 83.1, 83.2, 76, 84.4, 84.6], UNNAMED],
  ['VQAv2', 'minival', ACCURACY, [83, 84.3, 84.5, 84.8, 85.8, 85.8]],
  ['OKVQA', 'val', 'vqa@min3', [64.2, 68, 71.2, 64.1, 68.6, 70.6], UNNAMED],
  ['GQA', 'testdev_balanced', 'exact@strict', [66.2, 67.2, 67.3, 68.1, 68.3, 68.3], UNNAMED],
  ['NLVR2', 'test', 'exact@strict', [91.4, 93.9, 94.2, 91.6, 93.7, 94.1], UNNAMED],
  ['ScienceQA', 'test', 'exact@strict', [96.1, 98.2, 98.2, 96.2, 98.5, 98.6], LETTER],
  ['TallyQA', 'test_simple', COUNT, [81.8, 83.2, 83.4, 85.3, 86.2, 85.7], UNNAMED],
  ['TallyQA', 'test_complex', COUNT, [70.3, 73.4, 74.2, 73.6, 76.7, 76.8], UNNAMED],
  [
    ...(['CountBenchQA', 'test', COUNT, [81, 84, 86.4, 82, 85.3, 87.4]] as const),
    { note: 'all of it' },
  ],
  ['VizWiz', 'val', 'vqa@min3', [76.4, 78.1, 78.7, 77.5, 78.6, 78.9]],
  ['RefCOCO', 'val', MIOU, [73.4, 75.9, 75, 76.3, 78.2, 77.3]],
  ['RefCOCO+', 'val', MIOU, [68.6, 72, 70.3, 72.1, 74.4, 72.8]],
  ['RefCOCOg', 'val', MIOU, [68.3, 71.4, 70.5, 72.3, 74.4, 73]],
  [
    ...(['COCOcap', 'val', CIDER, [141.3, 143.7, 144, 143.4, 145, 145.2]] as const),
    unnamed(BEAMS(2).note),
  ],
  [
    ...(['TextCaps', 'val', CIDER, [127.5, 137.9, 139.9, 152.1, 157.7, 153.6]] as const),
    unnamed(LOWER_BEAMS.note),
  ],
];

const UNKNOWN = {
  isComparable: false,
  note: 'the transfer has no public configuration, and its split is not known here',
};

/** Paper, table 11: 224, 448, 896, of PaliGemma 3b, PaliGemma 2 3b and 10b. */
const DETECTION: readonly Line[] = [
  ['COCO', 'val', 'map@pycocotools', [28.7, 37, 41.1, 30.4, 38.5, 42.3, 30.3, 39.2, 43.6], UNKNOWN],
  [
    ...(['DocLayNet', 'val', 'map@pycocotools'] as const),
    [50.8, 64.1, 66.5, 46.7, 62.5, 66.1, 50.4, 63.5, 66],
    UNKNOWN,
  ],
];

const RESOLUTIONS = [224, 448, 896] as const;
type Column = Omit<PublishedModel, 'checkpoint'>;

const first: readonly Column[] = RESOLUTIONS.map((resolution) => ({
  ...{ family: 'PaliGemma', size: '3b', resolution },
}));
const second = (size: PublishedModel['size']): readonly Column[] =>
  RESOLUTIONS.map((resolution) => ({ family: 'PaliGemma 2', size, resolution }));
const cardColumns: readonly Column[] = ([224, 448] as const).flatMap((resolution) =>
  (['3b', '10b', '28b'] as const).map((size) => ({ family: 'PaliGemma 2', size, resolution })),
);

function figuresOf(
  lines: readonly Line[],
  columns: readonly Column[],
  source: string,
  checkpoint: PublishedModel['checkpoint'],
): PublishedFigure[] {
  return lines.flatMap(([dataset, split, metric, values, { isComparable = true, note } = {}]) =>
    values.flatMap((printed, i) => {
      const column = columns[i];
      if (printed === undefined || column === undefined) return [];
      const model = { ...column, checkpoint };
      const figure = printed / 100;
      return [{ metric, dataset, split, model, figure, printed, source, isComparable, note }];
    }),
  );
}

export const PUBLISHED: readonly PublishedFigure[] = [
  ...figuresOf(FIRST, first, README, 'fine-tuned'),
  ...figuresOf(MIXED, first, README, 'mix'),
  ...figuresOf(SECOND, cardColumns, CARD, 'fine-tuned'),
  ...figuresOf(DETECTION, [...first, ...second('3b'), ...second('10b')], PAPER, 'fine-tuned'),
];

export interface PublishedQuery {
  readonly metric: string;
  /** As people write it: `TextVQA`, `textvqa`, `text-vqa`. */
  readonly dataset: string;
  readonly split: string;
  /** What is known of the model; all models where it is left out. */
  readonly model?: Partial<PublishedModel> | undefined;
}

/** The published figures of exactly this metric, data set and split. */
export function publishedFor({
  metric,
  dataset,
  split,
  model = {},
}: PublishedQuery): readonly PublishedFigure[] {
  return PUBLISHED.filter(
    (one) =>
      one.metric === metric &&
      nameOf(one.dataset) === nameOf(dataset) &&
      splitOf(one.split) === splitOf(split) &&
      Object.entries(model).every(
        ([key, value]) => value === undefined || one.model[key as keyof PublishedModel] === value,
      ),
  );
}

/** RefCOCO+ is another data set than RefCOCO. */
const nameOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9+]/g, '');

const splitOf = (split: string): string =>
  split.toLowerCase().replace(/^(valid|validation)(?=$|_)/, 'val');
