/** This package, and what a server needs beside it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Installed beside this package by those who serve, all with one command. */
export const SERVER_PACKAGES = ['fastify', '@fastify/multipart', 'prom-client'];

export function packageVersion(): string {
  const file = path.join(__dirname, '..', '..', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}
