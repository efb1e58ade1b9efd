/**
 * The program of the child process: an engine that answers over the channel. What ends or hangs here is seen by the parent
 * (child-process.ts); this file only reports that it is alive.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { GenerateCall } from '../engine/engine.js';
import { LocalEngine } from '../engine/local.js';
import { Picture, type PictureSource } from '../engine/picture.js';
import { fromNative, PaliGemmaError, toNative } from '../errors.js';
import { native } from '../native/binding.js';
import { Outbox } from './outbox.js';
import {
  BEAT_MS,
  type Call,
  CHANNEL,
  type FromChild,
  type SentPicture,
  type ToChild,
} from './protocol.js';

let engine: LocalEngine | undefined;
const running = new Map<number, AbortController>();
const outbox = new Outbox((answers) => send({ kind: 'answers', answers }));

function send(message: FromChild): void {
  // The parent may be gone; then this process is about to end.
  if (process.connected) process.send?.(message);
}

function shapeOf(error: unknown): ReturnType<typeof toNative> {
  return toNative(error instanceof PaliGemmaError ? error : (fromNative(error) as PaliGemmaError));
}

async function load(options: Parameters<typeof LocalEngine.load>[0]): Promise<void> {
  try {
    // Also while every other thread hangs, this process must not outlive its parent.
    native().exitWithParent(CHANNEL);
    engine = await LocalEngine.load(options, {
      signal: undefined,
      onProgress: (loaded, total) => send({ kind: 'progress', loaded, total }),
    });
    send({ kind: 'loaded', info: engine.info });
  } catch (error) {
    send({ kind: 'load-failed', error: shapeOf(error) });
  }
}

async function answer(id: number, call: Call): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    outbox.end(id, { result: await run(id, call, controller.signal) });
  } catch (error) {
    // When one picture is at fault, the others need not be decoded any more.
    controller.abort(error);
    outbox.end(id, { error: shapeOf(error) });
  } finally {
    running.delete(id);
  }
}

function run(id: number, call: Call, signal: AbortSignal): Promise<unknown> {
  if (engine === undefined) throw new Error('a call before the model was loaded');
  switch (call.method) {
    case 'generate':
      return engine.generate(call.pictures.map(toSource), call.read, call.params, {
        signal,
        onToken: (token) => outbox.token(id, token),
        onImages: (images) => outbox.images(id, images),
      } satisfies GenerateCall);
    case 'score':
      return engine.score(call.pictures.map(toSource), call.read, call.params, signal);
    case 'encode':
      return engine.encode(onlyOne(call.pictures), call.read, signal);
    case 'prepare':
      return engine.prepare(onlyOne(call.pictures), call.read, signal);
    case 'decodeMasks':
      return engine.decodeMasks(call.codes, signal);
    case 'encodeMasks':
      return engine.encodeMasks(call.masks, signal);
  }
}

function onlyOne(pictures: readonly SentPicture[]): PictureSource {
  const [picture] = pictures;
  if (picture === undefined) throw new Error('a call without its picture');
  return toSource(picture);
}

function toSource(sent: SentPicture): PictureSource {
  if ('pixels' in sent) return new Picture(sent.pixels, sent);
  return { kind: 'bytes', label: sent.label, bytes: sent.bytes };
}

function beat(): void {
  const pulse = engine?.pulse() ?? { busy: false, steps: 0 };
  send({ kind: 'beat', pulse, ...(engine && { memory: engine.memory() }) });
}

/** When memory runs out, the kernel should end this process before its parent. */
function volunteerForOom(): void {
  const file = '/proc/self/oom_score_adj';
  try {
    writeFileSync(file, String(Math.min(1000, Number(readFileSync(file, 'utf8')) + 200)));
  } catch {
    // Another system, or one that does not let us.
  }
}

process.on('message', (message: ToChild) => {
  switch (message.kind) {
    case 'load':
      void load(message.options);
      break;
    case 'call':
      void answer(message.id, message.call);
      break;
    case 'cancel':
      running.get(message.id)?.abort();
      break;
  }
});
process.on('disconnect', () => process.exit());
process.on('warning', ({ message, ...rest }: Error & { readonly code?: string }) =>
  send({ kind: 'warning', message, ...(rest.code !== undefined && { code: rest.code }) }),
);
// What a terminal sends to all of its processes is for the parent to decide.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
volunteerForOom();
setInterval(beat, BEAT_MS);
