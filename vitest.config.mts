/** Runs the TypeScript tests; CTest runs the native ones. Options for a single test are in that test. */
import { defineConfig } from 'vitest/config';
import { LeftOut } from './test/support/left-out.mjs';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globals: false,
    testTimeout: 30_000,
    reporters: ['default', new LeftOut()],
    expect: { requireAssertions: true },
  },
});
