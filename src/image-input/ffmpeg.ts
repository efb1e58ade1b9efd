/**
 * Frames of video files through the programs ffmpeg and ffprobe on the PATH. Which frames are wanted is decided in
 * video.ts; nothing here knows models.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { onAbort } from '../abort.js';
import { type ErrorFacts, makeError, type PaliGemmaError } from '../errors.js';
import { oneLine, showThrown } from '../options/show.js';
import type { RawPixels } from './source.js';

/** Longest side of a frame: the largest published model sees 896 x 896 pixels. */
export const MAX_FRAME_SIDE = 896;

/** A file and the limits of reading it. */
export interface FilmRequest {
  readonly path: string;
  /** Names the file in messages. */
  readonly label: string;
  readonly maxPixels: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Which frames, in the words of ffmpeg's filters. */
export type FrameChoice =
  | { readonly kind: 'indices'; readonly indices: readonly number[] }
  | { readonly kind: 'stride'; readonly stride: number; readonly count: number }
  | { readonly kind: 'fps'; readonly fps: number; readonly count: number };

/** Containers of films. No playlists and lists of files, which would have ffmpeg open what they name. */
const FORMATS =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,ogg,mpegts,mpeg,mpegvideo,flv,asf,m4v,h264,hevc,ivf,mxf,dv,wtv,rm,nut';

/**
 * Only files, so that a playlist or an address in a file cannot reach the network. `file:` keeps names that begin with
 * "-" or look like an address from being taken for options or protocols.
 */
function inputArguments(path: string): string[] {
  const guards = ['-protocol_whitelist', 'file', '-format_whitelist', FORMATS];
  return [...guards, '-i', `file:${resolve(path)}`];
}

/**
 * How many frames the film has, as ffprobe says: of `packets` quickly, of decoded `frames` exactly. Refuses films of
 * too many pixels. Throws ERR_BINARY_NOT_FOUND, ERR_IMAGE_FORMAT, ERR_IMAGE_TOO_LARGE.
 */
export async function countFrames(film: FilmRequest, by: 'packets' | 'frames'): Promise<number> {
  const entries = `stream=width,height,nb_read_${by}`;
  const output = await run(
    film,
    'ffprobe',
    [
      '-v',
      'error',
      '-select_streams',
      'V:0',
      `-count_${by}`,
      '-show_entries',
      entries,
      '-of',
      'json',
      ...inputArguments(film.path),
    ],
    1 << 20,
  );
  const [stream] = readStreams(output.toString('utf8'));
  if (stream === undefined) throw unreadable(film, 'has no moving pictures');
  const { width, height } = stream;
  if (Number(width) * Number(height) > film.maxPixels) {
    const found = `${width} x ${height} pixels`;
    throw makeError(
      'ERR_IMAGE_TOO_LARGE',
      `${film.label} has ${found} per frame, the limit is ${film.maxPixels}`,
      {
        name: film.label,
        found,
        expected: `at most ${film.maxPixels} pixels`,
        remedy: 'max-pixels',
      },
    );
  }
  const frames = Number(stream[`nb_read_${by}`] ?? 0);
  return Number.isSafeInteger(frames) && frames > 0 ? frames : 0;
}

/**
 * The chosen frames in order, upright, at most MAX_FRAME_SIDE on each side; fewer if the film ends before. Otherwise as
 * countFrames.
 */
export async function readFrames(film: FilmRequest, choice: FrameChoice): Promise<RawPixels[]> {
  const count = choice.kind === 'indices' ? choice.indices.length : choice.count;
  const side = `'min(${MAX_FRAME_SIDE},iw)':'min(${MAX_FRAME_SIDE},ih)'`;
  const filters = [
    select(choice),
    // Frames are numbered anew, one per tick of the output: otherwise gaps would be filled by repeating frames. An output
    // option says the same, but its name depends on the version (-vsync, -fps_mode).
    'settb=1/25',
    'setpts=N',
    `scale=${side}:force_original_aspect_ratio=decrease`,
  ];
  const output = await run(
    film,
    'ffmpeg',
    [
      '-nostdin',
      '-hide_banner',
      '-loglevel',
      'error',
      ...inputArguments(film.path),
      '-map',
      '0:V:0',
      '-vf',
      filters.join(','),
      '-frames:v',
      String(count),
      '-r',
      '25',
      // PPM is raw RGB with a line of size before each frame.
      '-f',
      'image2pipe',
      '-c:v',
      'ppm',
      '-pix_fmt',
      'rgb24',
      'pipe:1',
    ],
    count * (MAX_FRAME_SIDE * MAX_FRAME_SIDE * 3 + 64),
  );
  return splitPpm(output, film);
}

function select(choice: FrameChoice): string {
  switch (choice.kind) {
    case 'indices':
      return `select='${choice.indices.map((index) => `eq(n,${index})`).join('+')}'`;
    case 'stride':
      return `select='not(mod(n,${choice.stride}))'`;
    case 'fps':
      return `fps=${choice.fps}`;
  }
}

interface Stream {
  readonly width?: number;
  readonly height?: number;
  readonly nb_read_packets?: string;
  readonly nb_read_frames?: string;
}

function readStreams(json: string): readonly Stream[] {
  const parsed = JSON.parse(json) as { readonly streams?: readonly Stream[] };
  return parsed.streams ?? [];
}

function splitPpm(bytes: Buffer, film: FilmRequest): RawPixels[] {
  const frames: RawPixels[] = [];
  let at = 0;
  while (at < bytes.length) {
    const head = /^P6\s(\d+)\s(\d+)\s255\s/.exec(bytes.toString('latin1', at, at + 40));
    if (head === null) throw unreadable(film, 'gave no picture that can be read');
    const [width, height] = [Number(head[1]), Number(head[2])];
    const start = at + head[0].length;
    at = start + width * height * 3;
    if (at > bytes.length) throw unreadable(film, 'ends within a frame');
    // Copied: a view would keep the memory of all frames with each of them.
    const data = new Uint8Array(bytes.subarray(start, at));
    frames.push({ data, width, height, channels: 3 });
  }
  return frames;
}

/** Runs a program without a shell and returns its output, at most `maxBytes`. */
function run(
  film: FilmRequest,
  program: 'ffmpeg' | 'ffprobe',
  args: readonly string[],
  maxBytes: number,
): Promise<Buffer> {
  film.signal?.throwIfAborted();
  return new Promise((resolvePromise, reject) => {
    let child: ChildProcess;
    try {
      child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    } catch (cause) {
      reject(notStarted(program, film, cause));
      return;
    }
    const pieces: Buffer[] = [];
    let bytes = 0;
    let complaint = '';
    /** Why the program was ended by us. */
    let stopped: { readonly error: unknown } | undefined;
    const stop = (error: unknown): void => {
      stopped ??= { error };
      child.kill('SIGKILL');
    };
    const release = onAbort(film.signal, stop);
    const timer = setTimeout(
      () =>
        stop(
          unreadable(film, `took ${program} longer than ${film.timeoutMs} ms`, {
            remedy: 'timeout',
          }),
        ),
      film.timeoutMs,
    );
    child.stdout?.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > maxBytes)
        stop(unreadable(film, `gave more than ${maxBytes} bytes through ${program}`));
      else pieces.push(piece);
    });
    child.stderr?.on('data', (piece: Buffer) => {
      complaint = (complaint + piece.toString('utf8')).slice(-2000);
    });
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      release();
      finish();
    };
    // `close` comes after the pipes have ended, and not at all for a program that was not found.
    child.on('error', (cause) => settle(() => reject(notStarted(program, film, cause))));
    child.on('close', (code, killedBy) =>
      settle(() => {
        if (stopped) reject(stopped.error);
        else if (code === 0) resolvePromise(Buffer.concat(pieces));
        else
          reject(unreadable(film, `cannot be read: ${reason(program, complaint, code, killedBy)}`));
      }),
    );
  });
}

/** The last lines of what the program printed. */
function reason(
  program: string,
  complaint: string,
  code: number | null,
  killedBy: string | null,
): string {
  const lines = complaint
    .trim()
    .split('\n')
    .slice(-3)
    .map((line) => oneLine(line.trim()));
  const said = lines
    .filter((line) => line !== '')
    .join('; ')
    .slice(-300);
  return `${program} ended with ${killedBy ?? code}${said === '' ? '' : `: ${said}`}`;
}

function notStarted(program: string, film: FilmRequest, cause: unknown): PaliGemmaError {
  const isMissing = (cause as { code?: string }).code === 'ENOENT';
  const message = isMissing
    ? `${program} was not found on PATH; it is needed to read the video ${film.label}`
    : `${program} cannot be started to read the video ${film.label}: ${showThrown(cause)}`;
  return makeError('ERR_BINARY_NOT_FOUND', message, {
    name: program,
    hint: 'install ffmpeg, or pass the frames as a list of pictures',
    cause,
  });
}

export function unreadable(
  film: { readonly label: string },
  what: string,
  help: Pick<ErrorFacts, 'hint' | 'remedy'> = {},
): PaliGemmaError {
  return makeError('ERR_IMAGE_FORMAT', `${film.label} ${what}`, {
    name: film.label,
    found: what,
    expected: 'a video that ffmpeg reads, an animated GIF or WebP, or a list of pictures',
    ...help,
  });
}
