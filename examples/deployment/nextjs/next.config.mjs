/** @type {import('next').NextConfig} */
export default {
  // The package loads its addon from its own folder, so it must stay there instead of being bundled.
  serverExternalPackages: ['node-paligemma'],
  // Only for Docker and the like: `next build` then makes a folder that runs without node_modules.
  output: 'standalone',
};
