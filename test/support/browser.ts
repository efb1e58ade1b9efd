/**
 * A real browser without a window: Chromium, spoken to through two pipes (its DevTools protocol, JSON with a zero byte after each
 * message), so that a test needs no package for it. No expectations live here.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { findProgram, TOOLS } from './tools.mjs';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly request: { readonly url: string } };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface View {
  readonly width: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  readonly media?: 'screen' | 'print';
}

export class Browser {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #to: Writable;
  readonly #waiting = new Map<number, (message: Message) => void>();
  readonly #listeners = new Set<(message: Message) => void>();
  #session: string | undefined;
  #count = 0;
  /** Addresses that pages have asked for since the last one was opened. */
  readonly requests: string[] = [];

  private constructor(process: ChildProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
    this.#to = process.stdio[3] as Writable;
    let text = '';
    const from = process.stdio[4] as Readable;
    from.setEncoding('utf8');
    from.on('data', (chunk: string) => {
      const messages = (text + chunk).split('\0');
      text = messages.pop() as string;
      for (const message of messages) this.#take(JSON.parse(message) as Message);
    });
  }

  static async start(): Promise<Browser> {
    const folder = mkdtempSync(path.join(tmpdir(), 'paligemma-browser-'));
    const program = TOOLS.chromium.programs.map(findProgram).find((found) => found !== undefined);
    const args = [
      ...['--headless', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu'],
      ...['--hide-scrollbars', '--no-first-run', `--user-data-dir=${folder}`, 'about:blank'],
    ];
    const process = spawn(program as string, args, {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const browser = new Browser(process, folder);
    const { targetInfos } = (await browser.#send('Target.getTargets')) as {
      targetInfos: { readonly type: string; readonly targetId: string }[];
    };
    const { targetId } = targetInfos.find(({ type }) => type === 'page') as { targetId: string };
    const attached = await browser.#send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = attached['sessionId'] as string;
    for (const domain of ['Page', 'Network', 'Runtime']) await browser.#send(`${domain}.enable`);
    // What a test runs in a page is no part of it.
    await browser.#send('Page.setBypassCSP', { enabled: true });
    return browser;
  }

  #take(message: Message): void {
    if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
    for (const listener of this.#listeners) listener(message);
    if (message.method !== 'Network.requestWillBeSent' || message.params === undefined) return;
    const { url } = message.params.request;
    if (!url.startsWith('data:')) this.requests.push(url);
  }

  #send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#count;
    const sessionId = this.#session;
    return new Promise((resolve, reject) => {
      const failed = (): void => reject(new Error(`the browser ended during ${method}`));
      this.#process.once('exit', failed);
      this.#waiting.set(id, ({ result, error }) => {
        this.#waiting.delete(id);
        this.#process.off('exit', failed);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#to.write(
        `${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`,
      );
    });
  }

  /** Shows a file, and waits until it is loaded. */
  async open(
    file: string,
    { width, height = 900, scheme = 'light', media = 'screen' }: View,
  ): Promise<void> {
    const size = { width, height, deviceScaleFactor: 1, mobile: false };
    await this.#send('Emulation.setDeviceMetricsOverride', size);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.#send('Emulation.setEmulatedMedia', { media, features });
    this.requests.length = 0;
    const loaded = new Promise<void>((resolve) => {
      const listener = ({ method }: Message): void => {
        if (method !== 'Page.loadEventFired') return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
    await this.#send('Page.navigate', { url: pathToFileURL(file).href });
    await loaded;
  }

  /** The value of an expression in the page, which may be a promise. */
  async evaluate<T>(expression: string): Promise<T> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = (await this.#send('Runtime.evaluate', options)) as {
      readonly result: { readonly value: T };
      readonly exceptionDetails?: object;
    };
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails).slice(0, 2000));
    return result.value;
  }

  async key(key: string, code: number): Promise<void> {
    const event = { key, code: key, windowsVirtualKeyCode: code };
    await this.#send('Input.dispatchKeyEvent', {
      type: 'keyDown',
      ...event,
      ...(key === 'Enter' && { text: '\r' }),
    });
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
  }

  /** The whole page as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#send('Page.captureScreenshot', { captureBeyondViewport: true });
    return Buffer.from(data as string, 'base64');
  }

  async pdf(): Promise<Buffer> {
    const { data } = await this.#send('Page.printToPDF', { printBackground: true });
    return Buffer.from(data as string, 'base64');
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill();
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
