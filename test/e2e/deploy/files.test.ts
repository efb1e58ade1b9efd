/** The files of deploy/ are read by the programs that they are for, and agree with the server and with each other. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../../src/options/option.js';
import { SERVE_OPTIONS } from '../../../src/options/server.js';
import { readConfig } from '../../../src/server/config.js';
import { SERVER_PACKAGES } from '../../../src/server/packages.js';
import { folderWith } from '../../support/folder.js';
import { ROOT } from '../../support/models.js';
import { needsTool } from '../../support/needs.js';
import { ENVIRONMENT, findProgram } from '../../support/tools.mjs';

const DEPLOY = path.join(ROOT, 'deploy');
const read = (file: string): string => readFileSync(path.join(DEPLOY, file), 'utf8');
const MANIFESTS = readdirSync(path.join(DEPLOY, 'kubernetes')).map((name) => `kubernetes/${name}`);
const found = (file: string, pattern: RegExp): string => pattern.exec(read(file))?.[1] ?? '';
const DEFAULTS = parseOptions('test', SERVE_OPTIONS, {});

/** What a program of tools.mjs says about files below `cwd`, with its exit code. */
function judge(program: string, args: readonly string[], cwd = DEPLOY) {
  const { status, stdout, stderr, error } = spawnSync(findProgram(program) ?? program, args, {
    ...{ cwd, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
  });
  if (error !== undefined) throw error;
  return { status, said: (stdout + stderr).trim() };
}

/** A copy of deploy/ with the keys that it lacks. */
function copy(): string {
  const folder = folderWith({});
  cpSync(DEPLOY, folder, { recursive: true });
  const keys = ['keys.txt', 'metrics-key.txt'];
  for (const name of keys) writeFileSync(path.join(folder, 'config', name), 'a-key-of-the-test\n');
  return folder;
}

function change(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8');
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
  writeFileSync(file, text.replaceAll(from, to));
}

test('hadolint finds nothing in the Dockerfile', needsTool('hadolint'), () => {
  expect(judge('hadolint', ['Dockerfile'])).toEqual({ status: 0, said: '' });
});

test('the Dockerfile installs what a server needs', () => {
  const { peerDependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const wanted = SERVER_PACKAGES.map((name) => `${name}@${peerDependencies[name]}`);
  expect(read('Dockerfile')).toContain(
    `npm install --ignore-scripts --no-audit --no-fund "$PACKAGE" ${wanted.join(' ')} `,
  );
});

test('Compose reads its file', needsTool('docker-compose'), () => {
  const folder = copy();
  const { status, said } = judge('docker-compose', ['--profile', 'monitoring', 'config'], folder);
  expect({ status, said }).toMatchObject({ status: 0 });
  for (const name of ['paligemma', 'prometheus', 'grafana']) expect(said).toContain(`  ${name}:\n`);
  change(path.join(folder, 'compose.yaml'), 'read_only', 'readonly');
  expect(judge('docker-compose', ['config'], folder).status).not.toBe(0);
});

describe('Kubernetes', needsTool('kubernetes-validate'), () => {
  const validate = (files: readonly string[], folder?: string) =>
    judge('kubernetes-validate', ['--strict', ...files], folder);

  test('takes every manifest', () => {
    const { status, said } = validate(MANIFESTS);
    expect({ status, said }).toMatchObject({ status: 0 });
    const kinds = MANIFESTS.flatMap((file) => read(file).match(/^kind: \w+$/gm) ?? []);
    expect(said.split('\n').filter((line) => line.includes(' passed '))).toHaveLength(kinds.length);
  });

  test('would refuse a wrong one', () => {
    const folder = copy();
    change(path.join(folder, 'kubernetes', 'deployment.yaml'), 'failureThreshold', 'failures');
    const { status, said } = validate(['kubernetes/deployment.yaml'], folder);
    expect(said).toContain('failures');
    expect(status).not.toBe(0);
  });
});

test('systemd finds nothing wrong with the unit', needsTool('systemd-analyze'), () => {
  const folder = copy();
  const unit = path.join(folder, 'paligemma.service');
  change(unit, '/usr/bin/node', process.execPath);
  const complaints = () =>
    judge('systemd-analyze', ['verify', unit])
      .said.split('\n')
      .filter((line) => line.includes('paligemma.service'));
  expect(complaints()).toEqual([]);
  change(unit, 'KillMode=mixed', 'KillMode=mix');
  expect(complaints()).not.toEqual([]);
});

describe('Prometheus', needsTool('prometheus'), () => {
  test('takes its configuration and its rules', () => {
    const folder = copy();
    const prometheus = path.join(folder, 'prometheus', 'prometheus.yml');
    change(prometheus, '/etc/paligemma', '../config');
    expect(judge('promtool', ['check', 'config', prometheus])).toMatchObject({ status: 0 });
  });

  test('raises each alert when it is time, and none for a server that is well', () => {
    const instance = { job: 'paligemma', instance: 'a:8765' };
    const labels = 'job="paligemma",instance="a:8765"';
    const all = `paligemma_requests_total{${labels},face="typed",task="detect",status="200"}`;
    const WELL = { [`up{${labels}}`]: '1x30', [all]: '0+600x30' };
    const BAD: Record<string, Record<string, string>> = {
      PaliGemmaDown: { [`up{${labels}}`]: '0x30' },
      PaliGemmaModelNotLoaded: {
        [`paligemma_model_loads_total{${labels},model="a",outcome="failed"}`]: '0x10 1x20',
      },
      PaliGemmaEngineCrashed: {
        [`paligemma_engine_crashes_total{${labels},model="a"}`]: '0x10 1x20',
      },
      PaliGemmaFaults: { [all.replace('200', '500')]: '0+10x30' },
      PaliGemmaFull: { [`paligemma_refused_total{${labels},code="ERR_QUEUE_FULL"}`]: '0+60x30' },
      PaliGemmaLate: { [all.replace('200', '504')]: '0+10x30' },
    };
    const alerts = [...read('prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)].map(
      (m) => m[1] as string,
    );
    expect(alerts).toEqual(Object.keys(BAD));
    const severities = [...read('prometheus/alerts.yml').matchAll(/severity: (\w+)/g)].map(
      (m) => m[1],
    );
    const raised = (alertname: string) => {
      const exp_labels = {
        ...(alertname === 'PaliGemmaDown' ? instance : { instance: instance.instance }),
        ...(/Model|Engine/.test(alertname) && { model: 'a' }),
        severity: severities[alerts.indexOf(alertname)],
      };
      return { exp_labels, exp_annotations: { summary: summaryOf(alertname) } };
    };
    const summaryOf = (alertname: string): string =>
      (
        new RegExp(`alert: ${alertname}$[^]*?summary: ["'](.*)["']$`, 'm').exec(
          read('prometheus/alerts.yml'),
        )?.[1] ?? ''
      )
        .replaceAll('{{ $labels.instance }}', instance.instance)
        .replaceAll('{{ $labels.model }}', 'a');
    const cases = [undefined, ...alerts].map((bad) => ({
      interval: '1m',
      input_series: Object.entries({ ...WELL, ...(bad && BAD[bad]) }).map(([series, values]) => ({
        series,
        values,
      })),
      alert_rule_test: alerts.map((alertname) => ({
        ...{ eval_time: '15m', alertname },
        exp_alerts: alertname === bad ? [raised(alertname)] : [],
      })),
    }));
    const file = path.join(folderWith({}), 'alerts.test.yml');
    // JSON is YAML too.
    const rules = [path.join(DEPLOY, 'prometheus', 'alerts.yml')];
    writeFileSync(file, JSON.stringify({ rule_files: rules, tests: cases }));
    expect(judge('promtool', ['test', 'rules', file])).toMatchObject({ status: 0 });
  });
});

test('Grafana knows every field of the dashboard', needsTool('grafana-foundation-sdk'), () => {
  const folder = copy();
  const file = path.join(folder, 'grafana', 'dashboards', 'paligemma.json');
  const python = path.join(ENVIRONMENT, 'bin', 'python');
  const program = path.join(import.meta.dirname, 'dashboard.py');
  expect(judge(python, [program, file])).toEqual({ status: 0, said: '' });
  change(file, '"legendFormat"', '"legend"');
  expect(judge(python, [program, file]).said).toContain('targets[0].legend');
});

test('the configuration is one that the server takes', () => {
  const { models, keysFile } = readConfig(path.join(DEPLOY, 'config', 'serve.json')).options;
  expect(keysFile).toBe(path.join(DEPLOY, 'config', 'keys.txt'));
  expect(models).toMatchObject({
    paligemma: { file: '/models/paligemma.gguf', isolate: 'process' },
  });
});

test('the time to stop is longer than what the server takes to finish its requests', () => {
  const { drainMs } = readConfig(path.join(DEPLOY, 'config', 'serve.json')).options;
  const preStop = Number(found('kubernetes/deployment.yaml', /command: \[sleep, ["'](\d+)["']\]/));
  expect(preStop).toBeGreaterThan(0);
  for (const seconds of [
    found('compose.yaml', /stop_grace_period: (\d+)s/),
    found('paligemma.service', /^TimeoutStopSec=(\d+)$/m),
    Number(found('kubernetes/deployment.yaml', /terminationGracePeriodSeconds: (\d+)/)) - preStop,
  ]) {
    expect(Number(seconds)).toBeGreaterThan(drainMs / 1000);
  }
});

test('all of them name the files and the port of the server', () => {
  const port = `${DEFAULTS.port}`;
  const config = '/etc/paligemma/serve.json';
  for (const file of ['Dockerfile', 'paligemma.service']) expect(read(file)).toContain(config);
  for (const file of [
    'Dockerfile',
    'compose.yaml',
    'kubernetes/deployment.yaml',
    'nginx.conf',
    'prometheus/prometheus.yml',
  ]) {
    expect([file, read(file).includes(port)]).toEqual([file, true]);
  }
  for (const probe of ['/startupz', '/livez', '/readyz'])
    expect(read('kubernetes/deployment.yaml')).toContain(`path: ${probe}`);
});

test('nginx takes what the server takes, and waits longer than the server does', () => {
  const mebibytes = Number(found('nginx.conf', /client_max_body_size (\d+)m;/));
  expect(mebibytes * 2 ** 20).toBe(DEFAULTS.maxBodyBytes);
  const seconds = Number(found('nginx.conf', /proxy_read_timeout (\d+)s;/));
  expect(seconds * 1000).toBeGreaterThan(DEFAULTS.deadlineMs);
});
