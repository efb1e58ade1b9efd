declare module 'node-gyp-build' {
  interface NodeGypBuild {
    /** Loads the addon under `dir`. */
    (dir: string): unknown;
    /** The file that would be loaded. Throws when there is none. */
    resolve(dir: string): string;
  }
  const nodeGypBuild: NodeGypBuild;
  export = nodeGypBuild;
}
