/**
 * The parser of forms of @fastify/multipart, apart from any application: one that has registered the plugin itself could not
 * have it a second time in any scope, and its limits and hooks would read our forms.
 */
import type { IncomingMessage } from 'node:http';
import type { Multipart } from '@fastify/multipart';
import { importPeer } from '../load-peer.js';
import { SERVER_PACKAGES } from './packages.js';

/** Files and fields of a form as they arrive. */
export type FormReader = (raw: IncomingMessage) => AsyncIterator<Multipart>;

/** Its lines hold the headers of requests. */
const SILENT = { debug: () => {}, trace: () => {}, error: () => {} };

export async function formReader(limits: Readonly<Record<string, number>>): Promise<FormReader> {
  const { default: multipart } = await importPeer(
    '@fastify/multipart',
    () => import('@fastify/multipart'),
    { together: SERVER_PACKAGES },
  );
  // What requests have from the plugin, and its parser of bodies, which marks those that are forms.
  const members: Record<PropertyKey, unknown> = { log: SILENT };
  let mark: (request: object, raw: object, done: () => void) => void = () => {};
  const recorder = {
    initialConfig: {},
    hasRequestDecorator: () => false,
    decorate: () => {},
    decorateRequest: (name: PropertyKey, value: unknown) => {
      members[name] = value;
    },
    addContentTypeParser: (_: string, parser: typeof mark) => {
      mark = parser;
    },
    // They delete files that were written, which ours never are.
    addHook: () => {},
  };
  // Of an application it needs no more than that.
  const plugin = multipart as unknown as (app: object, options: object, done: () => void) => void;
  plugin(recorder, { limits, throwFileSizeLimit: false }, () => {});
  return (raw) => {
    const request = Object.assign(Object.create(members), { raw });
    mark(request, raw, () => {});
    return request.parts();
  };
}
