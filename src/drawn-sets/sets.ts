/** The drawn sets: their names, in order, what each is, and what draws it. */
import { containerNumber } from './domains/container-number.js';
import { expiryDate } from './domains/expiry-date.js';
import { licencePlate } from './domains/licence-plate.js';
import { meter } from './domains/meter.js';
import { receiptLine } from './domains/receipt-line.js';
import { serialPlate } from './domains/serial-plate.js';
import { sevenSegments } from './domains/seven-segments.js';
import { streetSign } from './domains/street-sign.js';
import { tyreCode } from './domains/tyre-code.js';
import { vin } from './domains/vin.js';
import type { Motif } from './scene.js';
import { coins } from './sets/coins.js';
import { menus } from './sets/menus.js';
import { plurals } from './sets/plurals.js';
import { receipts } from './sets/receipts.js';

/** Crops with text in ten settings, none of them a document. */
export const DOMAINS = [
  ...(['licence-plate', 'container-number', 'vin', 'tyre-code', 'meter'] as const),
  ...(['seven-segments', 'serial-plate', 'receipt-line', 'expiry-date', 'street-sign'] as const),
] as const;
export type DomainName = (typeof DOMAINS)[number];

/** Pictures with questions about them. */
const SCENES = ['receipts', 'menus', 'coins', 'plurals'] as const;
export type DrawnSetName = DomainName | (typeof SCENES)[number];

export const DRAWN_SETS: readonly [DrawnSetName, ...DrawnSetName[]] = [...DOMAINS, ...SCENES];

interface SetDeclaration {
  readonly draw: Motif;
  /** What is in its pictures, for people. */
  readonly doc: string;
}

export const SETS: Readonly<Record<DrawnSetName, SetDeclaration>> = {
  'licence-plate': { draw: licencePlate, doc: 'number plates of cars in six styles' },
  'container-number': { draw: containerNumber, doc: 'ISO 6346 numbers on steel, with check digit' },
  vin: { draw: vin, doc: 'vehicle identification numbers, with check digit' },
  'tyre-code': { draw: tyreCode, doc: 'DOT codes raised in rubber' },
  meter: { draw: meter, doc: 'registers of meters: digits on drums' },
  'seven-segments': { draw: sevenSegments, doc: 'LCD and LED displays' },
  'serial-plate': { draw: serialPlate, doc: 'serial numbers on metal plates' },
  'receipt-line': { draw: receiptLine, doc: 'one line of a receipt on thermal paper' },
  'expiry-date': { draw: expiryDate, doc: 'dates in dots of ink on foil and cardboard' },
  'street-sign': { draw: streetSign, doc: 'names of streets' },
  receipts: { draw: receipts, doc: 'whole receipts: how much is the tax?' },
  menus: { draw: menus, doc: 'menus: what does a dish cost?' },
  coins: { draw: coins, doc: 'coins: how many are there, and how much together?' },
  plurals: { draw: plurals, doc: 'one or several things: where are they? Boxes, as COCO' },
};
