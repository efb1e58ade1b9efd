// 100,000 pictures over HTTP: memory must not grow with them.
import { keepAlive, makePictures, megabytes, post, startServer, verdict } from './support.mjs';

const AT_ONCE = 4;
const ROUTES = ['caption', 'detect?labels=circle&labels=square', 'predict?prompt=caption%20en'];
/** Of a slope from as many samples as there are: Student's t at 97.5 %. */
const T = 2;

/** `amount`: pictures. */
export async function pictures(amount = 100_000) {
  // A small cache, so that it is full soon and pictures are computed.
  const server = await startServer({}, { featureCacheMb: 8 });
  const made = await makePictures(300);
  const agent = keepAlive();
  const samples = [];
  const every = Math.max(1, Math.floor(amount / 100));
  let asked = 0;
  let bad = 0;
  const start = performance.now();
  const work = async () => {
    while (asked < amount) {
      const i = asked++;
      const url = `${server.url}/v1/${ROUTES[i % ROUTES.length]}`;
      const { status } = await post(agent, url, made[i % made.length]);
      if (status !== 200) bad++;
    }
  };
  for (let begun = 0; begun < amount; begun = asked) {
    const whole = amount;
    amount = Math.min(whole, begun + every);
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    amount = whole;
    samples.push([asked, megabytes((await server.measure()).rss)]);
    // It takes long, and what was measured until then is worth something when it is stopped.
    if (samples.length % 10 === 0)
      console.log(`  ${asked} pictures: ${samples.at(-1)[1].toFixed(1)} MB`);
  }
  const seconds = (performance.now() - start) / 1000;
  server.stop();
  agent.destroy();
  const { slope, error } = lineThrough(samples.slice(Math.floor(samples.length / 5)));
  const [low, high] = [slope - T * error, slope + T * error].map((one) =>
    (one * 10_000).toFixed(2),
  );
  console.log(
    `pictures: ${asked} in ${seconds.toFixed(0)} s, memory ${samples[0][1].toFixed(0)} MB at ${samples[0][0]}, ${samples.at(-1)[1].toFixed(0)} MB at the end`,
  );
  return verdict({
    'all are answered with 200': bad === 0,
    [`memory grows by ${(slope * 10_000).toFixed(2)} MB (${low} to ${high}) for 10,000 pictures after the first fifth, less than 5`]:
      Number(high) < 5,
  });
}

/** A line through points by least squares, with the standard error of its slope. */
function lineThrough(points) {
  const n = points.length;
  const mean = (k) => points.reduce((sum, point) => sum + point[k], 0) / n;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  const slope = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / spread;
  const rest = points.reduce((sum, [a, b]) => sum + (b - y - slope * (a - x)) ** 2, 0);
  return { slope, error: Math.sqrt(rest / (n - 2) / spread) };
}
