/** A certificate for a host of tests, signed by itself, made by openssl. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { findProgram } from './tools.mjs';

/** Paths of the certificate and its key, in `folder`. */
export function certificateFor(
  host: string,
  folder: string,
): { readonly certificate: string; readonly key: string } {
  const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) =>
    path.join(folder, name),
  ) as [string, string];
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2';
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const files = ['-keyout', key, '-out', certificate];
  const openssl = findProgram('openssl') as string;
  execFileSync(openssl, [...request.split(' '), ...names, ...files], { stdio: 'ignore' });
  return { certificate, key };
}
