// Where the benchmark's peers and photographs are, for setup.mjs and run.mjs.
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '..', '..');
/** npm packages and a Python environment, which are no part of this package. */
export const PEERS = path.join(import.meta.dirname, 'peers');
export const VENV = path.join(PEERS, '.venv');
export const PHOTOGRAPHS = path.join(ROOT, 'build', 'ocr', 'photographs');
/** Debian's. */
export const PACKAGES = ['tesseract-ocr', 'ocrad', 'gocr', 'ssocr'];
