/** Words with boxes, put together to the text that a person would read. */

/** x, y of the left upper corner, width and height. */
export interface Word {
  readonly text: string;
  readonly box: readonly [number, number, number, number];
}

export function isWord(value: unknown): value is Word {
  const { text, box } = (value ?? {}) as Readonly<Record<string, unknown>>;
  const isBox = Array.isArray(box) && box.length === 4 && box.every(Number.isFinite);
  return typeof text === 'string' && isBox;
}

/** Words whose middle is within a line's height are on it; lines from top to bottom, words from left to right. */
export function textOfWords(words: readonly Word[]): string {
  const lines: Word[][] = [];
  const byTop = [...words].sort((a, b) => a.box[1] - b.box[1]);
  for (const word of byTop) {
    const middle = word.box[1] + word.box[3] / 2;
    const line = lines.find(([first]) => {
      const [, y, , height] = (first as Word).box;
      return middle >= y && middle < y + height;
    });
    if (line) line.push(word);
    else lines.push([word]);
  }
  return lines
    .map((line) =>
      line
        .sort((a, b) => a.box[0] - b.box[0])
        .map(({ text }) => text)
        .join(' '),
    )
    .join('\n');
}
