/** Labels and pictures as people name them: `all the cats in this photo`. */
import { showValue } from '../../options/show.js';
import { labelVariants, singular } from '../label-variants.js';
import type { Advice, PromptWarningCode } from './advice.js';

export const IMAGE_WORD =
  '(?:image|images|picture|pictures|photo|photos|photograph|pic|scene|screenshot|drawing|painting|figure|illustration|view)';
const THE =
  '(?:the|this|that|these|those|my|your|an|a|given|attached|above|following|provided|uploaded|whole|entire)';
export const THE_IMAGE = `(?:${THE} )*${IMAGE_WORD}`;

/** The labels that were named, as the model knows them, and whether they were written in the trained form. */
export function labelsOf(text: string, advice: Advice): { labels: string[]; isInForm: boolean } {
  let rest = text;
  let isInForm = true;
  const change = (pattern: RegExp, code: PromptWarningCode, message: string, by = ''): void => {
    const without = rest.replace(pattern, by).trim();
    if (without === rest || without === '') return;
    advice.warn(code, message);
    rest = without;
    isInForm = false;
  };
  change(/[.!?:]+$/, 'final-mark', 'trained prompts end without a punctuation mark');
  change(
    new RegExp(
      `\\s+(?:(?:that (?:is|are) )?(?:visible|shown|present|depicted)\\s+)?(?:in|on|from|within|of) ${THE_IMAGE}$`,
      'i',
    ),
    'extra-text',
    'labels stand alone, without "in the image"',
  );
  change(
    /\s+(?:if (?:there are )?any|for me|thanks|thank you|please|here)$/i,
    'polite',
    'trained prompts are no sentences',
  );
  if (/[A-Z]/.test(rest) && rest === rest.toUpperCase() && rest.length > 3) {
    advice.warn('upper-case', 'labels are written in small letters');
    rest = rest.toLowerCase();
    isInForm = false;
  }
  let parts = rest.split(/ ; /);
  const isSpaced = parts.every((part) => !/[;]/.test(part));
  const separator = /\s*(?:[;,|/&+\n]|\band\b|\bor\b)\s*/i;
  if (!isSpaced || (parts.length === 1 && separator.test(rest))) {
    advice.warn('separator', 'labels have " ; " between them');
    isInForm = false;
    // With ";" somewhere, the others belong to the labels: `salt and pepper ; fork`.
    parts = rest.split(rest.includes(';') ? /\s*;\s*/ : new RegExp(separator, 'gi'));
  }
  const labels: string[] = [];
  for (const part of parts) {
    const trimmed = part.trim();
    const bare = nounPhrase(trimmed);
    if (bare === '') {
      advice.warn('empty-label', 'a label is empty');
      isInForm = false;
      continue;
    }
    if (bare !== trimmed) advice.warn('article-label', 'labels have no article and no quantity');
    const one = singularPhrase(bare);
    if (one !== bare) {
      advice.warn(
        'plural-label',
        `labels are singular also for several objects: "${one}" finds what "${bare}" may miss`,
      );
    }
    if (labels.includes(one)) {
      advice.warn('duplicate-label', `${showValue(one)} is named more than once`);
      isInForm = false;
    } else labels.push(one);
  }
  return { labels, isInForm };
}

/** Without article and quantity. */
export function nounPhrase(text: string): string {
  let rest = text.trim();
  const leading =
    /^(?:all(?: of)?|every|each|any|some|the|an?|this|that|these|those|my|your|both|several|many|different|individual|visible|where|bounding box(?:es)? (?:of|for|around)|instances? of|types? of|for|me|out)\s+/i;
  for (
    let shorter = rest.replace(leading, '');
    shorter !== rest;
    shorter = rest.replace(leading, '')
  ) {
    rest = shorter;
  }
  return rest
    .replace(/[.!?,;:"]+$/, '')
    .replace(/^["']|["']$/g, '')
    .trim();
}

function singularPhrase(phrase: string): string {
  // Names keep their form: `Burger King's`, `Las Vegas`.
  if (!/^[a-z0-9 -]+$/.test(phrase)) return phrase;
  const variants = labelVariants(phrase);
  const last = /[a-z]+$/.exec(phrase)?.[0] ?? '';
  if (variants[1] === undefined || variants[1].startsWith('the ')) return phrase;
  return singular(last) === last && !/ (?:of|with|in|on) /.test(phrase) ? phrase : variants[1];
}

export function isImageWord(text: string): boolean {
  return new RegExp(
    `^(?:${IMAGE_WORD}|it|this|that|what you see|everything|all|everything you see)$`,
    'i',
  ).test(text);
}

export function isAllText(text: string): boolean {
  return /^(?:(?:all|any|printed|written|handwritten|visible|the|full|raw)\s+)*(?:text|texts|words?|letters|characters|writing|content|contents|document|page|everything)(?:\s+(?:in|on|from|of|you see|written|shown)(?:\s.*)?)?$/i.test(
    text,
  );
}
