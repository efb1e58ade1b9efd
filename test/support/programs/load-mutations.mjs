// Loads a model again and again with one byte changed, and asks it. Arguments: model, file of mutations
// ([[offset, byte], …] as JSON), scratch file. Prints each mutation before it is tried and its outcome after it, so that
// the last line tells what ended the process.
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { ModelFileError, PaliGemma, PaliGemmaError } from '../../../lib/index.js';

const [path, list, scratch] = process.argv.slice(2);
const bytes = readFileSync(path);
const mutations = JSON.parse(readFileSync(list, 'utf8'));

async function outcome() {
  let model;
  try {
    model = await PaliGemma.load(scratch, { threads: 1, slots: 1 });
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    return error.code;
  }
  try {
    const size = model.info.imageSize;
    const data = new Uint8Array(size * size * 3).map((_, i) => i * 7);
    const picture = { data, width: size, height: size, channels: 3 };
    const { tokens } = await model.predict(picture, 'ocr', { maxTokens: 2 });
    if (tokens.some((id) => id < 0 || id >= model.info.vocabularySize))
      throw new Error(`${tokens}`);
    return 'answered';
  } catch (error) {
    // A context that has become shorter holds no prompt; values that have become infinite yield no answer.
    const known = ['ERR_ENGINE_NUMERIC', 'ERR_PROMPT_TOO_LONG'];
    if (!(error instanceof PaliGemmaError) || !known.includes(error.code)) throw error;
    return error.code;
  } finally {
    await model.dispose();
  }
}

for (const [offset, byte] of mutations) {
  writeSync(1, `${offset} ${byte} `);
  const before = bytes[offset];
  bytes[offset] = byte;
  writeFileSync(scratch, bytes);
  bytes[offset] = before;
  writeSync(1, `${await outcome()}\n`);
}
