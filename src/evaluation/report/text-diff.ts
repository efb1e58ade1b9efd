/** Two texts character by character: what is in both, and what is in one of them alone. */

export interface Piece {
  readonly kind: 'same' | 'lost' | 'added';
  readonly text: string;
}

/** Cells of a table of distances that are computed at most; of longer texts the middle is one piece. */
const MOST_CELLS = 1_000_000;

/** From `truth` to `answer`: with the fewest insertions, deletions and substitutions, the latter as one lost and one added. */
export function diff(truth: string, answer: string): Piece[] {
  const [a, b] = [[...truth], [...answer]];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) {
    end++;
  }
  const [lost, added] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const middle =
    lost.length * added.length > MOST_CELLS
      ? [...steps('lost', lost), ...steps('added', added)]
      : align(lost, added).flatMap(([from, to]): Step[] => {
          if (from === to) return [['same', from as string]];
          return [
            ...(from === undefined ? [] : [['lost', from] as const]),
            ...(to === undefined ? [] : [['added', to] as const]),
          ];
        });
  return joined([
    ...steps('same', a.slice(0, start)),
    ...middle,
    ...steps('same', a.slice(a.length - end)),
  ]);
}

type Step = readonly [kind: Piece['kind'], text: string];

const steps = (kind: Piece['kind'], characters: readonly string[]): Step[] =>
  characters.map((text) => [kind, text]);

/** Neighbours of one kind are one piece; in a stretch without anything equal, all that was lost is first. */
function joined(all: readonly Step[]): Piece[] {
  const pieces: Piece[] = [];
  let [lost, added] = ['', ''];
  const changed = (): void => {
    if (lost !== '') pieces.push({ kind: 'lost', text: lost });
    if (added !== '') pieces.push({ kind: 'added', text: added });
    [lost, added] = ['', ''];
  };
  let same = '';
  for (const [kind, text] of all) {
    if (kind === 'same') {
      changed();
      same += text;
      continue;
    }
    if (same !== '') pieces.push({ kind: 'same', text: same });
    same = '';
    if (kind === 'lost') lost += text;
    else added += text;
  }
  changed();
  if (same !== '') pieces.push({ kind: 'same', text: same });
  return pieces;
}

export type Pair = readonly [from: string | undefined, to: string | undefined];

/** Characters of one text beside those of the other, undefined where there is none; `a.length * b.length` cells. */
export function align(a: readonly string[], b: readonly string[]): Pair[] {
  const width = b.length + 1;
  const distances = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => distances[i * width + j] as number;
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      if (i === 0 || j === 0) {
        distances[i * width + j] = i + j;
        continue;
      }
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      distances[i * width + j] = Math.min(changed, at(i - 1, j) + 1, at(i, j - 1) + 1);
    }
  }
  const pairs: Pair[] = [];
  let [i, j] = [a.length, b.length];
  while (i > 0 || j > 0) {
    const [from, to] = [a[i - 1], b[j - 1]];
    const cost = from === to ? 0 : 1;
    if (i > 0 && j > 0 && at(i, j) === at(i - 1, j - 1) + cost) {
      pairs.push([from, to]);
      [i, j] = [i - 1, j - 1];
    } else if (i > 0 && at(i, j) === at(i - 1, j) + 1) {
      pairs.push([from, undefined]);
      i--;
    } else {
      pairs.push([undefined, to]);
      j--;
    }
  }
  return pairs.reverse();
}
