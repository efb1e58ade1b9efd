// Greedy answers to all of a checkpoint's cases: node greedy.cjs MODEL CASES PICTURES. Prints the token ids of each,
// the reference's, and how sure the reference was of each.
const fs = require('node:fs');
const path = require('node:path');
const { PaliGemma } = require('node-paligemma');

const EOS = 1;

async function main([file, casesFile, pictures]) {
  const model = await PaliGemma.load(file, { exactGelu: true, kvType: 'f32' });
  const answers = [];
  for (const { image, prompt, suffix_ids: ids, logprob_and_margin: sure } of JSON.parse(
    fs.readFileSync(casesFile, 'utf8'),
  )) {
    const picture = path.join(pictures, image);
    if (!fs.existsSync(picture)) continue;
    const { tokens, finishReason } = await model.predict(picture, prompt, {
      maxTokens: ids.at(-1) === EOS ? 64 : ids.length,
    });
    answers.push({
      tokens: finishReason === 'stop' ? [...tokens, EOS] : tokens,
      reference: ids,
      margins: sure.map(([, margin]) => margin),
    });
  }
  await model.dispose();
  console.log(JSON.stringify(answers));
}
void main(process.argv.slice(2));
