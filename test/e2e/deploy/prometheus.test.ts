/** Prometheus scrapes a live server, and has an answer to whatever the dashboard, the autoscaler and the alerts ask. */
import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { folderWith } from '../../support/folder.js';
import { DEMO_MODEL } from '../../support/models.js';
import { needsTool } from '../../support/needs.js';
import { serve } from '../server/command.js';
import { background, deployed, freePort } from './support.js';

const KEY = 'a-key-of-the-test';
const DASHBOARD = JSON.parse(deployed('grafana/dashboards/paligemma.json')) as {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  }[];
  readonly templating: {
    readonly list: readonly { readonly query: string | { readonly query: string } }[];
  };
};
const TARGETS = DASHBOARD.panels.flatMap(({ title, targets }) =>
  targets.map((one) => ({ title, ...one })),
);
const VARIABLES = DASHBOARD.templating.list.flatMap(({ query }) =>
  typeof query === 'string' ? [] : [query.query],
);

/** The server of deploy/config, with the demo model. */
async function startServer() {
  const config = deployed('config/serve.json', { '/models/paligemma.gguf': DEMO_MODEL });
  const folder = folderWith({ 'serve.json': config, 'keys.txt': `${KEY}\n` });
  const server = await serve(['--config', path.join(folder, 'serve.json')]);
  await vi.waitFor(
    async () => expect((await fetch(`${server.url}/readyz`)).status).toBe(200),
    20_000,
  );
  return server;
}

type Server = Awaited<ReturnType<typeof startServer>>;

/** Asks one after another until the test ends: what is answered, refused and given up. */
function keepBusy({ url, post }: Server): void {
  let isOver = false;
  const authorization = `Bearer ${KEY}`;
  const work = async (): Promise<void> => {
    for (let i = 0; !isOver; i++) {
      await (await post('/v1/caption', { authorization })).arrayBuffer();
      await (await post(`/v1/detect?labels=circle&labels=l${i}`, { authorization })).arrayBuffer();
      await (await post('/v1/caption', { authorization: 'Bearer not-a-key' })).arrayBuffer();
      // Not one that the end of the test closes, while this waits for it.
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        `POST /v1/caption HTTP/1.1\r\nhost: a\r\nx-api-key: ${KEY}\r\ncontent-length: 1000\r\n\r\nhalf`,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.destroy();
    }
  };
  const working = work();
  onTestFinished(async () => {
    isOver = true;
    await working;
  });
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

interface Rule {
  readonly name: string;
  readonly health: string;
  readonly state: string;
}

/** What its API has at a route. */
type Ask = <T>(route: string, query: Readonly<Record<string, string>>) => Promise<T>;

/** Prometheus with the configuration for pods; what Kubernetes would tell of them is written down. */
async function startPrometheus(target: string): Promise<Ask> {
  const config = deployed('prometheus/kubernetes.yml', {
    'scrape_interval: 15s': 'scrape_interval: 500ms\n  evaluation_interval: 1s',
    '/etc/paligemma': '.',
    'kubernetes_sd_configs:\n      - role: pod': `static_configs: ${JSON.stringify([
      {
        targets: [target],
        labels: {
          __meta_kubernetes_pod_label_app_kubernetes_io_name: 'paligemma',
          __meta_kubernetes_pod_container_port_name: 'http',
          __meta_kubernetes_namespace: 'default',
          __meta_kubernetes_pod_name: 'paligemma-0',
        },
      },
    ])}`,
  });
  const folder = folderWith({
    'prometheus.yml': config,
    'alerts.yml': deployed('prometheus/alerts.yml'),
    'metrics-key.txt': `${KEY}\n`,
  });
  const port = await freePort();
  background('prometheus', [
    `--config.file=${path.join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  return async <T>(route: string, query: Readonly<Record<string, string>>) => {
    const answer = await fetch(
      `http://127.0.0.1:${port}/api/v1/${route}?${new URLSearchParams(query)}`,
    );
    const { status, data, error } = (await answer.json()) as Record<string, unknown>;
    if (status !== 'success') throw new Error(`${JSON.stringify(query)}: ${error}`);
    return data as T;
  };
}

/** What Grafana puts in place of its variables. */
function filled(query: string): string {
  const values = { $job: '.*', $instance: '.*', $__rate_interval: '30s' };
  return Object.entries(values).reduce(
    (text, [name, value]) => text.replaceAll(name, value),
    query,
  );
}

/** Series whose value is a number. */
async function seriesOf(ask: Ask, query: string): Promise<readonly Series[]> {
  const { result } = await ask<{ readonly result: readonly Series[] }>('query', { query });
  return result.filter(({ value }) => Number.isFinite(Number(value[1])));
}

/** The rule by which prometheus-adapter asks for a metric of pods. */
function adapterQueries(): { readonly series: string; readonly metrics: string } {
  const text = deployed('prometheus/adapter.yml');
  const of = (key: string): string =>
    new RegExp(`${key}: ["'](.*)["']$`, 'm').exec(text)?.[1] ?? '';
  const series = of('seriesQuery');
  const metrics = of('metricsQuery')
    .replaceAll('<<.Series>>', series.split('{', 1)[0] as string)
    .replaceAll('<<.LabelMatchers>>', 'namespace="default",pod=~"paligemma-0|paligemma-1"')
    .replaceAll('<<.GroupBy>>', 'pod');
  return { series, metrics };
}

const namesIn = (text: string): string[] => [
  ...new Set(
    [...text.matchAll(/\bpaligemma_[a-z_]+/g)].map(([name]) =>
      name.replace(/_(bucket|sum|count)$/, ''),
    ),
  ),
];

test('has a series for every query of the dashboard and of the autoscaler', {
  ...needsTool('prometheus'),
  timeout: 120_000,
}, async () => {
  const server = await startServer();
  keepBusy(server);
  const ask = await startPrometheus(new URL(server.url).host);
  const [adapter, asked] = [adapterQueries(), TARGETS.map(({ expr }) => expr)];
  expect(asked.length).toBeGreaterThan(20);
  for (const query of [...asked, adapter.series, adapter.metrics]) {
    await vi.waitFor(
      async () => {
        const series = await seriesOf(ask, filled(query));
        if (series.length === 0) throw new Error(`Prometheus has no number for ${query}`);
      },
      { timeout: 30_000, interval: 250 },
    );
  }
  // The legend names labels that are there.
  for (const { expr, legendFormat } of TARGETS) {
    const labels = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1] as string);
    for (const { metric } of await seriesOf(ask, filled(expr))) {
      expect(Object.keys(metric).sort()).toEqual(labels.sort());
    }
  }
  for (const variable of VARIABLES) {
    const [, match, label] = /^label_values\((.*), (\w+)\)$/.exec(filled(variable)) ?? [];
    const values = await ask<string[]>(`label/${label}/values`, { 'match[]': match ?? '' });
    expect([variable, values.length]).toEqual([variable, 1]);
  }
  await vi.waitFor(
    async () => {
      const { groups } = await ask<{
        readonly groups: readonly { readonly rules: readonly Rule[] }[];
      }>('rules', {});
      const rules = groups.flatMap((group) => group.rules);
      expect(rules).toHaveLength(deployed('prometheus/alerts.yml').split('- alert:').length - 1);
      for (const { name, health, state } of rules)
        expect([name, health, state]).toEqual([name, 'ok', 'inactive']);
    },
    { timeout: 30_000, interval: 250 },
  );
  // Whatever the server counts is shown, and nothing is asked for that it does not count.
  const answer = await fetch(`${server.url}/metrics`, { headers: { 'x-api-key': KEY } });
  const counted = [...(await answer.text()).matchAll(/^# TYPE (\S+)/gm)].map((m) => m[1] as string);
  expect(namesIn(JSON.stringify(TARGETS)).sort()).toEqual(counted.sort());
  const others = ['prometheus/alerts.yml', 'prometheus/adapter.yml', 'kubernetes/autoscaler.yaml'];
  for (const file of others)
    expect(counted).toEqual(expect.arrayContaining(namesIn(deployed(file))));
});
