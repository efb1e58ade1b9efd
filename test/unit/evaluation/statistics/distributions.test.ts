import { expect, it } from 'vitest';
import {
  normalCdf,
  normalQuantile,
  studentQuantile,
} from '../../../../src/evaluation/statistics/distributions.js';
import { GOLDENS } from '../../../support/statistics.js';

it('has the probabilities of the normal distribution', () => {
  for (const [x, p] of GOLDENS.normal.cdf) expect(Math.abs(normalCdf(x) - p)).toBeLessThan(1e-15);
  expect(normalCdf(-1e9)).toBe(0);
  expect(normalCdf(Number.POSITIVE_INFINITY)).toBe(1);
});

it('has the quantiles of the normal distribution', () => {
  for (const [p, x] of GOLDENS.normal.quantile) {
    expect(Math.abs(normalQuantile(p) - x), String(p)).toBeLessThanOrEqual(2e-15 * Math.abs(x));
  }
});

it("has the quantiles of Student's distribution within 0.25 %, at 95 % within 0.04 %", () => {
  for (const [level, freedom, t] of GOLDENS.normal.student) {
    const mine = studentQuantile(normalQuantile((1 + level) / 2), freedom);
    expect(Math.abs(mine / t - 1), `${level} ${freedom}`).toBeLessThan(
      level > 0.95 ? 2.5e-3 : 4e-4,
    );
  }
});

it('has the same last bit on every machine', () => {
  expect(normalQuantile(0.975)).toBe(1.9599639845400536);
  expect(normalQuantile(0.0005)).toBe(-3.2905267314918945);
  expect(normalCdf(-1.3)).toBe(0.09680048458561025);
});
