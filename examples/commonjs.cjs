// The same package through require().
// Usage: node examples/commonjs.cjs [PICTURE [MODEL]]
const path = require('node:path');
const { PaliGemma, PaliGemmaError } = require('node-paligemma');

const [
  picture = path.join(__dirname, 'pictures', 'shapes.png'),
  file = path.join(__dirname, '..', 'models', 'shapes-mix-224-q8_0.gguf'),
] = process.argv.slice(2);

async function main() {
  const model = await PaliGemma.load(file);
  try {
    const { text } = await model.predict(picture, 'caption en');
    console.log(text);
    await model.predict('no-such-file.png', 'caption en');
  } finally {
    await model.dispose();
  }
}

main().catch((error) => {
  // Every error of this package has a stable code; see docs/errors.md.
  if (!(error instanceof PaliGemmaError)) throw error;
  console.log(`${error.code}: ${error.message}`);
});
