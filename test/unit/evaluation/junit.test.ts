/** JUnit's XML, read by a parser: limits, rows that failed, and names with marks, line breaks and what XML cannot hold. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { junitXml } from '../../../src/evaluation/junit.js';
import type { EvaluatedRow } from '../../../src/evaluation/rows.js';
import type { Summary } from '../../../src/evaluation/summary.js';
import { needsTool } from '../../support/needs.js';

const READ = `
import json, sys, xml.etree.ElementTree as tree
suite, = tree.fromstring(sys.stdin.buffer.read())
print(json.dumps([dict(suite.attrib), [(c.get("name"), [f.get("message") for f in c]) for c in suite.iter("testcase")],
                  [(p.get("name"), p.get("value")) for p in suite.iter("property")]]))
`;

function parsed(xml: string): unknown {
  return JSON.parse(execFileSync('python3', ['-c', READ], { input: xml, encoding: 'utf8' }));
}

const NAME = 'ocr of <a> & "b"\u0001.jsonl by é日';

function summary(failed: number): Summary {
  return {
    ...{ rows: 500, failed, notes: [], coverage: 1 - failed / 500 },
    figures: [
      {
        id: 'cer@jiwer',
        title: 'rate',
        better: 'lower',
        figure: 0.25,
        low: 0.1,
        high: 0.4,
        method: 'bca',
      },
    ],
    limits: [
      { limit: 'cer<=0.3', figure: 0.25, isMet: failed === 0 },
      { limit: 'cer<0.2', figure: 0.25, isMet: false },
    ],
  };
}

it(
  'has a case for each limit and each row without an answer, the first 200',
  needsTool('python3'),
  () => {
    const rows = Array.from(
      { length: 500 },
      (_, index): EvaluatedRow => ({
        ...{ id: `r"<${index}>\n`, index, image: 'a.png', truths: ['x'] },
        ...(index < 250 ? { error: { code: 'ERR_X', message: 'a\tb' } } : { answer: 'x' }),
      }),
    );
    const [suite, cases, properties] = parsed(junitXml(NAME, summary(250), rows)) as [
      object,
      [string, string[]][],
      object,
    ];
    expect(suite).toEqual({
      name: NAME.replace('\u0001', '\ufffd'),
      tests: '202',
      failures: '202',
    });
    expect(cases.slice(0, 3)).toEqual([
      ['cer<=0.3', ['the figure is 0.25, and 250 rows failed']],
      ['cer<0.2', ['the figure is 0.25, and 250 rows failed']],
      ['r"<0>\n', ['{"code":"ERR_X","message":"a\\tb"}']],
    ]);
    // Documents and lists of things are answers, too.
    const others = rows
      .slice(250, 252)
      .map(({ answer: _, ...row }, i) => (i ? { ...row, value: {} } : { ...row, found: [] }));
    const [none] = parsed(junitXml(NAME, { ...summary(0), limits: [] }, others)) as [object];
    expect(none).toMatchObject({ tests: '0' });
    expect(properties).toEqual([
      ['cer@jiwer', '0.25'],
      ['rows', '500'],
      ['failed', '250'],
    ]);
  },
);

it('has no failure where a limit is met', needsTool('python3'), () => {
  const [suite, cases] = parsed(junitXml('x', summary(0), [])) as [object, object];
  expect([suite, cases]).toEqual([
    { name: 'x', tests: '2', failures: '1' },
    [
      ['cer<=0.3', []],
      ['cer<0.2', ['the figure is 0.25']],
    ],
  ]);
});
