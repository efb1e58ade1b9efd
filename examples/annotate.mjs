// Finds and outlines shapes, draws them on the picture and writes it to a file.
// Usage: node examples/annotate.mjs [PICTURE] [MODEL.gguf] [OUTPUT.webp]
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { annotate, PaliGemma } from 'node-paligemma';

const [
  picture = fileURLToPath(new URL('./pictures/shapes.png', import.meta.url)),
  file,
  output = path.join(tmpdir(), 'annotated.webp'),
] = process.argv.slice(2);

const model = await PaliGemma.load(file);
try {
  const segments = [];
  for (const label of ['white circle', 'orange triangle', 'yellow square']) {
    const found = await model.segment(picture, label);
    segments.push(...found.segments);
  }
  for (const { label, score, mask } of segments) {
    console.log(`${label}: score ${score.toFixed(1)}, ${mask.area > 0 ? 'with a mask' : 'empty'}`);
  }
  await writeFile(output, await annotate(picture, segments, { format: 'webp' }));
  console.log(`drawn to ${path.basename(output)}`);
} finally {
  await model.dispose();
}
