// Programs that tests start and a machine may lack: the one list of them, for Debian's apt-get and for Homebrew.
import fs from 'node:fs';
import path from 'node:path';

/** Installs what is missing of these. */
export const SETUP = 'npm run setup:test-tools';

/** By the name that tests use: the programs, and the packages that hold them where there are such. */
export const TOOLS = {
  // What the build wants as well, so that a bare Debian needs no more than Node to run the tests.
  compiler: { programs: ['c++', 'make'], packages: { linux: ['g++', 'make'], darwin: [] } },
  cmake: { programs: ['cmake'], packages: { linux: ['cmake'], darwin: ['cmake'] } },
  git: { programs: ['git'], packages: { linux: ['git'], darwin: [] } },
  ffmpeg: {
    programs: ['ffmpeg', 'ffprobe'],
    packages: { linux: ['ffmpeg'], darwin: ['ffmpeg'] },
  },
  // Their completions are made by the command line.
  bash: { programs: ['bash'], packages: { linux: ['bash'], darwin: ['bash'] } },
  zsh: { programs: ['zsh'], packages: { linux: ['zsh'], darwin: [] } },
  fish: { programs: ['fish'], packages: { linux: ['fish'], darwin: ['fish'] } },
  // A terminal; macOS has one of its own.
  script: { programs: ['script', 'stty'], packages: { linux: ['bsdutils'], darwin: [] } },
  // Processes are stopped and counted by them.
  python3: { programs: ['python3'], packages: { linux: ['python3'], darwin: ['python3'] } },
  ps: { programs: ['ps'], packages: { linux: ['procps'], darwin: [] } },
  'systemd-analyze': {
    programs: ['systemd-analyze'],
    packages: { linux: ['systemd'], darwin: [] },
  },
};

/** Whether PATH has such a program. */
export function hasProgram(name) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  return (process.env['PATH'] ?? '').split(path.delimiter).some((folder) =>
    endings.some((ending) => {
      try {
        fs.accessSync(path.join(folder, name + ending), fs.constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}

/** Names of the tools that are not here. */
export const missingTools = () =>
  Object.keys(TOOLS).filter((name) => !TOOLS[name].programs.every(hasProgram));

/** Packages of this platform's manager that hold a tool; empty where none does. */
export const packagesOf = (name) => TOOLS[name].packages[process.platform] ?? [];
