// Campaigns against a live server, with figures; ends with 1 when one of their claims does not hold.
// Usage: npm run test:load [-- NAME [AMOUNT]]; names: clients (seconds), pictures, cancels, sigterms.
import os from 'node:os';
import { cancels } from './cancels.mjs';
import { clients } from './clients.mjs';
import { pictures } from './pictures.mjs';
import { sigterms } from './sigterms.mjs';

const CAMPAIGNS = { clients, cancels, sigterms, pictures };
const [name, amount] = process.argv.slice(2);
if (name !== undefined && !Object.hasOwn(CAMPAIGNS, name)) {
  console.error(`there is no campaign ${name}, only ${Object.keys(CAMPAIGNS).join(', ')}`);
  process.exit(2);
}
console.log(`${os.cpus()[0]?.model ?? 'CPU'}, ${os.cpus().length} cores, Node ${process.version}`);
let isGood = true;
for (const [each, run] of Object.entries(CAMPAIGNS)) {
  if (name !== undefined && name !== each) continue;
  isGood = (await run(amount === undefined ? undefined : Number(amount))) && isGood;
}
process.exit(isGood ? 0 : 1);
