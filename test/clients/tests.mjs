// What the clients in JavaScript share: where they are installed, and a line for each of their tests.
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');
export const requireClient = createRequire(path.join(root, 'build', 'clients', 'package.json'));

/** One after another; the program ends with 1 when one failed. */
export async function runTests(tests) {
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      console.error(`ok   ${name}`);
    } catch (error) {
      process.exitCode = 1;
      console.error(`FAIL ${name}\n${error.stack}`);
    }
  }
}
