// Writes what is shipped with others' rights in it: THIRD-PARTY-NOTICES.md with the licence texts, sbom.cdx.json (CycloneDX).
// With --check: only says whether they are current.
import fs from 'node:fs';
import path from 'node:path';
import { fail, ROOT, say } from './lib.mjs';

const read = (file) => fs.readFileSync(path.join(ROOT, file), 'utf8').trim();
const licenceOf = (folder) => {
  const name = fs
    .readdirSync(path.join(ROOT, folder))
    .find((file) => /^(licen[cs]e|copying)/i.test(file));
  return name === undefined ? undefined : read(path.join(folder, name));
};

/** Their outlines are in lib/drawn-sets/fonts: scripts/glyphs.mjs. */
const drawnFonts = Object.keys(JSON.parse(read('package.json')).devDependencies).filter((name) =>
  name.startsWith('@fontsource/'),
);
const commit = read('native/vendor/VERSION').split(' ')[1];
/**
 * What is inside the binaries and lib/, beyond npm's tree.
 * @type {{ name: string, version?: string, licence: string, text: string }[]}
 */
const parts = [
  { name: 'ggml', version: commit, licence: 'MIT', text: read('native/vendor/LICENSE') },
  ...['node-addon-api', 'dejavu-fonts-ttf', ...drawnFonts].map((name) => {
    const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`));
    return { name, version, licence: license, text: licenceOf(`node_modules/${name}`) };
  }),
  {
    name: 'GCC runtime libraries (libstdc++, libgcc), in the glibc binaries',
    licence: 'GPL-3.0-or-later WITH GCC-exception-3.1',
    text: 'https://www.gnu.org/licenses/gcc-exception-3.1.html permits shipping them inside compiled programs.',
  },
  {
    name: 'libc++, libc++abi and libunwind of LLVM, in the binaries for musl and Windows',
    licence: 'Apache-2.0 WITH LLVM-exception',
    text: 'https://llvm.org/LICENSE.txt',
  },
  {
    name: 'start-up code and winpthreads of mingw-w64, in the binaries for Windows',
    licence: 'ZPL-2.1',
    text: read('scripts/licences/mingw-w64.txt'),
  },
];

// What npm installs with the package.
const lock = JSON.parse(read('package-lock.json')).packages;
const tree = Object.entries(lock)
  .filter(([folder, entry]) => folder !== '' && !entry.dev)
  .map(([folder, { version, license, optional }]) => ({
    name: folder.split('node_modules/').pop(),
    version,
    licence: license ?? 'see its package',
    optional: optional === true,
  }))
  .sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version));

const notices = `# Third-party notices

Made by \`node scripts/notices.mjs\`.

## Inside this package

${parts.map(({ name, version, licence, text }) => `### ${name}${version ? ` ${version}` : ''}\n\n${licence}\n\n\`\`\`\n${text}\n\`\`\`\n`).join('\n')}
## Installed beside it by npm

| Package | Version | Licence |
| --- | --- | --- |
${tree.map(({ name, version, licence, optional }) => `| ${name}${optional ? ' (optional)' : ''} | ${version} | ${licence} |`).join('\n')}
`;

const { name, version, license } = JSON.parse(read('package.json'));
const component = (entry) => ({
  type: 'library',
  name: entry.name,
  ...(entry.version && { version: entry.version }),
  licenses: [
    / /.test(entry.licence) ? { expression: entry.licence } : { license: { name: entry.licence } },
  ],
});
const sbom = `${JSON.stringify(
  {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      component: { type: 'library', name, version, licenses: [{ license: { id: license } }] },
    },
    components: [
      ...parts.map(component),
      ...tree.map((entry) => ({
        ...component(entry),
        purl: `pkg:npm/${entry.name.replace('@', '%40')}@${entry.version}`,
      })),
    ],
  },
  null,
  2,
)}\n`;

for (const [file, text] of Object.entries({
  'THIRD-PARTY-NOTICES.md': notices,
  'sbom.cdx.json': sbom,
})) {
  const target = path.join(ROOT, file);
  const isCurrent = fs.existsSync(target) && fs.readFileSync(target, 'utf8') === text;
  if (process.argv.includes('--check') && !isCurrent)
    fail(`${file} is out of date: node scripts/notices.mjs`);
  if (!isCurrent) {
    fs.writeFileSync(target, text);
    say(`wrote ${file}`);
  }
}
