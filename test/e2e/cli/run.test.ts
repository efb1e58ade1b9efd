/** `paligemma run`: prompts from standard input, one a line. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../support/models.js';
import { paligemma } from './command.js';

const SHAPES = path.join(ROOT, 'examples', 'pictures', 'shapes.png');
const SIGN = path.join(ROOT, 'examples', 'pictures', 'text.png');

it('answers each prompt, also about another picture', async () => {
  const stdin = `caption en\n\n/detect white circle, yellow square\n/image ${SIGN}\nocr\n/quit\nocr\n`;
  const { code, stdout, stderr } = await paligemma(['run', SHAPES], { stdin });
  expect(stdout).toMatch(
    /^an orange triangle, .*\n.*\twhite circle\t.*\n.*\tyellow square\t.*\nID 472\n$/,
  );
  expect([code, stderr.match(/note: /g)?.length]).toEqual([0, 1]);
});

it('says that a model is no picture', async () => {
  const { code, stderr } = await paligemma(['run', 'paligemma']);
  expect([code, stderr.includes('--model paligemma')]).toEqual([2, true]);
});

it('reports a prompt that fails and reads the next', async () => {
  const all = await paligemma(['run', SHAPES], {
    stdin: `/image missing.png\nocr\n/image ${SIGN}\nocr`,
  });
  expect([all.code, all.stdout]).toEqual([6, 'ID 472\n']);
  expect(all.stderr).toContain('ERR_IMAGE_NOT_FOUND');
});
