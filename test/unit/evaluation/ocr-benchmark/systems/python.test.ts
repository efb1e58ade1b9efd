/** The program that systems of Python share, with a real interpreter: what a library prints, and how it fails. */
import { expect, it, onTestFinished } from 'vitest';
import { ProtocolSystem } from '../../../../../src/evaluation/ocr-benchmark/protocol.js';
import type { Question } from '../../../../../src/evaluation/ocr-benchmark/system.js';
import { pythonCommand } from '../../../../../src/evaluation/ocr-benchmark/systems/python.js';
import { needsTool } from '../../../../support/needs.js';

const { signal } = new AbortController();

async function open(code: string): Promise<ProtocolSystem> {
  const command = pythonCommand('reader', 'no-such-distribution', code, 2);
  const system = await ProtocolSystem.open(command, { threads: 2, timeoutMs: 30_000, signal });
  onTestFinished(() => system.close());
  return system;
}

const question = (file: string): Question => ({
  crop: {
    ...{ id: file, domain: 'd', group: file, split: 'scored', file, width: 3, height: 2 },
    ...{ digest: '0', truth: 'x' },
  },
  ...{ pass: 1, prompt: 'read' },
});

it(
  'what a library prints does not come between the answers; corners become boxes',
  needsTool('python3'),
  async () => {
    const system = await open(`
def open_system():
    import os
    print("Downloading weights")
    os.system("echo from a child")
    def read(path):
        print("reading")
        if path == "bad":
            raise ValueError("no \\u00e9 here")
        return [("\\u00e9nd", [(20, 0), (30, 2), (30, 9), (20, 8)]), (path, [(0, 1), (9, 0), (9, 9), (0, 9)])]
    return read
`);
    expect(system).toMatchObject({ name: 'reader', version: 'unknown', threads: 2 });
    expect(await system.read(question('a'), signal)).toEqual({
      ...{ text: 'a énd', ownSeconds: expect.any(Number) },
    });
    await expect(system.read(question('bad'), signal)).rejects.toMatchObject({
      ...{ code: 'ERR_SYSTEM', message: "reader failed: ValueError('no é here')" },
    });
    expect(await system.read(question('b'), signal)).toMatchObject({ text: 'b énd' });
  },
);

it('one that cannot be opened says why', needsTool('python3'), async () => {
  const opened = open('def open_system():\n    import no_such_module\n');
  await expect(opened).rejects.toMatchObject({
    ...{ code: 'ERR_SYSTEM', message: expect.stringContaining("No module named 'no_such_module'") },
  });
});
