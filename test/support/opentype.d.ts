/** What tests use of a package that has no types. */
declare module 'opentype.js' {
  export function parse(bytes: ArrayBufferLike): {
    readonly unitsPerEm: number;
    charToGlyph(character: string): { readonly index: number; readonly advanceWidth?: number };
  };
}
