// COCO's twelve figures of 5,000 pictures with 36,781 detections: ours and pycocotools, in turns, on the same random set.
// Usage: node bench/coco.mjs [ROUNDS]. Needs python3 with venv; pycocotools is installed below build/bench.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { COCO_BOXES, cocoFigures } from '../lib/evaluation/metrics/coco.js';

const rounds = Number(process.argv[2] ?? 3);
const [PICTURES, FOUND, CATEGORIES] = [5000, 36_781, 80];
const folder = path.join(import.meta.dirname, '..', 'build', 'bench');
const python = path.join(folder, 'python', 'bin', 'python');
mkdirSync(folder, { recursive: true });
if (!existsSync(python)) {
  const options = { stdio: /** @type {const} */ ('inherit') };
  execFileSync('python3', ['-m', 'venv', path.join(folder, 'python')], options);
  execFileSync(python, ['-m', 'pip', 'install', '-qq', 'pycocotools==2.0.11'], options);
}

let state = 1;
/** xorshift32, from 0 to 1. */
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}

/** @typedef {import('../lib/evaluation/metrics/coco.js').CocoBox} Box */
/** @type {import('../lib/evaluation/metrics/coco.js').CocoTruth<Box>[]} */
const truths = [];
/** @type {import('../lib/evaluation/metrics/coco.js').CocoFound<Box>[]} */
const found = [];
for (let image = 1; image <= PICTURES; image++) {
  for (let i = 0; i < 7; i++) {
    /** @type {Box} */
    const shape = [random() * 500, random() * 400, random() * 140 + 4, random() * 140 + 4];
    const category = 1 + Math.floor(random() * CATEGORIES);
    const [x, y, width, height] = shape;
    truths.push({ image, category, shape, area: width * height * 0.7, isCrowd: random() < 0.01 });
    /** @type {Box} */
    const near = [x + random() * 9, y + random() * 9, width, height];
    if (random() < 0.85) found.push({ image, category, shape: near, score: random() });
    if (random() < 0.3)
      found.push({ image, category, shape: [y, x, height, width], score: random() * 0.7 });
  }
}
found.length = Math.min(found.length, FOUND);
const file = path.join(folder, 'coco.json');
writeFileSync(file, JSON.stringify({ pictures: PICTURES, categories: CATEGORIES, truths, found }));

const PROGRAM = `
import contextlib, io, json, sys, time
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
case = json.load(open(sys.argv[1]))
with contextlib.redirect_stdout(io.StringIO()):
    truths = COCO()
    truths.dataset = dict(
        images=[dict(id=i) for i in range(1, case["pictures"] + 1)],
        categories=[dict(id=i) for i in range(1, case["categories"] + 1)],
        annotations=[dict(id=i + 1, image_id=t["image"], category_id=t["category"], bbox=t["shape"], area=t["area"],
                          iscrowd=int(t["isCrowd"])) for i, t in enumerate(case["truths"])])
    truths.createIndex()
    found = truths.loadRes([dict(image_id=f["image"], category_id=f["category"], bbox=f["shape"], score=f["score"])
                            for f in case["found"]])
    begin = time.perf_counter()
    run = COCOeval(truths, found, "bbox")
    run.evaluate(); run.accumulate(); run.summarize()
    seconds = time.perf_counter() - begin
print(json.dumps(dict(seconds=seconds, figures=list(run.stats))))
`;

console.log(
  `${os.cpus()[0]?.model}, ${PICTURES} pictures, ${found.length} detections, ${rounds} rounds`,
);
const times = { ours: [], pycocotools: [] };
for (let round = 0; round < rounds; round++) {
  const begin = performance.now();
  const figures = Object.values(cocoFigures(truths, found, COCO_BOXES));
  times.ours.push((performance.now() - begin) / 1000);
  const theirs = JSON.parse(execFileSync(python, ['-c', PROGRAM, file], { encoding: 'utf8' }));
  times.pycocotools.push(theirs.seconds);
  if (JSON.stringify(figures) !== JSON.stringify(theirs.figures)) throw new Error('figures differ');
}
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const [ours, theirs] = [median(times.ours), median(times.pycocotools)];
console.log(`node-paligemma   ${ours.toFixed(2)} s, the same figures to the bit`);
console.log(`pycocotools      ${theirs.toFixed(2)} s`);
console.log(`ratio            ${(theirs / ours).toFixed(1)}`);
