// THIRD-PARTY-NOTICES.md and sbom.cdx.json list what is shipped and installed now.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from '../lib.mjs';

export function notices() {
  const script = path.join(ROOT, 'scripts', 'notices.mjs');
  const { status } = spawnSync(process.execPath, [script, '--check'], { stdio: 'inherit' });
  return status === 0 ? [] : ['the notices are not current; node scripts/notices.mjs writes them'];
}
