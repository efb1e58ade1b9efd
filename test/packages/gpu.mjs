// GPU packages as an installed program sees them: absent, made for another version, without their libraries, without a GPU.
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../scripts/lib.mjs';
import { check, exec, nodeOf, qemu } from './harness.mjs';

/** Plans the cells; `plan(name, action)` runs one in `folder`, where npm has installed the package. */
export function gpuPackages(folder, plan) {
  plan('npm GPU package absent, device cuda', async () => {
    const program = `require('node-paligemma').PaliGemma.load('x.gguf', { device: 'cuda' }).catch((e) => console.log(e.code, e.hint))`;
    const text = await exec(process.execPath, ['-e', program], { cwd: folder });
    check(/^ERR_DEVICE_UNAVAILABLE .*NVIDIA driver/.test(text), text);
  });
  plan('npm GPU package whose library does not load', async () => {
    const name = '@node-paligemma/linux-x64-cuda13';
    const gpu = path.join(folder, 'node_modules', name);
    fs.mkdirSync(gpu, { recursive: true });
    const { ggml } = JSON.parse(
      fs.readFileSync(path.join(ROOT, 'prebuilds', 'linux-x64', 'manifest.json'), 'utf8'),
    );
    const load = `require('node-paligemma').PaliGemma.load('x.gguf', { device: 'cuda' }).catch((e) => console.log(e.message))`;
    const message = async (manifest) => {
      fs.writeFileSync(path.join(gpu, 'package.json'), JSON.stringify({ name, version: '0.0.0' }));
      fs.writeFileSync(path.join(gpu, 'manifest.json'), JSON.stringify(manifest));
      return exec(process.execPath, ['-e', load], { cwd: folder });
    };
    const other = await message({ ggml: 'another', library: 'libggml-cuda.so' });
    check(/made for another version/.test(other), other);
    fs.writeFileSync(path.join(gpu, 'x.c'), 'int f(void); int g(void) { return f(); }');
    fs.writeFileSync(path.join(gpu, 'y.c'), 'int f(void) { return 0; }');
    const gcc = (...args) => exec('cc', ['-shared', '-fPIC', ...args], { cwd: gpu });
    await gcc('-o', 'libcuda.so.1', 'y.c', '-Wl,-soname,libcuda.so.1');
    await gcc('-o', 'libggml-cuda.so', 'x.c', './libcuda.so.1');
    fs.rmSync(path.join(gpu, 'libcuda.so.1'));
    const missing = await message({ ggml, library: 'libggml-cuda.so' });
    check(/libcuda\.so\.1.*\n?.*install the NVIDIA driver/.test(missing), missing);
    // A real backend under that name: what is loaded becomes a device list of its own.
    fs.copyFileSync(
      path.join(ROOT, 'prebuilds', 'linux-x64', 'libggml-cpu-x64.so'),
      path.join(gpu, 'libggml-cuda.so'),
    );
    const count = await exec(
      process.execPath,
      ['-e', `console.log(require('node-paligemma').devices().length)`],
      { cwd: folder },
    );
    check(count.trim() === '2', `${count} devices`);
    const none = await exec(process.execPath, ['-e', load], { cwd: folder });
    check(/finds no GPU.*nvidia-smi/.test(none), none);
    // One whose instructions this processor lacks is refused before they are used.
    fs.copyFileSync(
      path.join(ROOT, 'prebuilds', 'linux-x64', 'libggml-cpu-haswell.so'),
      path.join(gpu, 'libggml-cuda.so'),
    );
    const older = ['-cpu', 'Westmere', nodeOf('20'), '-e', load];
    const refused = await exec(qemu('qemu-x86_64-static'), older, { cwd: folder });
    check(/not a backend of this version/.test(refused), refused);
    fs.rmSync(gpu, { recursive: true });
  });
}
