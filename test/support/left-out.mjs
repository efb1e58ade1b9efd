// Ends a run of vitest with one line about the tests that this machine could not run, by what it lacks (needs.ts).
import { isInstallable, SETUP, TOOLS } from './tools.mjs';

/** A reporter of vitest. */
export class LeftOut {
  onTestRunEnd(modules) {
    const counts = new Map();
    for (const module of modules)
      for (const test of module.children.allTests('skipped')) {
        const { lacking } = test.meta();
        if (lacking !== undefined) counts.set(lacking, (counts.get(lacking) ?? 0) + 1);
      }
    if (counts.size === 0) return;
    const list = [...counts].map(
      ([what, count]) => `${count} ${count === 1 ? 'test that needs' : 'tests that need'} ${what}`,
    );
    const tools = [...counts.keys()].filter((what) => what in TOOLS && isInstallable(what));
    const remedy = tools.length > 0 ? `; ${SETUP} installs ${tools.join(' and ')}` : '';
    process.stderr.write(`left out: ${list.join(', ')}${remedy}\n`);
  }
}
