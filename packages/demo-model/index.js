// Path of the model. In this form every tool that copies what a program needs (Next.js, @vercel/nft) copies the model too;
// a `require.resolve` of a file that is no module is not followed by all of them.
const { join } = require('node:path');

module.exports = join(__dirname, 'shapes-mix-224-q8_0.gguf');
