/**
 * Other ways to name the same thing to the model: singular, plural, with an article. Rules of English nouns, as object
 * labels are English; prompts are built elsewhere.
 */

import { checkString } from '../options/arguments.js';

/** Singular and plural, where no rule derives one from the other. Families too: `grandchild`, `policewoman`, `bookshelf`. */
const IRREGULAR: readonly (readonly [string, string])[] = [
  ['person', 'people'],
  ['child', 'children'],
  ['woman', 'women'],
  ['man', 'men'],
  ['human', 'humans'],
  ['foot', 'feet'],
  ['tooth', 'teeth'],
  ['goose', 'geese'],
  ['mouse', 'mice'],
  ['louse', 'lice'],
  ['ox', 'oxen'],
  ['die', 'dice'],
  ['quiz', 'quizzes'],
  ['cactus', 'cacti'],
  ['fungus', 'fungi'],
  ['oasis', 'oases'],
  ['trellis', 'trellises'],
  ['iris', 'irises'],
  ['analysis', 'analyses'],
  ['aircraft', 'aircraft'],
  ['passerby', 'passersby'],
  ['knife', 'knives'],
  ['wife', 'wives'],
  ['life', 'lives'],
  ['leaf', 'leaves'],
  ['half', 'halves'],
  ['calf', 'calves'],
  ['loaf', 'loaves'],
  ['shelf', 'shelves'],
  ['wolf', 'wolves'],
  ['thief', 'thieves'],
  ['elf', 'elves'],
  ['scarf', 'scarves'],
  ['hoof', 'hooves'],
  ['potato', 'potatoes'],
  ['tomato', 'tomatoes'],
  ['hero', 'heroes'],
  ['mango', 'mangoes'],
  ['mosquito', 'mosquitoes'],
  ['volcano', 'volcanoes'],
  ['tornado', 'tornadoes'],
  ['buffalo', 'buffaloes'],
  ['gas', 'gases'],
  ['lens', 'lenses'],
  ['canvas', 'canvases'],
  ['atlas', 'atlases'],
  ['bus', 'buses'],
  ['ski', 'skis'],
  ['taxi', 'taxis'],
  ['kiwi', 'kiwis'],
  ['bikini', 'bikinis'],
];

/** One form for both numbers, or no singular, or nothing to count. */
const UNCHANGED = new Set(
  (
    'sheep deer fish moose bison salmon trout shrimp squid swine series species aircraft spacecraft hovercraft ' +
    'scissors pants trousers jeans shorts tights leggings pajamas pyjamas sunglasses eyeglasses binoculars goggles ' +
    'tongs pliers tweezers headphones earphones clothes stairs news ' +
    'water grass sand snow ice mud smoke fire sky text furniture luggage baggage clothing jewelry jewellery rice bread ' +
    'yes no true false cheese meat pasta traffic equipment machinery money cash hair food fruit gravel foliage vegetation scenery broccoli ' +
    'spaghetti pottery cutlery silverware tennis chess graffiti asphalt concrete milk coffee tea juice beer wine'
  ).split(' '),
);
/** Those of UNCHANGED that take "a": a sheep, but not a scissors and not a grass. */
const COUNTED = new Set(
  'sheep deer fish moose bison salmon trout shrimp squid series species aircraft spacecraft hovercraft sky fire coffee tea beer wine juice fruit'.split(
    ' ',
  ),
);

/** Nouns in -ie, whose plural in -ies does not come from -y. */
const ENDS_IN_IE =
  /^(movie|cookie|pie|tie|zombie|brownie|hoodie|selfie|smoothie|birdie|genie|bogie|rookie|pixie|veggie|calorie|necktie|magpie|collie|beanie)s$/;
/** Nouns in -che, -oe, -xe, -use and -ze, which lose only the s. */
const ENDS_IN_E =
  /^((?:head|tooth|stomach)?ache|m(o)?ustache|avalanche|cache|quiche|brioche|niche|porsche|shoe|toe|canoe|hoe|doe|foe|oboe|axe|horse|house|nurse|purse|mouse|blouse|spouse|rose|nose|hose|vase|case|base|chase|phrase|cheese|goose|moose|noose|tortoise|exercise|franchise|cruise|bruise|breeze|freeze|maze|gauze|bronze|size|prize|haze|blaze|sleeve|glove|stove|valve|olive|wave|cave|grave|hive|dove|curve|curse|course|lighthouse|license|fuse|excuse|eclipse|pulse|sense|dose|close|pose|prose|disease|grease|lease|crease|release|purchase|cause|clause|pause|corpse|glimpse|impulse|response|suitcase|bookcase|showcase|staircase|briefcase|vise|sunrise|surprise|disguise|promise|premise|porpoise|turquoise|noise|collapse|universe|verse|reverse|defense|offense|expense|booze|doze|snooze|sneeze|squeeze|trapeze|[a-z]*(?:house|horse|shoe|case|cheese|wave|glove|phase|phrase|nurse))s$/;

const ARTICLE = /^(?:an?|the|some|any|all|every|each|these|those|this|that|my|your)\s+/i;
/** Of other languages; what follows is not inflected. */
const FOREIGN_ARTICLE =
  /^(?:der|das|ein|eine|einen|el|los|las|una|unos|unas|le|les|une|des|il|lo|gli|uno|o|os|um|uma|het|een)\s+|^(?:l|un|d)['’]/i;
/** What follows describes the noun before: `glass of water`, `man with a hat`, `person riding a horse`. */
const QUALIFIER =
  /\s(?:of|with|without|in|on|at|by|near|under|behind|from|for|to|and|or|that|who|which|next|wearing|holding|sitting|standing|riding|walking|running|carrying|looking|playing|eating|lying|flying|facing)\s/i;

/**
 * `label` first, then its singular, its plural, the singular with "a" or "an", and the label with "the"; each once.
 * The last word of a compound changes (`red circles`), or the one before "of", "with", "riding" and the like.
 * Labels that are not English keep their form and only gain or lose their article. The empty label has no variants.
 */
export function labelVariants(label: string): string[] {
  checkString('label', label);
  const given = label.trim().replace(/\s+/g, ' ');
  if (given === '') return [];
  const foreign = FOREIGN_ARTICLE.exec(given);
  const bare = given.replace(ARTICLE, '');
  if (foreign || /[^\p{ASCII}]/u.test(given)) {
    const rest = foreign ? given.slice(foreign[0].length) : bare;
    return distinct([given, rest]);
  }
  const at = QUALIFIER.exec(bare)?.index ?? bare.length;
  const [front, tail] = [bare.slice(0, at), bare.slice(at)];
  const split = front.search(/[^\s-]+$/);
  // Ends in a sign or a number: nothing to inflect.
  if (split < 0 || !/^[a-z]+$/i.test(front.slice(split)))
    return distinct([given, bare, `the ${bare}`]);
  const [before, noun] = [front.slice(0, split), front.slice(split)];
  const one = `${before}${singular(noun)}${tail}`;
  const many = `${before}${plural(singular(noun))}${tail}`;
  const isCounted = !isUnchanged(noun) || COUNTED.has(noun.toLowerCase());
  return distinct([
    given,
    one,
    many,
    ...(isCounted ? [`${articleOf(one)} ${one}`] : []),
    `the ${bare}`,
  ]);
}

/** The label, its singular and its plural, each once: `labelVariants` without articles. */
export function numbersOf(label: string): string[] {
  const given = label.trim();
  return [given, ...labelVariants(given).filter((one) => one !== given && !ARTICLE.test(one))];
}

/** The singular of an English noun; a singular stays as it is. Letter case is kept. */
export function singular(noun: string): string {
  const word = noun.toLowerCase();
  if (isUnchanged(word)) return noun;
  const pair = IRREGULAR.find(([, many]) => endsWith(word, many));
  if (pair) return inCase(noun, replaceEnd(noun, pair[1], pair[0]));
  if (IRREGULAR.some(([one]) => endsWith(word, one))) return noun;
  if (!/[^su]s$|[aeo]us$|eaus$/.test(word) || /(is|us)$/.test(word)) return noun;
  if (ENDS_IN_IE.test(word) || ENDS_IN_E.test(word)) return noun.slice(0, -1);
  if (/[^aeiou]ies$/.test(word)) return inCase(noun, `${noun.slice(0, -3)}y`);
  // buses, glasses, boxes, benches, dishes, waltzes
  if (/(uses|sses|xes|ches|shes|zes)$/.test(word)) return noun.slice(0, -2);
  return noun.slice(0, -1);
}

/** The plural of an English noun in the singular. */
export function plural(noun: string): string {
  const word = noun.toLowerCase();
  if (isUnchanged(word)) return noun;
  const pair = IRREGULAR.find(([one]) => endsWith(word, one));
  if (pair) return inCase(noun, replaceEnd(noun, pair[0], pair[1]));
  if (/[^aeiou]y$/.test(word)) return inCase(noun, `${noun.slice(0, -1)}ies`);
  return inCase(noun, `${noun}${/(s|x|z|ch|sh)$/.test(word) ? 'es' : 's'}`);
}

function isUnchanged(noun: string): boolean {
  return UNCHANGED.has(noun.toLowerCase());
}

/** `grandchildren` ends like `children`; short words only as a whole: `ox` is not in `box`, nor `men` in `specimen`. */
function endsWith(word: string, ending: string): boolean {
  if (word === ending) return true;
  if (ending === 'man' || ending === 'men') return MAN.test(word);
  return ending.length > 4 && ending !== 'human' && word.endsWith(ending) && !WHOLE.has(ending);
}

/** fireman, policemen, snowman; not human, german, shaman, specimen. */
const MAN =
  /^(?:wo|fire|police|snow|sales|sports|fisher|milk|cam?era|gentle|crafts|super|post|mail|business|work|repair|horse|batman|bat|spider|door|hand|hang|chair|cave|service)m[ae]n$/;
/** Endings of other words: blouse, spouse and house; statics. */
const WHOLE = new Set([
  'mouse',
  'louse',
  'gases',
  'lives',
  'buses',
  'wives',
  'oasis',
  'oases',
  'axes',
  'heroes',
]);

function replaceEnd(word: string, from: string, to: string): string {
  return word.slice(0, word.length - from.length) + to;
}

/** In capitals if the original was; with its first letter if that was a capital. */
function inCase(original: string, made: string): string {
  if (original.length > 1 && original === original.toUpperCase()) return made.toUpperCase();
  return original.charAt(0) === original.charAt(0).toUpperCase()
    ? made.charAt(0).toUpperCase() + made.slice(1)
    : made;
}

/** By the letter, with the common exceptions of sound. */
function articleOf(phrase: string): string {
  const isVowel = /^[aeiou]/i.test(phrase) && !/^(?:uni|use|one\b|eu|ufo)/i.test(phrase);
  return isVowel || /^(?:hour|honest|x-ray|mri)/i.test(phrase) ? 'an' : 'a';
}

function distinct(labels: readonly string[]): string[] {
  return [...new Set(labels)];
}
