// Puts a benchmark's tables and charts into docs/ocr-benchmark.md and docs/images.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './systems.mjs';

const SECTIONS = ['Result', 'By domain', 'Rules'];
const PLACE = /(<!-- benchmark -->\n)[\s\S]*?(<!-- end of benchmark -->)/;

/**
 * @param {string} folder of the run
 * @param {string} minutes that it took
 */
export function intoDocs(folder, minutes) {
  const page = path.join(ROOT, 'docs', 'ocr-benchmark.md');
  const report = fs.readFileSync(path.join(folder, 'report.md'), 'utf8');
  const sections = report.split(/^(?=## )/m);
  const part = (title) => sections.find((one) => one.startsWith(`## ${title}\n`)) ?? '';
  const charts = [...part('Charts').matchAll(/!\[(.*)\]\((.*)\)/g)].map(([, label, name]) => {
    const image = `ocr-${name}`;
    fs.copyFileSync(path.join(folder, name), path.join(ROOT, 'docs', 'images', image));
    return `![${label}](images/${image})`;
  });
  const [result = '', domains = '', rules = ''] = SECTIONS.map((title) =>
    part(title)
      .replace(/^## .*\n+/, '')
      .trim(),
  );
  const time = `All of it took ${minutes} minutes.`;
  const text = [
    result,
    time,
    charts.join('\n'),
    `### By domain\n\n${domains}`,
    `### Rules\n\n${rules}`,
  ];
  const old = fs.readFileSync(page, 'utf8');
  fs.writeFileSync(
    page,
    old.replace(PLACE, (_, begin, end) => `${begin}\n${text.join('\n\n')}\n\n${end}`),
  );
}
