/** The labels that were asked for are the type of the labels of a result, where no other can be in it. */
import ts from 'typescript';
import { expect, it } from 'vitest';
import { EDITED, openEditor } from '../support/editor.js';

const HEAD = `
import type { DetectOptions, PaliGemma } from './index.js';
declare const model: PaliGemma;
declare const names: string[];
declare const options: DetectOptions;
declare const sides: readonly ('left' | 'right')[];
declare function partOf<P>(run: AsyncIterable<P>): P;
`;

const FIRST = '.detections[0]!.label';

const CASES: readonly (readonly [expression: string, type: string])[] = [
  [`(await model.detect('a.png', ['cat', 'dog']))${FIRST}`, '"cat" | "dog"'],
  [`(await model.detect('a.png', 'cat'))${FIRST}`, '"cat"'],
  [`(await model.detect('a.png', sides))${FIRST}`, '"left" | "right"'],
  [`(await model.detect('a.png', ['cat'], { minScore: 0.5, robust: true }))${FIRST}`, '"cat"'],
  [`(await model.detect('a.png', ['cat'], { extra: false }))${FIRST}`, '"cat"'],
  [`(await model.detect('a.png', ['cat', 'dog'])).labels[0]!`, '"cat" | "dog"'],
  [`(await model.detect('a.png', ['cat', 'dog'])).presence[0]!.label`, '"cat" | "dog"'],
  [`partOf(model.detect('a.png', ['cat', 'dog'])).label`, '"cat" | "dog"'],
  [`(await model.segment('a.png', ['cat', 'dog'])).segments[0]!.label`, '"cat" | "dog"'],
  [`partOf(model.segment('a.png', 'cat')).label`, '"cat"'],
  [`(await model.classify('a.png', ['cat', 'dog'])).label`, '"cat" | "dog"'],
  [`(await model.classify('a.png', 'cat')).distribution[0]!.label`, '"cat"'],

  // Others may come as well, or the labels are known at run time only.
  [`(await model.detect('a.png', ['cat'], { extra: true }))${FIRST}`, 'string'],
  [`(await model.detect('a.png', ['cat'], options))${FIRST}`, 'string'],
  [`partOf(model.segment('a.png', ['cat'], { extra: true })).label`, 'string'],
  [`(await model.detect('a.png', names))${FIRST}`, 'string'],
  [`(await model.classify('a.png', names)).label`, 'string'],

  // Not sent as they are written.
  [`(await model.detect('a.png', [' cat', 'dog']))${FIRST}`, 'string'],
  [`(await model.detect('a.png', 'cat '))${FIRST}`, 'string'],
  [`(await model.detect('a.png', 'Detect cat'))${FIRST}`, 'string'],
  [`(await model.detect('a.png', '<image>cat'))${FIRST}`, 'string'],
  [`(await model.detect('a.png', 'detective'))${FIRST}`, '"detective"'],
];

const lines = CASES.map(([expression], i) => `const v${i} = ${expression};\n`);
const text = `${HEAD}async () => {\n${lines.join('')}};\n`;
const editor = openEditor(text);

it.each(CASES.map(([expression, type], i) => [expression, type, i] as const))(
  '%s: %s',
  (_, type, i) => {
    const info = editor.getQuickInfoAtPosition(EDITED, text.indexOf(`v${i} =`));
    expect(ts.displayPartsToString(info?.displayParts)).toBe(`const v${i}: ${type}`);
  },
);

it('compiles, and unknown options do not', () => {
  const messages = (all: readonly ts.Diagnostic[]) =>
    all.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  expect(messages(editor.getSemanticDiagnostics(EDITED))).toEqual([]);
  const wrong = openEditor(`${HEAD}model.detect('a.png', 'cat', { minScore: 0.5, extras: true });`);
  expect(messages(wrong.getSemanticDiagnostics(EDITED)).join()).toContain("'extras'");
});
