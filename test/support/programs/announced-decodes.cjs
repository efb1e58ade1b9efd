/** Preloaded by an engine's child process: it tells its parent of every picture that it has decoded. */
const path = require('node:path');
const { native } = require(path.join(__dirname, '..', '..', '..', 'lib', 'native', 'binding.js'));

const binding = native();
const { resize } = binding;
binding.resize = (...args) => {
  process.send({ kind: 'decoded' });
  return resize.apply(binding, args);
};
