import { describe, expect, it } from 'vitest';
import { excesses } from '../../../scripts/package-size.mjs';

const prebuilds = (packed: number) => [
  { part: 'prebuilds/linux-x64', files: 8, unpacked: 2 * packed, packed },
];
const sizes = (own: number, prebuild: number, packed: number) => ({
  ...{ own, packed, prebuilds: prebuilds(prebuild) },
  ...{ rows: prebuilds(prebuild), unpacked: 2 * packed },
});

describe('what the package may weigh', () => {
  it('is 20 MB in all', () => {
    expect(excesses(sizes(3e6, 4e6, 20e6))).toEqual([]);
    expect(excesses(sizes(3e6, 4e6, 20.01e6))).toEqual([
      'the package: 20.01 MB packed, at most 20.00',
    ]);
  });

  it('has a share for each platform, and one for the rest', () => {
    expect(excesses(sizes(3.7e6, 5.1e6, 19e6))).toEqual([
      'the package without prebuilds: 3.70 MB packed, at most 3.60',
      'prebuilds/linux-x64: 5.10 MB packed, at most 5.00',
    ]);
  });
});
