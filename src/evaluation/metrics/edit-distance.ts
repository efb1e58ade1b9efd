/**
 * Edit distances between sequences of ids: code points of texts, or words. Bit-parallel, 32 rows of the table at a time:
 * G. Myers, "A fast bit-vector algorithm for approximate string matching", JACM 46(3), 1999, in H. Hyyrö's form for blocks
 * (Nordic Journal of Computing 10, 2003); the longest common subsequence as in Hyyrö, "Bit-parallel LCS-length
 * computation revisited", 2004.
 */

/** Of a block: rows of the table that one integer holds. */
const BITS = 32;
const TWO_TO_32 = 2 ** BITS;

/** For each id of `pattern`, the rows where it is, a block after the other. */
function rowsOf(pattern: ArrayLike<number>, blocks: number): Map<number, Int32Array> {
  const rows = new Map<number, Int32Array>();
  for (let i = 0; i < pattern.length; i++) {
    const id = pattern[i] as number;
    let bits = rows.get(id);
    if (bits === undefined) {
      bits = new Int32Array(blocks);
      rows.set(id, bits);
    }
    bits[i >>> 5] = (bits[i >>> 5] as number) | (1 << (i & 31));
  }
  return rows;
}

/** Insertions, deletions and substitutions, each of cost 1, that make one sequence out of the other. */
export function levenshtein(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [pattern, text] = a.length <= b.length ? [a, b] : [b, a];
  if (pattern.length === 0) return text.length;
  const blocks = Math.ceil(pattern.length / BITS);
  const rows = rowsOf(pattern, blocks);
  // Whether a row is one more, or one less, than the row above it.
  const more = new Int32Array(blocks).fill(-1);
  const less = new Int32Array(blocks);
  const last = 1 << ((pattern.length - 1) & 31);
  const none = new Int32Array(blocks);
  let distance = pattern.length;
  for (let j = 0; j < text.length; j++) {
    const equal = rows.get(text[j] as number) ?? none;
    // How the row above the block differs from its left neighbour: above the table each is one more.
    let above = 1;
    for (let k = 0; k < blocks; k++) {
      const [vp, vn] = [more[k] as number, less[k] as number];
      const match = (equal[k] as number) | (above < 0 ? 1 : 0);
      const d0 = (((match & vp) + vp) ^ vp) | match | vn;
      let hp = vn | ~(d0 | vp);
      let hn = d0 & vp;
      const bottom = k === blocks - 1 ? last : 1 << 31;
      const below = hp & bottom ? 1 : hn & bottom ? -1 : 0;
      hp = (hp << 1) | (above > 0 ? 1 : 0);
      hn = (hn << 1) | (above < 0 ? 1 : 0);
      more[k] = hn | ~(d0 | hp);
      less[k] = d0 & hp;
      above = below;
    }
    distance += above;
  }
  return distance;
}

/** Length of the longest sequence that both contain in order, with gaps or without. */
function commonLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [pattern, text] = a.length <= b.length ? [a, b] : [b, a];
  if (pattern.length === 0) return 0;
  const blocks = Math.ceil(pattern.length / BITS);
  const rows = rowsOf(pattern, blocks);
  // A bit is 0 where the length grows at its row.
  const flat = new Int32Array(blocks).fill(-1);
  for (let j = 0; j < text.length; j++) {
    const equal = rows.get(text[j] as number);
    if (equal === undefined) continue;
    let carry = 0;
    for (let k = 0; k < blocks; k++) {
      const bits = flat[k] as number;
      const hits = bits & (equal[k] as number);
      const sum = (bits >>> 0) + (hits >>> 0) + carry;
      carry = sum >= TWO_TO_32 ? 1 : 0;
      flat[k] = sum | (bits & ~hits);
    }
  }
  let length = 0;
  for (let i = 0; i < pattern.length; i++) {
    if (((flat[i >>> 5] as number) & (1 << (i & 31))) === 0) length++;
  }
  return length;
}

/** Insertions and deletions alone: a substitution costs 2. */
export function indel(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return a.length + b.length - 2 * commonLength(a, b);
}
