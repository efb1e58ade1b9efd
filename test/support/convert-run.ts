/** Runs the converter on checkpoints that tests made up, and compares what comes out. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { type ConvertReport, convert } from '../../src/convert/convert.js';
import { type Gguf, readGguf } from './convert-gguf.js';
import { copyOf, type Tensor, type Tensors, writeSingle } from './convert-sources.js';

export interface Converted {
  readonly gguf: Gguf;
  readonly notes: readonly string[];
  readonly report: ConvertReport;
}

let files = 0;

/** Converts to f32 into `folder`, and reads the file back. */
export async function convertedIn(
  folder: string,
  source: string,
  options: object = {},
): Promise<Converted> {
  const output = path.join(folder, `converted-${files++}.gguf`);
  const report = await convert({ source, output, type: 'f32', ...options });
  return { gguf: readGguf(output), notes: report.notes, report };
}

export function expectSameTensors(a: Gguf, b: Gguf): void {
  expect([...a.tensors.keys()]).toEqual([...b.tensors.keys()]);
  for (const [name, tensor] of b.tensors) {
    expect(a.tensors.get(name)?.shape, name).toEqual(tensor.shape);
    expect(a.tensors.get(name)?.padded.equals(tensor.padded), name).toBe(true);
  }
}

/** A copy of a checkpoint in `folder` with other tensors in one file. */
export function savedIn(folder: string, source: string, tensors: Tensors): string {
  const copy = copyOf(source, folder);
  writeSingle(copy, tensors);
  return copy;
}

export function zeros(shape: readonly number[]): Tensor {
  const count = shape.reduce((a, b) => a * b, 1);
  return { dtype: 'F32', shape, data: Buffer.alloc(count * 4) };
}

// biome-ignore lint/suspicious/noExplicitAny: edits at any depth of a JSON file
export function editJson(file: string, edit: (json: any) => void): void {
  const json = JSON.parse(readFileSync(file, 'utf8'));
  edit(json);
  writeFileSync(file, JSON.stringify(json));
}
