/** Who may call the server and what it may call: each spelling is stored as it is compared, and what never matches is refused. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { jsonSchema } from '../../../src/options/json-schema.js';
import { parseServerOptions, SERVER_OPTIONS, servedModels } from '../../../src/options/server.js';

const isInSchema = new Ajv2020({ strict: false }).compile(jsonSchema(SERVER_OPTIONS));

type Name = 'hosts' | 'origins' | 'pictureHosts' | 'pictureNetworks';

it.each<[Name, string, string]>([
  ['hosts', 'AI.example', 'ai.example'],
  ['hosts', 'localhost', 'localhost'],
  ['hosts', '10.0.0.1', '10.0.0.1'],
  ['hosts', '[FD00::1]', '[fd00::1]'],
  ['origins', 'https://app.example', 'https://app.example'],
  ['origins', 'https://App.Example/', 'https://app.example'],
  ['origins', 'HTTPS://app.example:443', 'https://app.example'],
  ['origins', 'https://app.example:80/', 'https://app.example:80'],
  ['origins', 'http://app.example:80', 'http://app.example'],
  ['origins', 'http://localhost:3000', 'http://localhost:3000'],
  ['origins', 'http://[::1]:80', 'http://[::1]'],
  ['origins', 'chrome-extension://abcdef', 'chrome-extension://abcdef'],
  ['pictureHosts', '*', '*'],
  ['pictureHosts', '*:8443', '*:8443'],
  ['pictureHosts', '*.images.example', '*.images.example'],
  ['pictureHosts', 'http://bücher.example:81', 'http://bücher.example:81'],
  ['pictureNetworks', 'fd00::/8', 'fd00::/8'],
  ...['10.1.0.0/16', '0.0.0.0/0', '255.255.255.255/32', '::1', '::ffff:1.2.3.4/128'].map(
    (one): [Name, string, string] => ['pictureNetworks', one, one],
  ),
])('%s: %s', (name, given, stored) => {
  const options = { [name]: [given] };
  expect([parseServerOptions(options)[name], isInSchema(options)]).toEqual([[stored], true]);
});

describe('are refused by name and value, and by the schema:', () => {
  it.each<[Name, readonly string[]]>([
    ['hosts', ['a:b:c', 'ai.example:8765', 'https://ai.example', 'ai.example/', '::1', 'a b', '*']],
    [
      'origins',
      ['example.com', '*', 'null', 'https://', 'https://app.example/path', '//a.example'],
    ],
    ['origins', ['https://*.example', 'https://user@a.example', 'https://a.example?x', 'https:a']],
    ['pictureHosts', ['http//x', 'ftp://a', 'a:b', '*a', 'a.*', 'user@a', 'a\0b']],
    [
      'pictureNetworks',
      ['10.0.0.1/', 'a network', '/8', '10.1.0.0/99', '10.0.0', '256.0.0.1', '1::/129'],
    ],
  ])('%s %j', (name, entries) => {
    for (const entry of entries) {
      const options = { [name]: ['localhost', entry] };
      if (name === 'origins') options[name] = ['http://localhost', entry];
      if (name === 'pictureNetworks') options[name] = ['10.0.0.1', entry];
      const shown = JSON.stringify(entry);
      expect(() => parseServerOptions(options)).toThrow(
        `option ${name}[1] is ${shown}, expected a`,
      );
      expect([entry, isInSchema(options)]).toEqual([entry, false]);
    }
  });
});

it.each(['small.v2-q8', 'a'.repeat(64)])('the alias %j is one, to the schema as well', (alias) => {
  const options = { models: { [alias]: 'a.gguf' } };
  expect([...servedModels(parseServerOptions(options)).keys()]).toEqual([alias]);
  expect(isInSchema(options)).toBe(true);
});

it.each(['../a', 'A', '.a', 'a b', 'a'.repeat(65), ''])(
  'the alias %j is none, to the schema as well',
  (alias) => {
    const options = { models: { [alias]: 'a.gguf' } };
    expect(() => servedModels(parseServerOptions(options))).toThrow('models has an alias');
    expect(isInSchema(options)).toBe(false);
  },
);
