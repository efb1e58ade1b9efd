/** Pictures by their addresses: from where the operator allows it, and nowhere else, whatever the address looks like. */
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { PaliGemma } from '../../../src/index.js';
import { RemotePictures } from '../../../src/server/remote.js';
import { certificateFor } from '../../support/certificate.js';
import { folderWith } from '../../support/folder.js';
import { DEMO_MODEL } from '../../support/models.js';
import { LOOPBACK_NETWORK, needsTool } from '../../support/needs.js';
import { CAPTION, metric, SHAPES, startServer } from '../../support/server.js';
import { serve } from './command.js';

/** Reached as it is a network of the operator's; all else of this machine is not. */
const OWN = '127.0.0.9';

let model: PaliGemma;
/** Listens on every address of this machine: a connection is a break-through. */
let trap: Server;
let port: number;
let connections = 0;
beforeAll(async () => {
  model = await PaliGemma.load(DEMO_MODEL);
  trap = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    trap.once('error', reject).listen(0, resolve);
  });
  ({ port } = trap.address() as AddressInfo);
});
afterAll(async () => {
  trap.close();
  await model.dispose();
});

/** The addresses of these numbers in all spellings that some parser of addresses understands. */
function spellings([a, b, c, d]: readonly [number, number, number, number]): string[] {
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const hex = (value: number, digits = 1) => value.toString(16).padStart(digits, '0');
  const [high, low] = [hex(a * 256 + b), hex(c * 256 + d)];
  const dotted = `${a}.${b}.${c}.${d}`;
  return [
    ...[dotted, `${dotted}.`, String(whole), `0x${hex(whole, 8)}`, `0${whole.toString(8)}`],
    [a, b, c, d].map((part) => `0x${hex(part, 2)}`).join('.'),
    [a, b, c, d].map((part) => part.toString(8).padStart(4, '0')).join('.'),
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    // Digits of other scripts, dots of other scripts, letters written with %.
    dotted.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    dotted.replace(/\d/g, (digit) => String.fromCodePoint(0x1d7ce + Number(digit))),
    dotted.replaceAll('.', '。'),
    dotted.replaceAll('.', '%2e'),
    ...[`[::ffff:${dotted}]`, `[::ffff:${high}:${low}]`, `[0:0:0:0:0:ffff:${high}:${low}]`],
    ...[`[::${dotted}]`, `[64:ff9b::${dotted}]`, `[64:ff9b:1::${high}:${low}]`],
    ...[`[2002:${high}:${low}::1]`, `[2001:0:${high}:${low}::]`, `[::ffff:0:${dotted}]`],
    // Teredo holds the address of the client inverted.
    `[2001:0:1:1::${hex(0xffff - (a * 256 + b))}:${hex(0xffff - (c * 256 + d))}]`,
  ];
}

/** Other addresses of networks that no server of strangers is in. */
const OTHERS = [
  ...['0.0.0.0', '0', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.100.100.200', '127.1'],
  ...['127.0.1.1', '127.255.255.254', '169.254.1.1', '172.16.0.1', '172.31.255.255'],
  ...['192.0.0.1', '192.0.0.192', '192.0.2.1', '192.88.99.1', '192.168.0.1', '192.168.255.255'],
  ...[
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.7',
    '224.0.0.1',
    '239.255.255.250',
  ],
  ...['240.0.0.1', '255.255.255.255', '168.63.129.16', '192.175.48.1', '192.31.196.1'],
  ...['[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[0000::0001]', '[fe80::1]', '[febf::1]', '[fec0::1]'],
  ...['[fc00::1]', '[fd00:ec2::254]', '[fd20:ce::254]', '[fdff::1]', '[ff02::1]', '[ff0e::1]'],
  ...['[100::1]', '[2001:2::1]', '[2001:10::1]', '[2001:20::1]', '[2001:db8::1]', '[3fff::1]'],
  ...['[2620:4f:8000::1]', '[5f00::1]', '[4000::1]', '[64:ff9b::1]', '[::2]'],
  ...['localhost', 'LOCALHOST', 'localhost.', 'LocalHost.', 'ⓛocalhost', 'loc%61lhost'],
];

/** What is no address, or is one of another kind. */
const ODD = [
  ...['http:', 'http://', 'http:///', 'https://?', 'http://[::1', 'http://[fe80::1%25eth0]/'],
  ...['http://127.0.0.1:99999/', 'http://1.2.3.4.5.6/', 'http://256.256.256.256/', 'http://0x/'],
  ...['HTTP://127.0.0.1:1/', 'http:\\\\127.0.0.1\\', 'http:127.0.0.1/', 'http:/127.0.0.1'],
  ...['ftp://127.0.0.1/a.png', 'gopher://127.0.0.1/', 'file:///etc/passwd', 'file://localhost/a'],
  ...[
    '//127.0.0.1/a.png',
    'ws://127.0.0.1/',
    'jar:http://127.0.0.1!/',
    'unix:/run/a.sock',
    'dict://a',
  ],
  `http://images.example/${'a'.repeat(9000)}`,
];

const HOSTS = [
  ...spellings([127, 0, 0, 1]),
  ...spellings([169, 254, 169, 254]),
  ...spellings([10, 0, 0, 5]),
  ...spellings([192, 168, 1, 1]),
  ...OTHERS,
];

/** The table: every address leads to the trap, if anywhere of this machine. */
function forbidden(): string[] {
  return [
    ...HOSTS.map((host) => `http://${host}:${port}/a.png`),
    ...HOSTS.map((host) => `https://${host}:${port}/a.png`),
    // With names and passwords, whose owners may mean one host and reach another.
    ...['127.0.0.1', '[::1]', 'localhost'].flatMap((host) => [
      ...[`http://images.example@${host}:${port}/`, `http://images.example:80@${host}:${port}/`],
      ...[`http://${host}:${port}@images.example/`, `http://:@${host}:${port}/`],
      ...[`http://images.example#@${host}:${port}/`, `http://images.example\\@${host}:${port}/`],
      ...[`http://${host}:${port}\\@images.example/`, `http://images.example&@${host}:${port}#@a/`],
    ]),
    ...ODD,
  ];
}

/** All hosts, at the port of the trap as well. */
const everywhere = () => ['http://*', '*'].flatMap((all) => [all, `${all}:${port}`]);

const ask = async (server: Awaited<ReturnType<typeof startServer>>, image: string) => {
  const answer = await server.post('/v1/caption', { image });
  const { error, text } = (await answer.json()) as {
    error?: Record<string, unknown>;
    text?: string;
  };
  return {
    status: answer.status,
    code: error?.['code'],
    message: String(error?.['message'] ?? text),
  };
};

/** Answers at an address of the operator's. Returns where. */
async function openOwn(listener: RequestListener): Promise<number> {
  const server = http.createServer(listener).listen(0, OWN);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('the table of forbidden addresses', () => {
  it('has hundreds of them, and none is connected to where all hosts are allowed', async () => {
    const server = await startServer({ model, pictureHosts: everywhere() });
    const table = [...new Set(forbidden())];
    expect(table.length).toBeGreaterThanOrEqual(200);
    for (const address of table) {
      const { status, code, message } = await ask(server, address);
      expect([address, status, code]).toEqual([address, 400, 'ERR_IMAGE_NOT_FOUND']);
      // Refused, and not only out of reach from here.
      expect([address, message]).toEqual([
        address,
        expect.not.stringMatching(/in time|answered with/),
      ]);
      expect(message).not.toMatch(/127\.|169\.254|::/);
    }
    expect(connections).toBe(0);
  }, 60_000);

  it('is refused as well where it is what others lead to', {
    ...LOOPBACK_NETWORK,
    timeout: 60_000,
  }, async () => {
    let location = '';
    const own = await openOwn((_, response) => {
      response.writeHead(302, { location }).end();
    });
    const server = await startServer({
      ...{ model, pictureNetworks: [`${OWN}/32`] },
      pictureHosts: [...everywhere(), `http://${OWN}:${own}`],
    });
    for (const address of new Set(forbidden())) {
      // Not what has no scheme: that leads back to where it came from.
      if (!/^https?:\/\//.test(address)) continue;
      location = encodeURI(decodeURI(address));
      const { status, code } = await ask(server, `http://${OWN}:${own}/a.png`);
      expect([address, status, code]).toEqual([address, 400, 'ERR_IMAGE_NOT_FOUND']);
    }
    expect(connections).toBe(0);
  });

  it(
    'cannot be reached by a name that leads elsewhere when it is asked for again',
    LOOPBACK_NETWORK,
    async () => {
      let calls = 0;
      const answers: readonly LookupAddress[][] = [
        [{ address: '127.0.0.1', family: 4 }],
        [
          { address: '::1', family: 6 },
          { address: '10.0.0.1', family: 4 },
        ],
        [{ address: '::ffff:127.0.0.1', family: 6 }],
        [],
      ];
      const own = await openOwn((_, response) => response.end(SHAPES));
      const remote = new RemotePictures(
        { pictureHosts: [`http://*.example:${own}`, ...everywhere()], pictureNetworks: [OWN] },
        (_, __, callback) => {
          // The first answer is one that may be reached, all later ones are not.
          const found = answers[(calls++ - 1) % answers.length] ?? [{ address: OWN, family: 4 }];
          callback(null, found);
        },
      );
      const { signal } = new AbortController();
      const bytes = await remote.fetch(`http://rebind.example:${own}/`, 1e6, signal);
      expect(Buffer.from(bytes).equals(SHAPES)).toBe(true);
      expect(calls).toBe(1);
      for (let i = 0; i < 40; i++) {
        await expect(
          remote.fetch(`http://rebind${i}.example:${port}/`, 1e6, signal),
        ).rejects.toThrow(/not one of the public internet/);
      }
      // Of several addresses only those that may be reached are tried.
      const mixed = new RemotePictures(
        { pictureHosts: [`http://*.example:${own}`], pictureNetworks: [OWN] },
        (_, __, callback) =>
          callback(null, [
            { address: '127.0.0.1', family: 4 },
            { address: OWN, family: 4 },
          ]),
      );
      expect((await mixed.fetch(`http://a.example:${own}/`, 1e6, signal)).length).toBe(
        SHAPES.length,
      );
      expect(connections).toBe(0);
    },
  );
});

it('nothing is fetched unless the operator says from where', async () => {
  const server = await startServer({ model });
  expect(await ask(server, `http://127.0.0.1:${port}/a.png`)).toMatchObject({
    code: 'ERR_IMAGE_NOT_FOUND',
    message: expect.stringContaining('does not fetch'),
  });
  expect(connections).toBe(0);
});

describe('a host that is listed', LOOPBACK_NETWORK, () => {
  /** One server answers by its path. */
  async function start(answer: RequestListener, options = {}) {
    const seen: http.IncomingMessage[] = [];
    const own = await openOwn((request, response) => {
      seen.push(request);
      answer(request, response);
    });
    const host = `http://${OWN}:${own}`;
    const server = await startServer({
      ...{ model, pictureHosts: [host], pictureNetworks: ['127.0.0.8/31'], ...options },
    });
    return { server, host, seen };
  }

  it('is the source of pictures for every face, after redirects too, and learns nothing of the client', async () => {
    const { server, host, seen } = await start((request, response) => {
      const hops = Number(/\d+/.exec(request.url ?? '')?.[0]);
      if (hops > 0) response.writeHead(307, { location: `/${hops - 1}?a` }).end();
      // The media type is a lie, which no one reads.
      else response.writeHead(200, { 'content-type': 'text/html' }).end(SHAPES);
    });
    const image = `${host}/0`;
    expect(await ask(server, image)).toMatchObject({ status: 200, message: CAPTION });
    expect(await ask(server, `${host}/3`)).toMatchObject({ status: 200, message: CAPTION });
    expect(await ask(server, `${host}/4`)).toMatchObject({
      ...{ status: 400, message: expect.stringContaining('leads on more than 3 times') },
    });
    const content = [
      { type: 'text', text: 'caption en' },
      { type: 'image_url', image_url: { url: image } },
    ];
    const chat = await server.post('/v1/chat/completions', {
      messages: [{ role: 'user', content }],
    });
    expect(await chat.json()).toMatchObject({ choices: [{ message: { content: CAPTION } }] });
    const lmm = await server.post('/infer/lmm', {
      ...{ model_id: 'paligemma', prompt: 'caption en', image: { type: 'url', value: image } },
    });
    expect(await lmm.json()).toMatchObject({ response: CAPTION });
    for (const { headers } of seen) {
      expect(Object.keys(headers).sort()).toEqual([
        ...['accept', 'accept-encoding', 'connection', 'host', 'user-agent'],
      ]);
    }
  });

  it('is not believed: its answers are bounded, and end with the request', async () => {
    const { server, host } = await start(
      (request, response) => {
        const kind = request.url?.slice(1);
        if (kind === 'html') response.end('<html>secret of the intranet</html>');
        else if (kind === 'missing') response.writeHead(404).end('secret');
        else if (kind === 'announced') {
          response.writeHead(200, { 'content-length': 1e9 });
          response.write(SHAPES);
        } else if (kind === 'endless') {
          const timer = setInterval(() => response.write(Buffer.alloc(65_536, 1)), 1);
          response.once('close', () => clearInterval(timer));
        } else if (kind === 'short') {
          response.writeHead(200, { 'content-length': SHAPES.length + 5 });
          response.write(SHAPES, () => response.destroy());
        } else if (kind === 'broken') request.socket.end('nonsense\r\n\r\n');
      },
      { maxBodyBytes: 200_000 },
    );
    for (const [kind, status, code] of [
      ['html', 415, 'ERR_IMAGE_FORMAT'],
      ['missing', 400, 'ERR_IMAGE_NOT_FOUND'],
      ['announced', 413, 'ERR_IMAGE_TOO_LARGE'],
      ['endless', 413, 'ERR_IMAGE_TOO_LARGE'],
      ['short', 400, 'ERR_IMAGE_NOT_FOUND'],
      ['broken', 400, 'ERR_IMAGE_NOT_FOUND'],
    ] as const) {
      const answer = await ask(server, `${host}/${kind}`);
      expect([kind, answer]).toEqual([kind, expect.objectContaining({ status, code })]);
      expect(answer.message).not.toMatch(/secret|127\.0/);
    }
    const body = { image: `${host}/silent` };
    const late = await server.post('/v1/caption', body, { 'x-deadline-ms': '100' });
    expect(late.status).toBe(504);
    expect(await metric(server, 'paligemma_requests_inside')).toBe(0);
  });

  it('is the only one, at its port and by its scheme', async () => {
    const { host } = await start(() => {});
    const remote = new RemotePictures(
      {
        pictureHosts: [
          'Images.Example',
          '*.cdn.example',
          'http://plain.example',
          'bücher.example:8443',
        ],
        pictureNetworks: undefined,
      },
      (_, __, callback) => callback(Object.assign(new Error('none'), { code: 'ENOTFOUND' }), []),
    );
    const { signal } = new AbortController();
    const outcome = (address: string) =>
      remote.fetch(address, 1e6, signal).then(
        () => 'fetched',
        (error: Error) => (/cannot be reached/.test(error.message) ? 'asked for' : 'refused'),
      );
    for (const [address, expected] of [
      ['https://images.example/a.png?b=c', 'asked for'],
      ['https://images.example./a.png', 'asked for'],
      ['https://images.example:443/', 'asked for'],
      ['https://a.b.cdn.example/', 'asked for'],
      ['http://plain.example/', 'asked for'],
      ['https://xn--bcher-kva.example:8443/', 'asked for'],
      ['http://images.example/', 'refused'],
      ['https://images.example:444/', 'refused'],
      ['https://a.images.example/', 'refused'],
      ['https://notimages.example/', 'refused'],
      ['https://images.example.evil.example/', 'refused'],
      ['https://cdn.example/', 'refused'],
      ['https://evilcdn.example/', 'refused'],
      ['https://plain.example/', 'refused'],
      ['https://bücher.example/', 'refused'],
      [host, 'refused'],
    ]) {
      expect([address, await outcome(address as string)]).toEqual([address, expected]);
    }
  });
});

it.each([...['', 'a/b', 'https://', 'ftp://a', 'user@a', 'a:b', '*a', '**', 'a.*', 'a?b', 'a b']])(
  'the entry %j is no host',
  async (entry) => {
    await expect(startServer({ model, pictureHosts: [entry] })).rejects.toMatchObject({
      code: 'ERR_OPTION_RANGE',
    });
  },
);

it.each(['10.0.0.0/33', 'fd00::/129', 'a', '10.0.0', ':::', '::1%eth0', '10.0.0.1/', '/8'])(
  'the entry %j is no network',
  async (entry) => {
    for (const hosts of [{ pictureHosts: ['*'] }, {}]) {
      const options = { model, ...hosts, pictureNetworks: [entry] };
      await expect(startServer(options)).rejects.toMatchObject({ code: 'ERR_OPTION_RANGE' });
    }
  },
);

describe('over https', needsTool('openssl'), () => {
  /** A server of pictures at `localhost`, and the command that may fetch from it. */
  async function start(trusted: boolean) {
    const folder = folderWith({});
    const { certificate, key } = certificateFor('localhost', folder);
    const [cert, secret] = [readFileSync(certificate), readFileSync(key)];
    const own = https.createServer({ cert, key: secret }, (_, response) => response.end(SHAPES));
    onTestFinished(() => void own.close());
    await once(own.listen(0, 'localhost'), 'listening');
    const host = `localhost:${(own.address() as AddressInfo).port}`;
    const config = { pictureHosts: [host], pictureNetworks: ['127.0.0.0/8', '::1'] };
    const file = path.join(folder, 'serve.json');
    writeFileSync(file, JSON.stringify(config));
    const { url } = await serve(
      ['--config', file],
      trusted ? { NODE_EXTRA_CA_CERTS: certificate } : {},
    );
    const body = JSON.stringify({ image: `https://${host}/a.png` });
    const headers = { 'content-type': 'application/json' };
    return fetch(`${url}/v1/caption`, { method: 'POST', headers, body });
  }

  it('a picture comes from a server with a certificate that this machine trusts', async () => {
    const answer = await start(true);
    expect([answer.status, await answer.json()]).toMatchObject([200, { text: CAPTION }]);
  });

  it('and from no other', async () => {
    const answer = await start(false);
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { code: 'ERR_IMAGE_NOT_FOUND', message: expect.stringContaining('be reached') } },
    ]);
  });
});
