/** Packages that JavaScript here uses and a clone does not install. */
declare module 'node-llama-cpp';
declare module 'next' {
  export type NextConfig = Readonly<Record<string, unknown>>;
}
