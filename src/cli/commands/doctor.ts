/** `paligemma doctor`: whether the package works here, what it chose and why. */
import { Command } from 'commander';
import type { DoctorReport } from '../../doctor/report.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { FOLDERS_DOC, modelFolders } from '../model-folders.js';
import { bytesText, columns } from '../output.js';

export function doctorCommand(context: Context, exit: (code: ExitCode) => void): Command {
  return new Command('doctor')
    .summary('check whether everything works here, and what to do if not')
    .description(
      'Looks at the machine, the addon, devices and model files, and compares a prediction of a tiny model with the known answer.',
    )
    .argument('[folders...]', FOLDERS_DOC)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Ends with 0 when a prediction comes out, else with 1, also where a folder is not there. Put its output into every bug report.`,
    )
    .action(async (folders: string[], flags: { readonly json?: true }) => {
      const { doctor } = await import('../../doctor/doctor.js');
      const { places, errors } = await modelFolders(folders);
      for (const error of errors) context.output.error(error);
      const report = await doctor(places, context.signal);
      context.signal.throwIfAborted();
      if (flags.json) await context.output.json(report, 2);
      else await context.output.data(describe(report));
      exit(report.ok && errors.length === 0 ? EXIT.ok : EXIT.failure);
    });
}

function describe(report: DoctorReport): string {
  const { platform, cpu, memory, addon, nvidia, selfTest } = report;
  const kernels = Object.entries(selfTest.kernels ?? {}).sort(([, a], [, b]) => b - a);
  const rows: [string, string][] = [
    ['node-paligemma', report.version],
    [
      'platform',
      [platform.os, platform.arch, platform.libc, `Node ${platform.node}`]
        .filter(Boolean)
        .join(', '),
    ],
    [
      'CPU',
      `${cpu.model}, ${cpu.cores} cores${cpu.quota === undefined ? '' : `, ${cpu.quota.toFixed(1)} granted`}`,
    ],
    ['instructions', cpu.features.join(' ') || 'unknown'],
    [
      'memory',
      `${bytesText(memory.total)}${memory.available === undefined ? '' : `, ${bytesText(memory.available)} free for this process`}`,
    ],
    [
      'addon',
      addon.file === undefined
        ? 'does not load'
        : `${addon.file} (${addon.from === 'source' ? 'compiled here' : 'prebuilt'})`,
    ],
  ];
  if (addon.variants.length > 0) {
    const chosen = addon.variants.find((variant) => variant.chosen)?.name ?? 'none';
    const rest = addon.variants
      .filter((variant) => !variant.chosen)
      .sort((a, b) => b.score - a.score)
      .map(({ name, score }) => (score === 0 ? `${name} needs more` : `${name} ${score}`));
    const score = addon.variants.find((variant) => variant.chosen)?.score;
    rows.push(['CPU variant', `${chosen}, score ${score}; ${rest.join(', ')}`]);
  }
  for (const device of report.devices)
    rows.push(['device', `${device.name}: ${device.description}`]);
  const driver =
    nvidia.driver === undefined
      ? 'no driver'
      : `${nvidia.jetson ? 'Jetson Linux' : 'driver'} ${nvidia.driver}`;
  const gpuPackage = nvidia.package ?? (nvidia.driver && 'no GPU package');
  rows.push(['NVIDIA', [driver, nvidia.error ?? gpuPackage].filter(Boolean).join(', ')]);
  for (const { file, bytes, error, architecture } of report.models) {
    // The file is named once.
    const fault = error?.startsWith(`${file}: `) ? error.slice(file.length + 2) : error;
    rows.push(['model', `${file}, ${bytesText(bytes)}, ${fault ?? architecture}`]);
  }
  if (report.models.length === 0) rows.push(['model', 'none']);
  rows.push([
    'self-test',
    selfTest.error === undefined
      ? `${selfTest.tokens?.length} tokens as expected in ${selfTest.milliseconds} ms with ${kernels.map(([name]) => name).join(', ')}`
      : `FAILED: ${selfTest.error}`,
  ]);
  const parts = [columns(rows)];
  if (addon.error !== undefined) parts.push(`${addon.error}\n`);
  if (report.hints.length > 0)
    parts.push(`hints\n${report.hints.map((hint) => `  ${hint}\n`).join('')}`);
  const isReady = report.models.some(({ error }) => error === undefined);
  const works = isReady
    ? 'Everything works.'
    : 'Everything works, but no model is here; see above.';
  parts.push(report.ok ? `${works}\n` : 'It does not work yet; see above.\n');
  return parts.join('\n');
}
