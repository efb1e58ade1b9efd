/**
 * The one-to-one matching of rows and columns with the largest sum: shortest augmenting paths, R. Jonker and
 * A. Volgenant, Computing 38, 1987; O(rows² · columns).
 */

/** For each row its column, or -1 where there are fewer columns than rows. `values`: one array for each row. */
export function bestMatching(values: readonly (readonly number[])[]): number[] {
  const columns = values[0]?.length ?? 0;
  if (values.length > columns) {
    const turned = Array.from({ length: columns }, (_, j) => values.map((row) => row[j] as number));
    const rows = bestMatching(turned);
    return values.map((_, i) => rows.indexOf(i));
  }
  return match(values, columns);
}

/** Of no more rows than columns. A column -1 stands for "no column yet", from which each row's path begins. */
function match(values: readonly (readonly number[])[], columns: number): number[] {
  const rowOf = new Int32Array(columns).fill(-1);
  const rowPrice = new Float64Array(values.length);
  const columnPrice = new Float64Array(columns);
  for (let begin = 0; begin < values.length; begin++) {
    const distance = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    const before = new Int32Array(columns).fill(-1);
    const isDone = new Uint8Array(columns);
    let [column, row, least] = [-1, begin, 0];
    while (row >= 0) {
      let next = -1;
      for (let j = 0; j < columns; j++) {
        if (isDone[j]) continue;
        // A cost is a value less.
        const cost = -(values[row]?.[j] as number) - (rowPrice[row] as number);
        const length = least + cost - (columnPrice[j] as number);
        if (length < (distance[j] as number)) {
          distance[j] = length;
          before[j] = column;
        }
        if (next < 0 || (distance[j] as number) < (distance[next] as number)) next = j;
      }
      column = next;
      least = distance[column] as number;
      isDone[column] = 1;
      row = rowOf[column] as number;
    }
    rowPrice[begin] = (rowPrice[begin] as number) + least;
    for (let j = 0; j < columns; j++) {
      if (!isDone[j]) continue;
      const change = least - (distance[j] as number);
      columnPrice[j] = (columnPrice[j] as number) - change;
      const taken = rowOf[j] as number;
      if (taken >= 0) rowPrice[taken] = (rowPrice[taken] as number) + change;
    }
    for (let j = column; j >= 0; ) {
      const previous = before[j] as number;
      rowOf[j] = previous < 0 ? begin : (rowOf[previous] as number);
      j = previous;
    }
  }
  return values.map((_, i) => rowOf.indexOf(i));
}
