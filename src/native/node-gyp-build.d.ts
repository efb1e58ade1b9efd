declare module 'node-gyp-build' {
  /** Loads the addon that fits this process from build/Release or prebuilds under `dir`. */
  export default function load(dir: string): unknown;
}
