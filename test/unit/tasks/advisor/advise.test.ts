/** What the advisor says of trained forms, of near misses, and of requests in words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../../src/errors.js';
import {
  type CheckpointFamily,
  PROMPT_WARNINGS,
  type PromptForm,
  type PromptWarningCode,
} from '../../../../src/tasks/advisor/advice.js';
import { PromptAdvisor } from '../../../../src/tasks/advisor/advise.js';

const advise = PromptAdvisor.advise;
const codes = (prompt: string, family?: CheckpointFamily): PromptWarningCode[] =>
  advise(prompt, { family }).warnings.map(({ code }) => code);

describe('trained forms', () => {
  it.each<[string, PromptForm]>([
    ['cap en', 'cap'],
    ['caption en', 'caption'],
    ['caption de', 'caption'],
    ['caption zh', 'caption'],
    ['caption fil', 'caption'],
    ['caption quz', 'caption'],
    ['describe en', 'describe'],
    ['ocr', 'ocr'],
    ['answer en where is the cow standing?', 'answer'],
    ['answer en What color is the car?', 'answer'],
    ['answer en The left image has two dogs.', 'answer'],
    ['answer en is there a cat', 'answer'],
    ['question en a red car', 'question'],
    ['detect cat', 'detect'],
    ['detect cat ; dog', 'detect'],
    ['detect red circle ; blue square ; bus', 'detect'],
    ['detect sheep', 'detect'],
    ['detect salt and pepper ; fork', 'detect'],
    ['segment cat', 'segment'],
    ['segment person riding a horse', 'segment'],
    ['caption <loc0100><loc0200><loc0900><loc1023>', 'region'],
    ['answer en  what is it? choose from: a cat \t a dog', 'choice'],
    ['Question: What is it?\nContext: A farm.\nOptions: (A) cow, (B) horse\nAnswer:', 'science'],
  ])('%j is %s, and there is nothing to say', (prompt, form) => {
    expect(advise(prompt)).toEqual({ isTrained: true, form, suggestions: [], warnings: [] });
  });

  it.each<[string, PromptForm, PromptWarningCode, string[]]>([
    ['answer de was ist das?', 'answer', 'answers-in-english', []],
    ['answer de what is this', 'answer', 'answers-in-english', []],
    ['answer de is this a cat?', 'answer', 'language-ambiguous', ['answer en is this a cat?']],
    ['answer he is happy?', 'answer', 'language-ambiguous', ['answer en he is happy?']],
    ['caption it', 'caption', 'language-ambiguous', ['caption en']],
    ['describe it', 'describe', 'language-ambiguous', ['describe en']],
    ['segment cat ; dog', 'segment', 'several-labels', ['segment cat', 'segment dog']],
    ['detect cats', 'detect', 'plural-label', ['detect cat']],
    ['detect red circles', 'detect', 'plural-label', ['detect red circle']],
    ['detect people ; boxes', 'detect', 'plural-label', ['detect person ; box']],
    ['segment dogs', 'segment', 'plural-label', ['segment dog']],
    ['detect glasses of water', 'detect', 'plural-label', ['detect glass of water']],
    ['detect a cat', 'detect', 'article-label', ['detect cat']],
    ['detect all the cats', 'detect', 'article-label', ['detect cat']],
    ['question en where is the cat?', 'question', 'not-trained', ['answer en where is the cat?']],
    ['', 'empty', 'depends-on-checkpoint', ['caption en']],
  ])('%j is %s, with the warning %s', (prompt, form, code, better) => {
    const advice = advise(prompt);
    expect(advice).toMatchObject({ isTrained: true, form });
    expect(codes(prompt)).toContain(code);
    expect(advice.suggestions.map((suggestion) => suggestion.prompt)).toEqual(better);
  });

  it.each<[string, CheckpointFamily, boolean, PromptWarningCode[]]>([
    ['ocr', 'pt', true, []],
    ['ocr', 'mix', true, ['pretrained-only']],
    ['cap en', 'mix', true, ['pretrained-only']],
    ['describe en', 'ft', true, ['depends-on-checkpoint']],
    ['what is the total?', 'ft', true, ['depends-on-checkpoint']],
    ['what is the total?', 'mix', true, ['depends-on-checkpoint']],
    ['what is the total?', 'pt', false, ['not-trained']],
    ['the man on the left', 'ft', true, ['depends-on-checkpoint']],
    ['the man on the left', 'mix', false, ['not-trained']],
    ['detect all classes', 'ft', true, ['depends-on-checkpoint']],
    ['detect all classes', 'pt', false, ['depends-on-checkpoint']],
    ['', 'pt', true, ['depends-on-checkpoint']],
    ['', 'mix', false, ['depends-on-checkpoint']],
    ['', 'ft', false, ['not-trained']],
  ])('%j with a checkpoint of the family %s', (prompt, family, isTrained, warnings) => {
    expect(advise(prompt, { family }).isTrained).toBe(isTrained);
    expect(codes(prompt, family)).toEqual(warnings);
  });
});

/** Prompt, warning it must give, suggestions in their order. */
const MISSES: readonly (readonly [string, PromptWarningCode, readonly string[]])[] = [
  // Verbs and languages
  ['caption', 'language-missing', ['caption en']],
  ['cap', 'language-missing', ['cap en']],
  ['describe', 'language-missing', ['describe en']],
  ['caption.', 'language-missing', ['caption en']],
  ['Caption en', 'upper-case', ['caption en']],
  ['CAPTION EN', 'upper-case', ['caption en']],
  ['caption EN', 'upper-case', ['caption en']],
  ['caption: en', 'upper-case', ['caption en']],
  ['caption en.', 'final-mark', ['caption en']],
  ['caption en\n', 'white-space', ['caption en']],
  ['caption en ', 'white-space', ['caption en']],
  [' caption en', 'white-space', ['caption en']],
  ['caption  en', 'white-space', ['caption en']],
  ['caption\nen', 'white-space', ['caption en']],
  ['caption english', 'language-unknown', ['caption en']],
  ['caption German', 'language-unknown', ['caption de']],
  ['caption in german', 'language-unknown', ['caption de']],
  ['caption jp', 'language-unknown', ['caption ja']],
  ['caption cn', 'language-unknown', ['caption zh']],
  ['caption en-US', 'language-unknown', ['caption en']],
  ['caption xx', 'language-unknown', ['caption en']],
  ['caption en of the dog', 'extra-text', ['caption en', 'detect dog']],
  ['caption en this image', 'extra-text', ['caption en']],
  ['OCR', 'upper-case', ['ocr']],
  ['ocr.', 'final-mark', ['ocr']],
  ['ocr en', 'extra-text', ['ocr']],
  ['ocr this image', 'extra-text', ['ocr']],
  ['ocr the serial number', 'extra-text', ['ocr', 'answer en what is the serial number?']],
  ['answer', 'extra-text', ['caption en']],
  ['answer en', 'extra-text', ['caption en']],
  ['answer question .', 'extra-text', ['caption en']],
  ['answer this', 'extra-text', ['caption en']],
  ['answer english .', 'extra-text', ['caption en']],
  ['answer what is this', 'language-missing', ['answer en what is this?']],
  ['answer is there a cat?', 'language-missing', ['answer en is there a cat?']],
  ['answer: what is this?', 'language-missing', ['answer en what is this?']],
  ['answer wo ist die Katze?', 'language-missing', ['answer de wo ist die Katze?']],
  ['answer english what is this?', 'language-unknown', ['answer en what is this?']],
  ['answer EN what is this?', 'upper-case', ['answer en what is this?']],
  ['answer xx what is this?', 'language-unknown', ['answer en what is this?']],
  ['Answer en what is this?', 'upper-case', ['answer en what is this?']],
  ['answer en what is this?\n', 'white-space', ['answer en what is this?']],
  [
    'answer en what is it? choose from: cat, dog',
    'separator',
    ['answer en  what is it? choose from: cat \t dog'],
  ],
  ['question what is this?', 'not-trained', ['answer en what is this?']],
  [
    'caption en <loc0100><loc0200><loc0300><loc0400>',
    'region',
    ['caption <loc0100><loc0200><loc0300><loc0400>'],
  ],
  [
    'caption <loc0100> <loc0200> <loc0300> <loc0400>',
    'region',
    ['caption <loc0100><loc0200><loc0300><loc0400>'],
  ],
  ['caption <loc0100><loc0200>', 'region', ['caption en']],
  ['caption <loc0100><loc0200><loc0300><loc1024>', 'region', ['caption en']],
  [
    'describe <loc0100><loc0200><loc0300><loc0400>',
    'region',
    ['caption <loc0100><loc0200><loc0300><loc0400>'],
  ],
  // Labels
  ['Detect cat', 'upper-case', ['detect cat']],
  ['Detect all cats', 'article-label', ['detect cat']],
  ['DETECT CAT', 'upper-case', ['detect cat']],
  ['detect cat, dog', 'separator', ['detect cat ; dog']],
  ['detect cat,dog and bird', 'separator', ['detect cat ; dog ; bird']],
  ['detect cat;dog', 'separator', ['detect cat ; dog']],
  ['detect cat; dog', 'separator', ['detect cat ; dog']],
  ['detect cat | dog', 'separator', ['detect cat ; dog']],
  ['detect cats and dogs', 'separator', ['detect cat ; dog']],
  ['detect cat ;', 'separator', ['detect cat']],
  ['detect cat ; ; dog', 'empty-label', ['detect cat ; dog']],
  ['detect cat ; cat', 'duplicate-label', ['detect cat']],
  ['detect cat ; cats', 'duplicate-label', ['detect cat']],
  ['detect cat.', 'final-mark', ['detect cat']],
  ['detect cat\n', 'white-space', ['detect cat']],
  ['detect the dog in the image', 'extra-text', ['detect dog']],
  ['detect cats please', 'polite', ['detect cat']],
  ['detect', 'no-label', ['caption en']],
  ['detect ;', 'no-label', ['caption en']],
  ['detect objects', 'no-label', ['answer en What objects are in the image?']],
  ['detect all objects in the image', 'no-label', ['answer en What objects are in the image?']],
  ['Segment the cats', 'upper-case', ['segment cat']],
  ['segment cat, dog', 'several-labels', ['segment cat ; dog', 'segment cat', 'segment dog']],
  // Other models' habits
  ['<image>caption en', 'image-placeholder', ['caption en']],
  ['<image> detect cat', 'image-placeholder', ['detect cat']],
  ['<image>\ndescribe this image', 'image-placeholder', ['caption en', 'describe en']],
  ['<bos>caption en', 'control-token', ['caption en']],
  ['prompt.txt', 'file-name', ['caption en']],
  ['@prompts/first.txt', 'file-name', ['caption en']],
  ['caption en<eos>', 'control-token', ['caption en']],
  [
    'USER: <image>\nWhat is this? ASSISTANT:',
    'chat-template',
    ['answer en what is this?', 'caption en'],
  ],
  [
    '<start_of_turn>user\nwhere is the cat?<end_of_turn>\n<start_of_turn>model\n',
    'chat-template',
    ['detect cat', 'answer en where is the cat?'],
  ],
  [
    '<|im_start|>user\ncaption en<|im_end|>\n<|im_start|>assistant\n',
    'chat-template',
    ['caption en'],
  ],
  ['[INST] detect cat [/INST]', 'chat-template', ['detect cat']],
  ['### Human: detect cat ### Assistant:', 'chat-template', ['detect cat']],
  ['please detect cat', 'polite', ['detect cat']],
  ['Could you please find the dogs?', 'polite', ['detect dog']],
  // Requests in words
  ['describe this image', 'not-trained', ['caption en', 'describe en']],
  ['Describe the image in detail.', 'not-trained', ['describe en', 'caption en']],
  ['describe this picture in German', 'not-trained', ['caption de', 'describe de']],
  ['Caption this image', 'not-trained', ['caption en']],
  ['write a short caption for this photo', 'not-trained', ['cap en', 'caption en']],
  ['Generate a detailed description of the image', 'not-trained', ['describe en', 'caption en']],
  ['What is in this image?', 'not-trained', ['answer en what is in this image?', 'caption en']],
  ['what do you see', 'not-trained', ['answer en what do you see?', 'caption en']],
  ['tell me about this picture', 'not-trained', ['caption en']],
  ['read the text', 'not-trained', ['ocr']],
  ['Read all text in the image', 'not-trained', ['ocr']],
  ['extract all the text from this document', 'not-trained', ['ocr']],
  ['transcribe this', 'not-trained', ['ocr']],
  ['read the serial number', 'not-trained', ['ocr', 'answer en what is the serial number?']],
  ['extract the invoice date', 'not-trained', ['answer en what is the invoice date?', 'ocr']],
  ['What does the sign say?', 'not-trained', ['answer en What does the sign say?', 'ocr']],
  ['translate the sign', 'not-trained', ['ocr']],
  ['find the dogs and cars', 'not-trained', ['detect dog ; car']],
  ['Locate the red circles in this picture', 'not-trained', ['detect red circle']],
  ['draw bounding boxes around the people', 'not-trained', ['detect person']],
  ['show me all knives', 'not-trained', ['detect knife']],
  ['find everything', 'not-trained', ['answer en What objects are in the image?']],
  ['where is the cat?', 'not-trained', ['detect cat', 'answer en where is the cat?']],
  ['count the cats', 'not-trained', ['answer en how many cats are there?', 'detect cat']],
  ['how many cats are there', 'not-trained', ['answer en how many cats are there?', 'detect cat']],
  ['cut out the dog', 'not-trained', ['segment dog']],
  ['Give me a mask of the chairs', 'not-trained', ['segment chair']],
  ['what colour is the car', 'not-trained', ['answer en what colour is the car?']],
  ['What colour is the car?', 'not-trained', ['answer en What colour is the car?']],
  ['Is there a cat in the picture?', 'not-trained', ['answer en Is there a cat in the picture?']],
  ['Tell me what colour the car is', 'polite', ['answer en what colour the car is?']],
  ['Welche Farbe hat das Auto?', 'answers-in-english', ['answer de Welche Farbe hat das Auto?']],
  ['¿De qué color es el coche?', 'answers-in-english', ['answer es ¿De qué color es el coche?']],
  [
    'Quelle est la couleur de la voiture',
    'answers-in-english',
    ['answer fr Quelle est la couleur de la voiture?'],
  ],
  ['Quanti gatti ci sono?', 'answers-in-english', ['answer it Quanti gatti ci sono?']],
  ['Quantos gatos há?', 'answers-in-english', ['answer pt Quantos gatos há?']],
  ['Hoeveel katten zijn er?', 'answers-in-english', ['answer nl Hoeveel katten zijn er?']],
  ['この車は何色ですか？', 'answers-in-english', ['answer ja この車は何色ですか？']],
  ['这辆车是什么颜色？', 'answers-in-english', ['answer zh 这辆车是什么颜色？']],
  ['Какого цвета машина?', 'answers-in-english', ['answer ru Какого цвета машина?']],
  ['The left image shows two dogs.', 'not-trained', ['answer en The left image shows two dogs']],
  ['cat', 'not-trained', ['detect cat', 'segment cat']],
  ['red circles', 'not-trained', ['detect red circle', 'segment red circle']],
  ['   ', 'not-trained', ['caption en']],
  ['\n', 'not-trained', ['caption en']],
  ['<image>', 'image-placeholder', ['caption en']],
  ['???', 'not-trained', ['caption en']],
  ['x'.repeat(5000), 'too-long', []],
];

describe('near misses', () => {
  it.each(MISSES)('%j: %s', (prompt, code, better) => {
    const advice = advise(prompt);
    expect(advice.isTrained).toBe(false);
    expect(advice.form).toBeUndefined();
    expect(advice.suggestions.map((suggestion) => suggestion.prompt)).toEqual(better);
    expect(codes(prompt)).toContain(code);
  });

  it('are better when the advice is followed: what is suggested has a trained form itself', () => {
    for (const [prompt] of MISSES) {
      for (const suggestion of advise(prompt).suggestions) {
        expect(advise(suggestion.prompt), `${prompt} -> ${suggestion.prompt}`).toMatchObject({
          isTrained: true,
        });
      }
    }
  });

  it('name the method to call', () => {
    const tasks = (prompt: string) => advise(prompt).suggestions.map(({ task }) => task);
    expect(tasks('find the dogs')).toEqual(['detect']);
    expect(tasks('read the serial number')).toEqual(['ocr', 'ask']);
    expect(tasks('cut out the dog')).toEqual(['segment']);
    expect(tasks('describe this image')).toEqual(['caption', 'caption']);
    expect(advise('the tall man', { family: 'ft' }).suggestions.map(({ task }) => task)).toContain(
      'refer',
    );
  });
});

describe('the advisor', () => {
  it('shows each of its warnings for some prompt of these tables', () => {
    const families = [undefined, 'mix', 'ft'] as const;
    const prompts = [
      ...MISSES.map(([prompt]) => prompt),
      'ocr',
      'caption it',
      'what is it?',
      'detect cats',
    ];
    const seen = prompts.flatMap((prompt) => families.flatMap((family) => codes(prompt, family)));
    expect([...new Set(seen)].sort()).toEqual([...PROMPT_WARNINGS].sort());
  });

  it('never throws, and suggests only trained forms, whatever the prompt is', () => {
    const words = fc.constantFrom(
      'detect',
      'Segment',
      'caption',
      'answer',
      'ocr',
      'question',
      'describe',
      'en',
      'de',
      'it',
      'the',
      'all',
      'cats',
      ';',
      ',',
      'and',
      '?',
      '.',
      '<image>',
      '<loc0001>',
      'what',
      'is',
      'find',
      'read',
      'text',
      'please',
      'in the image',
      '\n',
      '  ',
      'é',
      '猫',
      'count',
      'how many',
      'USER:',
      'choose from:',
      '\t',
      'people',
      'mask of',
      '\0',
      '\ud800',
      'constructor',
      '__proto__',
    );
    const odd = fc.oneof(
      fc.array(words, { maxLength: 10 }).map((list) => list.join(' ')),
      fc.array(words, { maxLength: 6 }).map((list) => list.join('')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    fc.assert(
      fc.property(
        odd,
        fc.constantFrom(undefined, 'pt' as const, 'mix' as const, 'ft' as const),
        (prompt, family) => {
          const advice = advise(prompt, { family });
          expect(advice.isTrained).toBe(advice.form !== undefined);
          if (!advice.isTrained)
            expect(advice.warnings.length, JSON.stringify(prompt)).toBeGreaterThan(0);
          for (const suggestion of advice.suggestions) {
            expect(suggestion.prompt, JSON.stringify(prompt)).not.toMatch(/[\n\0]|^ | $/);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('is quick with long prompts', () => {
    // A pattern that backtracks would run into the time limit of the test.
    for (const piece of [
      'all the ',
      'please ',
      'a ; ',
      ' ',
      '<image>',
      'in the image ',
      'write a very ',
      'answer en ',
      '[INST]',
    ]) {
      expect(advise(piece.repeat(Math.floor(4000 / piece.length))).warnings.length).toBeGreaterThan(
        0,
      );
    }
  });

  it('takes nothing but strings', () => {
    expect(() => advise(5 as unknown as string)).toThrowError(InputError);
    expect(() => advise(5 as unknown as string)).toThrowError('prompt is 5, expected a string');
  });

  it('returns variants of labels', () => {
    expect(PromptAdvisor.labelVariants('cat')).toEqual(['cat', 'cats', 'a cat', 'the cat']);
  });
});
