declare module 'node-gyp-build' {
  /** Loads the addon that fits this process from build/Release or prebuilds under `dir`. */
  function load(dir: string): unknown;
  export = load;
}
