// node caption.mjs PICTURE [MODEL] prints a caption; so do the bundles that the scripts in package.json make from it.
import { PaliGemma } from 'node-paligemma';

const [picture, file] = process.argv.slice(2);
const model = await PaliGemma.load(file);
console.log((await model.caption(picture)).text);
await model.dispose();
