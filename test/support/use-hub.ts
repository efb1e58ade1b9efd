/** A hub of its own and an empty cache for each test, by the environment as users set it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { FakeHub } from './fake-hub.js';

export interface TestHub {
  hub: FakeHub;
  /** HF_HOME. */
  home: string;
  /** For programs of their own. */
  env: Record<string, string>;
}

let current: TestHub;

export const HUB = {
  /** The only repository there. */
  ID: 'hf:owner/repo',
  /** Its folder in the cache. */
  folder: (): string => path.join(current.home, 'hub', 'models--owner--repo'),
};

/** Registers the hooks; `take` gets each test's hub. A test may stop it. */
export function useHub(take: (fresh: TestHub) => void): void {
  beforeEach(async () => {
    const hub = await FakeHub.start();
    const home = mkdtempSync(path.join(tmpdir(), 'paligemma-hub-'));
    const env = {
      HF_HOME: home,
      HF_ENDPOINT: hub.url,
      HF_TOKEN: 'hf_secret',
      HF_HUB_CACHE: path.join(home, 'hub'),
      NO_PROXY: '127.0.0.1,localhost',
    };
    for (const [name, value] of Object.entries({ ...env, HF_HUB_OFFLINE: '' }))
      vi.stubEnv(name, value);
    current = { hub, home, env };
    take(current);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await current.hub.stop();
    rmSync(current.home, { recursive: true, force: true });
  });
}
