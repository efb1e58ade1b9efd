// The compiler of the Zig project, which brings the C and C++ libraries of musl and of Windows. Python's pip fetches it.
import fs from 'node:fs';
import path from 'node:path';
import { output, ROOT, run } from './lib.mjs';

const ZIG = 'ziglang==0.17.1';
// GCC's names of ARM's instruction sets in Zig's words: -march=armv8.2-a+fp16 is -mcpu=generic+v8_2a+fullfp16.
const ZIG_ARM_FLAGS = `for arg; do
  case $arg in
    -march=armv8*) arg=$(echo "$arg" | sed -e 's/-march=armv8-a/-mcpu=generic/' \\
      -e 's/-march=armv8\\.\\([0-9]\\)-a/-mcpu=generic+v8_\\1a/' -e 's/+fp16/+fullfp16/') ;;
  esac
  shift
  set -- "$@" "$arg"
done`;

/** Programs without arguments, as CMake wants them, that compile for `triple`. */
export function zigTools(triple) {
  const folder = path.join(ROOT, 'build', 'zig');
  const python = path.join(folder, 'bin', 'python');
  if (!output(python, ['-m', 'ziglang', 'version'])) {
    run('python3', ['-m', 'venv', folder]);
    run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ZIG]);
  }
  const wrap = (tool, ...args) => {
    const file = path.join(folder, `${triple}-${tool}`);
    const command = [`"${python}"`, '-m', 'ziglang', tool, ...args].join(' ');
    fs.writeFileSync(file, `#!/bin/sh\n${ZIG_ARM_FLAGS}\nexec ${command} "$@"\n`, { mode: 0o755 });
    return file;
  };
  return {
    cc: wrap('cc', '-target', triple),
    cxx: wrap('c++', '-target', triple),
    ...{ ar: wrap('ar'), ranlib: wrap('ranlib'), rc: wrap('rc') },
  };
}
