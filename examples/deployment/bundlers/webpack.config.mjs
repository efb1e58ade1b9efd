export default {
  mode: 'production',
  target: 'node',
  entry: './caption.mjs',
  experiments: { outputModule: true },
  output: { module: true, filename: 'webpack.mjs' },
  // The package loads its addon from its own folder, so it must stay there instead of being bundled.
  externals: { 'node-paligemma': 'node-paligemma' },
};
