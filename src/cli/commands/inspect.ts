/** `paligemma inspect`: what a GGUF file holds, without loading it. */
import { Command } from 'commander';
import type { GgufInfo } from '../../inspect.js';
import { showValue } from '../../options/show.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { bytesText, columns } from '../output.js';

interface Flags {
  readonly json?: true;
  readonly tensors?: true;
}

export function inspectCommand(context: Context, exit: (code: ExitCode) => void): Command {
  return new Command('inspect')
    .summary('show what a GGUF file holds')
    .description('Shows header, metadata and weight types of a GGUF file. Weights are not read.')
    .argument('<file>', 'GGUF file')
    .option('--tensors', 'list every tensor')
    .option('--json', 'print one JSON document, tensors included')
    .addHelpText(
      'after',
      `
Examples:
  $ paligemma inspect paligemma-3b-mix-224-q8_0.gguf
  $ paligemma inspect --tensors model.gguf | grep blk.0
  $ paligemma inspect --json model.gguf | jq .metadata`,
    )
    .action(async (file: string, flags: Flags) => {
      const { inspect } = await import('../../index.js');
      const info = await inspect(file);
      if (flags.json) await context.output.json({ file, ...info, types: typeTotals(info) }, 2);
      else await context.output.data(describe(file, info, flags.tensors === true));
      exit(EXIT.ok);
    });
}

interface TypeTotal {
  readonly tensors: number;
  readonly bytes: number;
}

function typeTotals(info: GgufInfo): Record<string, TypeTotal> {
  const totals: Record<string, TypeTotal> = {};
  for (const { type, bytes } of info.tensors) {
    const sum = totals[type] ?? { tensors: 0, bytes: 0 };
    totals[type] = { tensors: sum.tensors + 1, bytes: sum.bytes + bytes };
  }
  return totals;
}

function describe(file: string, info: GgufInfo, withTensors: boolean): string {
  const parts = [
    columns([
      ['file', file],
      ['size', `${bytesText(info.fileBytes)} (${info.fileBytes} bytes)`],
      ['format', `GGUF version ${info.version}, alignment ${info.alignment}`],
    ]),
    section('metadata', columns(metadataRows(info))),
    section('weights', columns(typeRows(info), [1, 2, 3])),
  ];
  if (withTensors) parts.push(section('tensors', columns(tensorRows(info), [3])));
  return parts.join('\n');
}

function section(title: string, table: string): string {
  return `${title}\n${table.replace(/^(?=.)/gm, '  ')}`;
}

function metadataRows(info: GgufInfo): string[][] {
  return Object.entries(info.metadata).map(([key, value]) => [key, metadataText(value)]);
}

function metadataText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry) => metadataText(entry)).join(', ')}]`;
  if (typeof value === 'object' && value !== null && 'length' in value) {
    const { length, type } = value as { readonly length: number; readonly type?: string };
    return `array of ${length}${type === undefined ? '' : ` ${type}`}`;
  }
  return typeof value === 'bigint' ? String(value) : showValue(value);
}

function typeRows(info: GgufInfo): string[][] {
  const totals = Object.entries(typeTotals(info)).sort(([, a], [, b]) => b.bytes - a.bytes);
  const all = totals.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  const row = (type: string, { tensors, bytes }: TypeTotal): string[] => [
    type,
    `${tensors}`,
    bytesText(bytes),
    `${all === 0 ? 0 : ((100 * bytes) / all).toFixed(1)} %`,
  ];
  return [
    ['type', 'tensors', 'size', 'share'],
    ...totals.map(([type, total]) => row(type, total)),
    row('all', { tensors: info.tensors.length, bytes: all }),
  ];
}

function tensorRows(info: GgufInfo): string[][] {
  return [
    ['name', 'type', 'shape', 'bytes'],
    ...info.tensors.map(({ name, type, shape, bytes }) => [
      name,
      type,
      shape.join(' x '),
      `${bytes}`,
    ]),
  ];
}
