/**
 * How each question about a drawn set can be put: in the words that PaliGemma was trained on, and as people say it. A
 * report on phrasings asks all of them about the same pictures.
 */

import { THINGS } from './sets/things.js';
import { DOMAINS, type DomainName, DRAWN_SETS, type DrawnSetName } from './sets.js';

export interface DrawnQuestion {
  /** The name of its answer in `DrawnPicture.answers`, `find` where boxes are the answer. */
  readonly kind: string;
  /**
   * Prompts, the one of the written rows first. `{name}` stands for a value of the picture, or of one of the set's
   * `labels`: fillPhrasing puts it in.
   */
  readonly phrasings: readonly [string, ...string[]];
}

export interface DrawnLabel {
  readonly label: string;
  readonly plural: string;
  /** With its article. */
  readonly one: string;
}

export interface DrawnSetPrompts {
  readonly name: DrawnSetName;
  readonly prompts: readonly DrawnQuestion[];
  /** What can be found; of sets whose truth are boxes. */
  readonly labels?: readonly DrawnLabel[];
}

/** What is to be read, in a sentence. */
const TEXTS: Readonly<Record<DomainName, string>> = {
  'licence-plate': 'licence plate',
  'container-number': 'container number',
  vin: 'vehicle identification number',
  'tyre-code': 'tyre code',
  meter: 'meter reading',
  'seven-segments': 'value on the display',
  'serial-plate': 'serial number',
  'receipt-line': 'line of the receipt',
  'expiry-date': 'expiry date',
  'street-sign': 'name on the street sign',
};

function reading(what: string): DrawnQuestion {
  // The last word is what is returned: "Read the serial number. Return the number with no additional text."
  const short = what.split(' ')[0] === 'serial' ? 'number' : what;
  return {
    kind: 'text',
    phrasings: [
      'ocr',
      `Read the ${what}. Return the ${short} with no additional text.`,
      `read the ${what}`,
      `answer en what is the ${what}?`,
      `answer en what does the picture say?`,
      `What is the ${what}?`,
    ],
  };
}

const SCENE_QUESTIONS: Readonly<
  Record<Exclude<DrawnSetName, DomainName>, readonly DrawnQuestion[]>
> = {
  receipts: [
    {
      kind: 'tax',
      phrasings: [
        'answer en how much is the tax?',
        'answer en what is the tax?',
        'answer en what is a tax on this receipt?',
        'how much tax was paid?',
        'How much tax did I pay? Return the amount with no additional text.',
        'Read the tax from the receipt.',
      ],
    },
  ],
  menus: [
    {
      kind: 'price',
      phrasings: [
        'answer en how much is the {dish}?',
        'answer en what is the price of {dish}?',
        'answer en how much does a {dish} cost?',
        'how much is the {dish}?',
        'How much does the {dish} cost? Return the price with no additional text.',
        'Read the price of the {dish}.',
      ],
    },
  ],
  coins: [
    {
      kind: 'count',
      phrasings: [
        'answer en how many coins are there?',
        'answer en how many coins can you see?',
        'how many coins?',
        'count the coins',
        'How many coins are on the table? Return the number with no additional text.',
      ],
    },
    {
      kind: 'total',
      phrasings: [
        'answer en how much money is there in euros?',
        'answer en what is the total value of the coins in euros?',
        'how much money is this?',
        'Add up the coins. Return the sum in euros with no additional text.',
      ],
    },
  ],
  plurals: [
    {
      kind: 'find',
      phrasings: [
        'detect {label}',
        'detect {plural}',
        'detect {one}',
        'detect the {label}',
        'detect all {plural}',
        'find the {label}',
        'find all {plural}',
        'Where is the {label}?',
      ],
    },
  ],
};

/** The phrasings of every set, in order. */
export function drawnSetPrompts(): DrawnSetPrompts[] {
  return DRAWN_SETS.map(promptsOf);
}

export function promptsOf(name: DrawnSetName): DrawnSetPrompts {
  const domain = DOMAINS.find((one) => one === name);
  if (domain !== undefined) return { name, prompts: [reading(TEXTS[domain])] };
  const prompts = SCENE_QUESTIONS[name as Exclude<DrawnSetName, DomainName>];
  if (name !== 'plurals') return { name, prompts };
  const labels = THINGS.map(({ label, plural, one }) => ({ label, plural, one }));
  return { name, prompts, labels };
}

/** A phrasing about one picture: `how much is the {dish}?` with the dish. */
export function fillPhrasing(phrasing: string, values: Readonly<Record<string, string>>): string {
  return phrasing.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
