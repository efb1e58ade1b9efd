// What the children of run.mjs have in common: a pass for each line on standard input, its milliseconds as a line of JSON.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** `pass` returns { encode, prefill, decode } (decode per token), those it has. Ends with standard input. */
export async function servePasses(pass) {
  await pass(); // warms up
  console.log(JSON.stringify({ ready: true }));
  for await (const _ of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify({ ...(await pass()), peakMb: peakMb() }));
  }
}

function peakMb() {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1000;
}
