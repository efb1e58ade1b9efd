// Passes of nothing but reading memory: how long a token takes at least whose weights have BYTES. Arguments: BYTES, threads.
import { native } from '../../lib/native/binding.js';
import { servePasses } from './passes.mjs';

const [bytes, threads] = process.argv.slice(2).map(Number);
await servePasses(async () => {
  const { readBytesPerSecond } = native().roofline(threads);
  return { decode: (bytes / readBytesPerSecond) * 1000 };
});
