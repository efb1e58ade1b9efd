/** Bytes of a stream cut into lines, for lists of paths and files of results. What a line means is decided elsewhere. */

export interface Line {
  /** Without its line feed. */
  readonly bytes: Buffer;
  /** false for what follows the last line feed. */
  readonly ended: boolean;
}

const LINE_FEED = 10;

/** Yields each line as soon as its line feed is there; nothing for an empty rest. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Line, void> {
  // Parts of a line that goes on: joined once, not with every chunk.
  let parts: Buffer[] = [];
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk as Uint8Array);
    for (let end = rest.indexOf(LINE_FEED); end >= 0; end = rest.indexOf(LINE_FEED)) {
      yield { bytes: Buffer.concat([...parts, rest.subarray(0, end)]), ended: true };
      parts = [];
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) parts.push(rest);
  }
  if (parts.length > 0) yield { bytes: Buffer.concat(parts), ended: false };
}
