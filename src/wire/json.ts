/** JSON as every front of the package writes it. */

/** A value as JSON; numbers that JSON does not have become text. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, jsonSafe, indent);
}

/** GGUF metadata hold 64-bit numbers and non-finite floats, which JSON has no numbers for. */
function jsonSafe(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
