/** The processes of engines, seen from outside. Needs ps. No expectations live here. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** Ids of the children of this process, or another, that run an engine. */
export function engineProcesses(parent = process.pid): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', String(parent)], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n');
  return lines
    .filter((line) => line.includes(path.join('isolated', 'child.js')))
    .map((line) => Number.parseInt(line, 10));
}
