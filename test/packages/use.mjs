// What a program does with the installed package, as an ES module.
import { createRequire } from 'node:module';
import path from 'node:path';
import { PaliGemma } from 'node-paligemma';

const root = path.dirname(createRequire(import.meta.url).resolve('node-paligemma/package.json'));
const picture = path.join(root, 'examples', 'pictures', 'shapes.png');
const model = await PaliGemma.load();
const { text: caption } = await model.caption(picture);
await model.dispose();
console.log(JSON.stringify({ caption }));
