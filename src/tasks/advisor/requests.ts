/** Requests in words, as other models take them, and the trained form of what they want. */
import { PROMPTS } from '../prompts.js';
import { Advice, type PromptAdvice } from './advice.js';
import { objectsOutcome } from './forms.js';
import { asQuestion, isQuestion, questionLanguage, slipOf } from './languages.js';
import { IMAGE_WORD, isAllText, isImageWord, labelsOf, nounPhrase, THE_IMAGE } from './words.js';

/**
 * Advice on `request`, which is `text` without courtesies; `isChanged` says that `text` itself is not what was given.
 */
export function adviseRequest(
  request: string,
  text: string,
  isChanged: boolean,
  advice: Advice,
): PromptAdvice {
  const question = isQuestion(request);
  const isBareForm =
    !isChanged &&
    (advice.family === 'ft' || (advice.family === 'mix' && question && request === text));
  if (isBareForm) {
    advice.warn(
      'depends-on-checkpoint',
      advice.family === 'ft'
        ? 'a question or phrase alone is the form of DocVQA, ChartQA and RefCOCO checkpoints only'
        : 'mix checkpoints take free questions, but most were trained with "answer en"',
    );
  } else
    advice.warn('not-trained', 'this is not the form of any prompt the model was trained with');
  suggestForRequest(request, question, advice);
  return isBareForm ? advice.trained('bare') : advice.untrained();
}

/** What is left without courtesies, introductions, and the question mark of "could you". */
export function withoutManners(text: string, advice: Advice): string {
  const leading =
    /^(?:(?:hi|hello|hey)(?: there| paligemma| gemma)?[,!.]?\s+|(?:please|kindly|now|just|ok|okay)[,]?\s+|(?:can|could|would|will) you(?: please| kindly)?\s+(?=(?:please\s+)?(?:describe|caption|tell|detect|find|locate|segment|read|extract|transcribe|count|show|identify|give|write|mark|outline|summari[sz]e|answer|list|recogni[sz]e|ocr|spot|highlight|explain|draw|mask)\b)|i (?:want|need|would like|['’]d like) you to\s+|i['’]d like you to\s+|(?:your task is|you need) to\s+|you are (?:a|an) [^.]{1,100}\.\s+|(?:look at|looking at|given|in|from|based on) THE_IMAGE[,.:]\s*(?:and\s+)?|tell me(?=\s+(?:what|who|where|how|which|why|when|if|whether))\s+)/i.source.replace(
      'THE_IMAGE',
      THE_IMAGE,
    );
  const pattern = new RegExp(leading, 'i');
  let rest = text;
  for (
    let shorter = rest.replace(pattern, '');
    shorter !== rest;
    shorter = rest.replace(pattern, '')
  ) {
    if (shorter === '') break;
    rest = shorter;
  }
  if (/^(?:can|could|would|will) you\s/i.test(text) && rest !== text)
    rest = rest.replace(/\s*\?+$/, '');
  rest = rest.replace(/[,.]?\s+(?:please|thanks|thank you|thx)(?=[.!?]*$)/i, '');
  if (rest !== text)
    advice.warn(
      'polite',
      'the model is not talked to: courtesies and introductions are no part of trained prompts',
    );
  return rest;
}

const FIND =
  /^(?:detect|find|locate|spot|show(?: me)?|point (?:to|at|out)|identify|recogni[sz]e|highlight|mark|draw (?:a |the )?(?:bounding )?box(?:es)? (?:around|on|for|over)|box|give me (?:the )?(?:bounding )?box(?:es)? (?:of|for|around)|(?:bounding )?box(?:es)? (?:of|for|around)|look for|search(?: for)?|track|get|list|where(?:['’]s| is| are))\s+/i;
const CUT =
  /^(?:segment|mask|outline|cut out|extract the mask of|(?:give me |create |make )?(?:a |the )?(?:segmentation )?masks? (?:of|for)|segmentation of|trace|isolate)\s+/i;
const READ =
  /^(?:read|transcribe|extract|ocr|type out|copy|recogni[sz]e|get|give me|write down|what is|what['’]s|tell me)(?: me| out| off| aloud)?\s+/i;
const FIELD_NOUN =
  /(?:number|no|date|total|amount|price|name|address|phone|email|code|id|title|tax|vat|sum|balance|plate|serial|label|brand|time|temperature|score|url|website|value|reading|currency|quantity|weight|age|year)$/i;

/** A request, without courtesies and without a full stop. */
interface Request {
  readonly text: string;
  readonly isQuestion: boolean;
}

/** Makes its suggestions and says true, if this is the kind of request it knows. */
type RequestReader = (request: Request, advice: Advice) => boolean;

const IN_THE_IMAGE = new RegExp(`\\s+(?:in|on|from|of) ${THE_IMAGE}$`, 'i');

/** In the order in which they are asked. */
const READERS: readonly RequestReader[] = [
  readCaption,
  readCount,
  readOutline,
  readText,
  readSearch,
  readQuestion,
  readStatement,
  readCommand,
  readThing,
  readAnything,
];

function suggestForRequest(request: string, question: boolean, advice: Advice): void {
  const text = request.replace(/[.!\s]+$/, '');
  READERS.some((read) => read({ text, isQuestion: question }, advice));
}

function readCaption({ text, isQuestion: question }: Request, advice: Advice): boolean {
  const lower = text.toLowerCase();
  if (!wantsCaption(lower)) return false;
  // A question is asked for an answer; the caption says more.
  if (question) {
    const asked = PROMPTS.answer('en', asQuestion(lower));
    advice.suggest('ask', asked, 'the trained form of a question');
  }
  suggestCaption(lower, advice);
  return true;
}

function readCount({ text, isQuestion: question }: Request, advice: Advice): boolean {
  const counted = /^(?:count|number of|tell me the number of)\s+(.+)$/i.exec(text)?.[1];
  if (counted === undefined || question) return false;
  const things = nounPhrase(counted.replace(IN_THE_IMAGE, ''));
  advice.suggest(
    'ask',
    PROMPTS.answer('en', `how many ${things} are there?`),
    'counting is a question',
  );
  suggestLabels('detect', things, 'boxes can be counted', advice);
  return true;
}

function readOutline({ text }: Request, advice: Advice): boolean {
  if (!CUT.test(text)) return false;
  suggestLabels(
    'segment',
    text.replace(CUT, ''),
    'outlines of things by their singular name',
    advice,
  );
  return true;
}

function readText({ text, isQuestion: question }: Request, advice: Advice): boolean {
  if (/^translate\b/i.test(text)) {
    advice.suggest('ocr', PROMPTS.ocr(), 'reads the text; translating was not trained');
    return true;
  }
  const read = READ.exec(text);
  if (!read || question) return false;
  const thing = nounPhrase(text.slice(read[0].length));
  const bare = thing.replace(IN_THE_IMAGE, '');
  if (isAllText(bare) || isImageWord(bare) || isAllText(thing)) {
    advice.suggest('ocr', PROMPTS.ocr(), 'reads all text in the picture');
    return true;
  }
  if (!/^(?:read|transcribe|ocr|type|copy|write|extract)/i.test(text) && !FIELD_NOUN.test(bare))
    return false;
  const isReading = /^(?:read|transcribe|ocr|type|copy)/i.test(text);
  const ask = (): void =>
    advice.suggest(
      'ask',
      PROMPTS.answer('en', `what is the ${bare}?`),
      `asks for the ${bare} alone`,
    );
  if (!isReading) ask();
  advice.suggest('ocr', PROMPTS.ocr(), 'reads all text in the picture');
  ask();
  return true;
}

function readSearch({ text, isQuestion: question }: Request, advice: Advice): boolean {
  const find = FIND.exec(text);
  if (!find) return false;
  const thing = text.slice(find[0].length).replace(/\?$/, '');
  if (FIELD_NOUN.test(thing) && !/^(?:detect|box|draw)/i.test(text)) {
    advice.suggest(
      'ask',
      PROMPTS.answer('en', `what is the ${nounPhrase(thing)}?`),
      'asks for what is written',
    );
  }
  suggestLabels('detect', thing, 'boxes of things by their singular name', advice);
  if (question) advice.suggest('ask', PROMPTS.answer('en', asQuestion(text)), 'answers in words');
  return true;
}

function readQuestion({ text, isQuestion: question }: Request, advice: Advice): boolean {
  if (!question || !/\p{L}/u.test(text)) return false;
  const language = questionLanguage(text);
  if (language !== 'en') {
    advice.warn('answers-in-english', 'questions were trained in 35 languages, answers in English');
  }
  advice.suggest(
    'ask',
    PROMPTS.answer(language, asQuestion(text)),
    'the trained form of a question',
  );
  if (/\b(?:text|say|says|said|written|reads?|words?|letters)\b/i.test(text)) {
    advice.suggest('ocr', PROMPTS.ocr(), 'reads all text in the picture');
  }
  const counted = /^how many\s+(.+?)(?:\s+(?:are|is|do|can|in|on|does|were)\b.*)?\??$/i.exec(
    text,
  )?.[1];
  if (counted !== undefined) suggestLabels('detect', counted, 'boxes can be counted', advice);
  if (advice.family === 'ft') {
    advice.suggest(
      'ask',
      PROMPTS.bareAnswer(asQuestion(text)),
      'document and chart checkpoints take the question alone',
    );
  }
  return true;
}

function readStatement({ text }: Request, advice: Advice): boolean {
  if (!/\s(?:is|are|has|have|contains?|shows?|there)\s/i.test(` ${text} `)) return false;
  const reason = 'a statement is answered True or False by NLVR2 checkpoints, yes or no by others';
  advice.suggest('ask', PROMPTS.answer('en', text), reason);
  return true;
}

/** `name the animal`, `guess where it is`, `I want to know the total`: no label begins so. */
const COMMAND =
  /^(?:(?:please )?(?:name|give|guess|estimate|determine|state|provide|specify)(?: me)?|i (?:want|need|would like) to know|let me know)\s+/i;
const OTHER_COMMAND =
  /^(?:describe|explain|compare|tell|say|choose|decide|judge|rate|check|verify|summari[sz]e|translate|solve|calculate|write|make|think|analy[sz]e|i|we|you)\s+/i;

function readCommand({ text }: Request, advice: Advice): boolean {
  const command = COMMAND.exec(text)?.[0];
  if (command === undefined && !OTHER_COMMAND.test(text)) return false;
  const rest = text.slice(command?.length ?? 0);
  const isThing = command !== undefined && /^(?:the|its?|his|her|their|a|an)\s/i.test(rest);
  const question = isThing ? `what is ${rest}?` : asQuestion(rest);
  advice.suggest('ask', PROMPTS.answer('en', question), 'the trained form of a question');
  return true;
}

function readThing({ text }: Request, advice: Advice): boolean {
  const isThing =
    /[\p{L}]/u.test(text) &&
    text.split(' ').length <= 6 &&
    !/[:<>{}[\]\n]/.test(text) &&
    !new RegExp(THE_IMAGE, 'i').test(text);
  if (!isThing) return false;
  suggestLabels('detect', text, 'if it is to be found', advice);
  suggestLabels('segment', text, 'if its outline is wanted', advice);
  if (advice.family === 'ft') {
    advice.suggest('refer', PROMPTS.refer(text), 'the phrase alone, for RefCOCO checkpoints');
  }
  return true;
}

function readAnything({ text }: Request, advice: Advice): boolean {
  advice.suggest('caption', PROMPTS.caption('en', 'medium'), 'tells what is in the picture');
  if (/\p{L}/u.test(text) && !/[<>\n]/.test(text)) {
    advice.suggest('ask', PROMPTS.answer('en', asQuestion(text)), 'the trained form of a question');
  }
  return true;
}

/** Labels out of words; without their warnings, as the whole prompt is in no form. */
function suggestLabels(
  task: 'detect' | 'segment',
  words: string,
  reason: string,
  advice: Advice,
): void {
  const { labels } = labelsOf(words.replace(/^(?:me\s+)/i, ''), new Advice(advice.family));
  const named = labels.filter(
    (label) => !/^(?:objects?|things?|everything|anything|background)$/i.test(label),
  );
  if (named.length > 0) advice.suggest(task, PROMPTS[task](named), reason);
  else {
    const { prompt, reason: why } = objectsOutcome();
    advice.suggest('ask', prompt, why);
  }
}

function wantsCaption(lower: string): boolean {
  const of = `(?:of |for |about |in |on |to )?`;
  const image = `(?:${THE_IMAGE}|it|this|that|here|what you see|what you can see|everything)`;
  return [
    `^(?:describe|caption|explain|summari[sz]e|analy[sz]e)(?: (?:me|to me|us))?(?: ${image})?(?: (?:in|with|briefly|shortly|please).*)?$`,
    `^(?:describe|caption|explain|summari[sz]e) (?:what|the contents?|the scene|everything).*$`,
    `^(?:write|give|give me|create|generate|make|provide|produce|add|i need)(?: me)?(?: a| an| the| one)?(?: [a-z]+){0,3} (?:caption|description|summary|alt text|alt-text|title)s?(?: ${of}${image})?(?: .*)?$`,
    `^(?:(?:a|an|the|very|short|brief|long|detailed|one-line) )*(?:caption|description|summary|alt text)(?: ${of}${image})?$`,
    `^what(?:['’]s|s| is| do you see| can you see| can be seen| does)(?: (?:happening|going on|shown|depicted|there))?(?: (?:in|on) ${image}| ${THE_IMAGE} show)?\\??$`,
    `^what(?:['’]s|s| is) (?:this|it|that)\\??$`,
    `^(?:tell me|talk) about ${image}$`,
    `^${THE_IMAGE}$`,
    `^${IMAGE_WORD}$`,
    `^(?:a|an|the)?\\s?${IMAGE_WORD} of$`,
  ].some((source) => new RegExp(source, 'i').test(lower));
}

function suggestCaption(lower: string, advice: Advice): void {
  const named = /\b(?:in|auf|en)\s+([a-z]+)$/i.exec(lower)?.[1] ?? '';
  const language = (named.length > 3 ? slipOf(named) : undefined) ?? 'en';
  const isLong =
    /\b(?:detail|details|detailed|long|thorough|thoroughly|paragraph|in depth|everything|comprehensive)\b/.test(
      lower,
    );
  const isShort =
    /\b(?:short|brief|briefly|shortly|alt text|alt-text|title|one sentence|few words|one line|concise)\b/.test(
      lower,
    );
  const long = (): void =>
    advice.suggest(
      'caption',
      PROMPTS.caption(language, 'long'),
      'a longer description, trained with pretrained checkpoints',
    );
  if (isLong) long();
  if (isShort) {
    advice.suggest(
      'caption',
      PROMPTS.caption(language, 'short'),
      'a very short caption, trained with pretrained checkpoints',
    );
  }
  advice.suggest('caption', PROMPTS.caption(language, 'medium'), 'a caption');
  if (/^(?:describe|explain)/.test(lower)) long();
}
