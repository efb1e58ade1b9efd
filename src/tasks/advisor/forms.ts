/** The trained forms of prompts, each with the slips people make in it. Source: spec sections 6.1 and 6.2. */
import { showValue } from '../../options/show.js';
import { PROMPTS } from '../prompts.js';
import type { Advice, AdvisedTask, PromptForm } from './advice.js';
import {
  asQuestion,
  beginsQuestion,
  guessLanguage,
  isQuestion,
  LANGUAGES,
  languageOf,
  questionLanguage,
  slipOf,
  WORD_CODES,
} from './languages.js';
import { isAllText, isImageWord, labelsOf, nounPhrase, THE_IMAGE } from './words.js';

const VERBS = [
  'caption',
  'cap',
  'describe',
  'ocr',
  'answer',
  'question',
  'detect',
  'segment',
] as const;
type Verb = (typeof VERBS)[number];

export const TASKS: Readonly<Record<PromptForm, AdvisedTask>> = {
  cap: 'caption',
  caption: 'caption',
  describe: 'caption',
  ocr: 'ocr',
  answer: 'ask',
  choice: 'ask',
  question: 'generate',
  detect: 'detect',
  segment: 'segment',
  region: 'generate',
  science: 'generate',
  empty: 'generate',
  bare: 'ask',
};

export const FORM_REASONS: Readonly<Record<PromptForm, string>> = {
  cap: 'the trained form of a very short caption',
  caption: 'the trained form of a caption names the language',
  describe: 'the trained form of a longer description',
  ocr: 'the trained form of reading all text is this one word',
  answer: 'the trained form of a question names the language of the question',
  choice: 'the trained form of a choice',
  question: 'the trained form of asking for a question',
  detect: 'the trained form names singular labels with " ; " between them',
  segment: 'the trained form names singular labels with " ; " between them',
  region: 'the trained form has four loc tokens: ymin, xmin, ymax, xmax',
  science: 'the form of ScienceQA',
  empty: 'the empty prompt',
  bare: 'the question alone',
};

export function readVerb(text: string): { verb: Verb; rest: string; isExact: boolean } | undefined {
  const match = /^(\p{L}+)([:,]?)(?: |$|(?=[<.!;]))/u.exec(text);
  const word = match?.[1];
  if (match === null || word === undefined) return undefined;
  const verb = VERBS.find((one) => one === word.toLowerCase());
  if (verb === undefined) return undefined;
  const rest = text.slice(match[0].length);
  const isShouted = word === word.toUpperCase() && rest === rest.toUpperCase();
  return {
    verb,
    rest: isShouted ? rest.toLowerCase() : rest,
    isExact: word === verb && match[2] === '',
  };
}

export function joined(verb: string, rest: string): string {
  return rest === '' ? verb : `${verb} ${rest}`;
}

/** What a form makes of the words after its verb; undefined when they are words for people, such as "this image". */
interface Outcome {
  readonly form: PromptForm;
  readonly isTrained: boolean;
  /** The prompt to send. Left out: as it is. */
  readonly prompt?: string;
  readonly reason?: string;
  readonly others?: readonly (readonly [AdvisedTask, string, string])[];
}

type FormReader = (rest: string, advice: Advice) => Outcome | undefined;

export const FORMS: Readonly<Record<Verb, FormReader>> = {
  cap: (rest, advice) => captionForm('cap', rest, advice),
  caption: (rest, advice) =>
    rest.includes('<loc') ? regionForm(rest, advice) : captionForm('caption', rest, advice),
  describe: (rest, advice) =>
    rest.includes('<loc') ? regionForm(rest, advice, false) : captionForm('describe', rest, advice),
  ocr: ocrForm,
  answer: answerForm,
  question: questionForm,
  detect: (rest, advice) => labelForm('detect', rest, advice),
  segment: (rest, advice) => labelForm('segment', rest, advice),
};

function captionForm(
  verb: 'cap' | 'caption' | 'describe',
  rest: string,
  advice: Advice,
): Outcome | undefined {
  const bare = rest.replace(/[.!?:]+$/, '').trim();
  if (verb !== 'caption') pretrainedOnly(verb, advice);
  if (bare === '') {
    advice.warn('language-missing', `"${verb}" is followed by a language, as in "${verb} en"`);
    return { form: verb, isTrained: false, prompt: `${verb} en` };
  }
  const code = languageOf(bare);
  if (code !== undefined && code === rest) {
    if (WORD_CODES.has(code) && (code === 'it' || code === 'id')) {
      advice.warn('language-ambiguous', `"${code}" is taken for ${LANGUAGES.get(code)}`);
      return {
        form: verb,
        isTrained: true,
        others: [['caption', `${verb} en`, 'if English was meant']],
      };
    }
    return { form: verb, isTrained: true };
  }
  if (code !== undefined) {
    if (bare !== rest) advice.warn('final-mark', 'trained prompts end without a punctuation mark');
    if (bare !== code) wrongLanguage(bare, advice);
    return { form: verb, isTrained: false, prompt: `${verb} ${code}` };
  }
  // One short word that could only be a code.
  if (
    /^[a-z]{2,3}$/i.test(bare) &&
    !/^(?:the|all|me|my|now|us|a|an|cat|dog|car|man|boy|toy|sky|sea|bus|cow|pet|map|art|hat|tie|box|cup|bag|bed|pie)$/i.test(
      bare,
    )
  ) {
    advice.warn('language-unknown', `${showValue(bare)} is not one of the trained languages`);
    return { form: verb, isTrained: false, prompt: `${verb} ${guessLanguage(bare)}` };
  }
  const [first = '', ...more] = bare.split(' ');
  const firstCode = LANGUAGES.has(first) && !WORD_CODES.has(first) ? first : undefined;
  if (firstCode !== undefined && more.length > 0) {
    advice.warn('extra-text', `nothing follows the language in "${verb} ${firstCode}"`);
    const thing = nounPhrase(more.join(' ').replace(/^(?:of|for|about)\s+/i, ''));
    return {
      form: verb,
      isTrained: false,
      prompt: `${verb} ${firstCode}`,
      ...(thing === '' || new RegExp(`^${THE_IMAGE}$`, 'i').test(thing) || isImageWord(thing)
        ? {}
        : {
            others: [
              ['detect', PROMPTS.detect([thing]), `if ${showValue(thing)} is to be found`] as const,
            ],
          }),
    };
  }
  return undefined;
}

function regionForm(rest: string, advice: Advice, isCaption = true): Outcome {
  if (/^(?:<loc(?:0\d{3}|10[01]\d|102[0-3])>){4}$/.test(rest)) {
    if (!isCaption) advice.warn('region', 'a region is described by "caption"');
    return { form: 'region', isTrained: isCaption, prompt: `caption ${rest}` };
  }
  const tokens = rest.match(/<loc(?:0\d{3}|10[01]\d|102[0-3])>/g) ?? [];
  advice.warn(
    'region',
    `a region is four loc tokens from 0000 to 1023 without anything between, found ${tokens.length}`,
  );
  return tokens.length === 4
    ? { form: 'region', isTrained: false, prompt: `caption ${tokens.join('')}` }
    : {
        form: 'caption',
        isTrained: false,
        prompt: PROMPTS.caption('en', 'medium'),
        reason: 'the whole picture, as the region is incomplete',
      };
}

function ocrForm(rest: string, advice: Advice): Outcome {
  pretrainedOnly('ocr', advice);
  if (rest === '') return { form: 'ocr', isTrained: true };
  if (/^[.!:]+$/.test(rest))
    advice.warn('final-mark', 'trained prompts end without a punctuation mark');
  else
    advice.warn('extra-text', '"ocr" is a prompt by itself: it reads all text, whatever follows');
  const thing = nounPhrase(rest);
  return {
    form: 'ocr',
    isTrained: false,
    prompt: PROMPTS.ocr(),
    ...(thing === '' || isImageWord(thing) || isAllText(thing) || LANGUAGES.has(thing)
      ? {}
      : {
          others: [
            [
              'ask',
              PROMPTS.answer('en', `what is the ${thing}?`),
              `asks for the ${thing} alone`,
            ] as const,
          ],
        }),
  };
}

function answerForm(rest: string, advice: Advice): Outcome {
  const [first = '', ...more] = rest.split(' ');
  const question = more.join(' ').trim();
  const isCode = LANGUAGES.has(first);
  const slip = !isCode && more.length > 0 ? slipOf(first) : undefined;
  const isSlip =
    slip !== undefined && (first.length > 3 || /^[A-Z]{2,3}$/.test(first) || first === 'eng');
  const asked =
    isCode || isSlip
      ? question
      : rest.replace(/^(?:(?:me|us|this|the|my|following|question)(?:[: ]+|$))+/i, '');
  if (!/[\p{L}\p{N}]/u.test(asked)) {
    advice.warn('extra-text', '"answer" is followed by a language and a question');
    return {
      form: 'caption',
      isTrained: false,
      prompt: PROMPTS.caption('en', 'medium'),
      reason: 'there is no question, so a caption may be wanted',
    };
  }
  if (isCode) {
    if (/ choose from: /.test(rest)) return choiceForm(first, rest.slice(first.length), advice);
    const isEnglish =
      /^(?:is|are|was|were|does|do|did|has|have|can|a|an|the|of|one|i|this|that|there)$/i.test(
        more[0] ?? '',
      );
    const isLatin = !/[^\p{Script=Latin}\p{Script=Common}]/u.test(question);
    if (WORD_CODES.has(first) && isEnglish) {
      advice.warn('language-ambiguous', `"${first}" is taken for ${LANGUAGES.get(first)}`);
      return {
        form: 'answer',
        isTrained: true,
        others: [['ask', PROMPTS.answer('en', rest), 'if English was meant']],
      };
    }
    if (first !== 'en' && isLatin && isEnglish && questionLanguage(question) === 'en') {
      advice.warn('language-ambiguous', 'the language is that of the question, not of the answer');
      return {
        form: 'answer',
        isTrained: true,
        others: [['ask', PROMPTS.answer('en', question), 'the question is in English']],
      };
    }
    if (first !== 'en')
      advice.warn(
        'answers-in-english',
        'questions were trained in 35 languages, answers in English',
      );
    return { form: 'answer', isTrained: true };
  }
  if (isSlip) {
    wrongLanguage(first, advice);
    return { form: 'answer', isTrained: false, prompt: PROMPTS.answer(slip, question) };
  }
  if (
    /^[a-z]{2}$/.test(first) &&
    beginsQuestion(question) &&
    !beginsQuestion(rest) &&
    !/^(?:to|on|at|in|by|of|as|so|me|we|my|or|if)$/.test(first)
  ) {
    advice.warn('language-unknown', `${showValue(first)} is not one of the trained languages`);
    return {
      form: 'answer',
      isTrained: false,
      prompt: PROMPTS.answer(guessLanguage(first), question),
    };
  }
  advice.warn(
    'language-missing',
    '"answer" is followed by the language of the question, as in "answer en"',
  );
  const language = questionLanguage(asked);
  return { form: 'answer', isTrained: false, prompt: PROMPTS.answer(language, asQuestion(asked)) };
}

/** AI2D and A-OKVQA have two spaces after the language and tabs between the options (spec section 6.2). */
function choiceForm(language: string, rest: string, advice: Advice): Outcome {
  const [question = '', choices = ''] = rest.split(' choose from: ', 2);
  const options = choices.split(/\s*(?:\t|;|,|\|)\s*/).filter((option) => option !== '');
  const prompt = `answer ${language}  ${question.trim()} choose from: ${options.join(' \t ')}`;
  if (prompt === `answer ${language}${rest}`) return { form: 'choice', isTrained: true };
  advice.warn(
    'separator',
    'a choice has two spaces after the language and " \\t " between the options',
  );
  return { form: 'choice', isTrained: false, prompt };
}

function questionForm(rest: string, advice: Advice): Outcome | undefined {
  const [first = '', ...more] = rest.split(' ');
  if (LANGUAGES.has(first) && more.length > 0) {
    pretrainedOnly('question', advice);
    if (!isQuestion(more.join(' '))) return { form: 'question', isTrained: true };
    advice.warn('not-trained', '"question" asks for a question to the answer that follows');
    return {
      form: 'question',
      isTrained: true,
      others: [['ask', PROMPTS.answer(first, more.join(' ')), 'answers the question']],
    };
  }
  if (!isQuestion(rest)) return undefined;
  advice.warn('not-trained', '"question" asks for a question to the answer that follows');
  return {
    form: 'answer',
    isTrained: false,
    prompt: PROMPTS.answer(questionLanguage(rest), asQuestion(rest)),
  };
}

function labelForm(verb: 'detect' | 'segment', rest: string, advice: Advice): Outcome | undefined {
  const form = verb;
  const nothing = (): Outcome => {
    advice.warn('no-label', `"${verb}" is followed by what is to be found`);
    return {
      form: 'caption',
      isTrained: false,
      prompt: PROMPTS.caption('en', 'medium'),
      reason: `there is nothing to ${verb}; a caption tells what is there`,
    };
  };
  if (rest.replace(/[.;,\s]/g, '') === '') return nothing();
  if (
    /^(?:all )?(?:the )?(?:objects?|things?|everything|anything|classes)(?: in .*)?[.!]?$/i.test(
      rest,
    )
  ) {
    if (rest === 'all classes') {
      advice.warn(
        'depends-on-checkpoint',
        '"detect all classes" was trained for detection benchmarks only',
      );
      return {
        form,
        isTrained: advice.family === 'ft',
        ...(advice.family === 'ft' ? {} : objectsOutcome()),
      };
    }
    advice.warn('no-label', 'objects are found by their name');
    return { form: 'answer', isTrained: false, ...objectsOutcome() };
  }
  const { labels, isInForm } = labelsOf(rest, advice);
  // Nothing but separators, as in `detect and`.
  if (labels.length === 0) return nothing();
  const build = verb === 'detect' ? PROMPTS.detect : PROMPTS.segment;
  const better = build(labels);
  if (verb === 'segment' && labels.length > 1) {
    advice.warn(
      'several-labels',
      'older documents have one label per prompt; ask for them one by one if some are missing',
    );
  }
  const others =
    verb === 'segment' && labels.length > 1
      ? labels.map(
          (label) => ['segment', PROMPTS.segment([label]), 'one label per prompt'] as const,
        )
      : [];
  // Plurals and articles do not break the form, they only find less.
  return isInForm && better === joined(verb, rest)
    ? { form, isTrained: true, others }
    : { form, isTrained: isInForm, prompt: better, others };
}

export function objectsOutcome(): { prompt: string; reason: string } {
  return {
    prompt: PROMPTS.answer('en', 'What objects are in the image?'),
    reason: 'names the objects, which can then be detected by name',
  };
}

function pretrainedOnly(verb: string, advice: Advice): void {
  if (advice.family === 'mix') {
    advice.warn(
      'pretrained-only',
      `"${verb}" is documented for pretrained checkpoints; mix ones mostly know it`,
    );
  } else if (advice.family === 'ft') {
    advice.warn(
      'depends-on-checkpoint',
      'a fine-tuned checkpoint knows the prompts of its task only',
    );
  }
}

function wrongLanguage(found: string, advice: Advice): void {
  if (found !== found.toLowerCase() && LANGUAGES.has(found.toLowerCase())) {
    advice.warn('upper-case', 'language codes are written in small letters');
  } else
    advice.warn('language-unknown', `languages are named by a code: ${showValue(found)} is none`);
}
