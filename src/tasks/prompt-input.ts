/**
 * From what a caller writes to what is sent: the one door for prompts, questions, phrases and labels. Drops what belongs
 * to other runtimes, writes a prefix once, asks the advisor, and makes a note of each. Anything else is sent as given.
 */
import { makeError } from '../errors.js';
import type { Note } from '../notes.js';
import { MAX_PROMPT_LENGTH } from '../options/limits.js';
import { showValue } from '../options/show.js';
import { Prompt } from '../prompt.js';
import type { CheckpointFamily, PromptAdvice, PromptWarningCode } from './advisor/advice.js';
import { advisePrompt, formOf } from './advisor/advise.js';
import { LANGUAGES, WORD_CODES } from './advisor/languages.js';
import { labelList, labelsGiven, languageCode, promptText } from './labels.js';
import { type MarkerKind, placeholdersIn, stripMarkers } from './markers.js';
import { PROMPTS } from './prompts.js';

/** What a note is about, in its code. */
type NoteKind = PromptWarningCode | (typeof INPUT_NOTES)[number];

/** Kinds beside those of the advisor. */
export const INPUT_NOTES = ['line-break', 'prefix-twice', 'other-task', 'coverage'] as const;

export function codeOf(kind: NoteKind): Note['code'] {
  return `PALIGEMMA_PROMPT_${kind.toUpperCase().replaceAll('-', '_')}`;
}

function note(kind: NoteKind, message: string): Note {
  return { code: codeOf(kind), message };
}

// --- markers of other runtimes --------------------------------------------------------------------------------------

/** Why a marker is not sent; the gravest first. */
const DROP_REASONS: readonly (readonly [MarkerKind, NoteKind, string])[] = [
  ['turn', 'chat-template', 'PaliGemma has no turns'],
  ['control', 'control-token', 'the model adds its own'],
  ['picture', 'image-placeholder', 'pictures come first by themselves'],
];

/**
 * `text` without the markers of other runtimes around it. `pictures`: how many the call has. `name` is the argument, for
 * messages. Throws ERR_OPTION_RANGE when it names another number of pictures, or names them anywhere but at the beginning.
 */
function withoutMarkers(name: string, text: string, pictures: number, notes: Note[]): string {
  const stripped = stripMarkers(text);
  const placeholders = stripped.dropped.filter(({ kind }) => kind === 'picture');
  const misplaced = placeholdersIn(stripped.text);
  if (misplaced.length > 0 || (placeholders.length > 0 && placeholders.length !== pictures)) {
    const all = [...placeholders.map((one) => one.text), ...misplaced];
    throw placeholderError(name, all, misplaced.length > 0, pictures);
  }
  // transformers wants <image> written, so there is nothing to learn from a note.
  const told = stripped.dropped.filter((one) => one.text !== '<image>');
  for (const [kind, code, reason] of DROP_REASONS) {
    if (!told.some((one) => one.kind === kind)) continue;
    const shown = [...new Set(told.map((one) => showValue(one.text)))].join(', ');
    notes.push(note(code, `${name} is sent without ${shown}: ${reason}`));
    break;
  }
  return stripped.text;
}

function placeholderError(
  name: string,
  placeholders: readonly string[],
  isMisplaced: boolean,
  pictures: number,
) {
  const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  const shown = showValue(placeholders[0] ?? '');
  const found = `${plural(placeholders.length, 'placeholder')} of a picture (${shown})`;
  const where = isMisplaced ? ', not all at its beginning' : '';
  const expected = `${pictures} at the beginning, or none`;
  return makeError(
    'ERR_OPTION_RANGE',
    `${name} has ${found}${where}, and the call has ${plural(pictures, 'picture')}`,
    {
      name,
      found,
      expected,
      hint: `pictures come before the prompt by themselves: write ${expected}`,
    },
  );
}

/** Line breaks and byte order mark as a text file has them. */
function withoutFileMarks(text: string, notes: Note[]): string {
  const clean = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  // No regular expression: one that ends in `\n+$` tries every line break inside anew.
  let end = clean.length;
  while (clean[end - 1] === '\n') end--;
  const cut = clean.slice(0, end);
  if (cut === text) return text;
  const what = [
    ...(text.startsWith('\ufeff') ? ['its byte order mark'] : []),
    ...(text.includes('\r') ? ['carriage returns'] : []),
    ...(cut === clean ? [] : ['line breaks at its end']),
  ];
  const reason = 'the model adds the one line break it was trained with';
  notes.push(note('line-break', `prompt is sent without ${what.join(', ')}: ${reason}`));
  return cut;
}

/** A part of a prompt: trimmed, one line, without markers. */
function partOf(name: string, value: unknown, pictures: number, notes: Note[]): string {
  return promptText(name, textOf(name, value, pictures, notes));
}

/** `value` without markers, if it is a text. Throws ERR_OPTION_RANGE when it holds nothing else. */
function textOf(name: string, value: unknown, pictures: number, notes: Note[]): unknown {
  if (typeof value !== 'string' || value.length > MAX_PROMPT_LENGTH) return value;
  const text = withoutMarkers(name, value, pictures, notes);
  if (text.trim() !== '' || value.trim() === '') return text;
  const found = showValue(value);
  const expected = 'text beside what other runtimes write around a prompt';
  throw makeError('ERR_OPTION_RANGE', `${name} is ${found}, expected ${expected}`, {
    name,
    found,
    expected,
  });
}

// --- advice ---------------------------------------------------------------------------------------------------------

/** Noted when there is nothing graver: the model finds less, but answers. */
const MILD: readonly PromptWarningCode[] = ['plural-label', 'article-label', 'pretrained-only'];

/** What the advisor says of `prompt`, as a note; undefined when nothing would do better. */
function adviceNote(prompt: string, { suggestions, warnings }: PromptAdvice): Note | undefined {
  const [better] = suggestions;
  // Both ways are trained, and a caller who names several labels wants them in one answer.
  const all = warnings.filter(({ code }) => code !== 'several-labels');
  const warning = all.find(({ code }) => !MILD.includes(code)) ?? all[0];
  if (better === undefined || warning === undefined || better.prompt === prompt) return undefined;
  const message = `${showValue(prompt)}: ${warning.message}; ${showValue(better.prompt)} may do better (${better.reason})`;
  return note(warning.code, message);
}

function advised(prompt: string, notes: Note[], family?: CheckpointFamily): void {
  // What a fine-tuned checkpoint was trained with is known to its owner only.
  if (family === 'ft') return;
  const one = adviceNote(prompt, advisePrompt(prompt, { family }));
  if (one !== undefined) notes.push(one);
}

/** How a checkpoint was trained, if its name says so: `paligemma-3b-mix-224`. */
function familyOf(name: string): CheckpointFamily | undefined {
  const [, family] = /(?:^|[-_])(pt|mix|ft)(?:[-_]|$)/.exec(name.toLowerCase()) ?? [];
  return family as CheckpointFamily | undefined;
}

/** A whole prompt. `model` is the name of the checkpoint, `pictures` how many the call has. */
export function wholePrompt(text: string, pictures: number, model: string): Prompt {
  if (text.length > MAX_PROMPT_LENGTH) return new Prompt(text);
  const file: Note[] = [];
  const markers: Note[] = [];
  const sent = withoutMarkers('prompt', withoutFileMarks(text, file), pictures, markers);
  // Line breaks are part of a template.
  const notes = markers.some(({ code }) => code === codeOf('chat-template'))
    ? markers
    : [...file, ...markers];
  advised(sent, notes, familyOf(model));
  return new Prompt(sent, notes);
}

/** A phrasing of a sweep, where plurals and articles are the point: only what has no trained form is worth a note. */
export function phrasing(text: unknown): Prompt {
  const notes: Note[] = [];
  const sent = partOf('prompt', text, 1, notes);
  const advice = advisePrompt(sent);
  const one = advice.isTrained ? undefined : adviceNote(sent, advice);
  return new Prompt(sent, one === undefined ? notes : [...notes, one]);
}

// --- parts of the prompts of tasks ----------------------------------------------------------------------------------

/** A question; `bare` sends it alone. */
export function questionPrompt(
  question: unknown,
  { language, bare }: { readonly language: string; readonly bare: boolean },
  pictures: number,
  name = 'question',
): Prompt {
  const notes: Note[] = [];
  const text = partOf(name, question, pictures, notes);
  if (bare) return new Prompt(PROMPTS.bareAnswer(text), notes);
  return new Prompt(answerPrompt(name, text, languageCode(language), notes), notes);
}

/** A statement about two pictures. */
export function statementPrompt(statement: unknown): Prompt {
  const notes: Note[] = [];
  const text = partOf('statement', statement, 2, notes);
  return new Prompt(answerPrompt('statement', text, 'en', notes), notes);
}

/** `answer en …`, also when the caller wrote that already. */
function answerPrompt(name: string, text: string, language: string, notes: Note[]): string {
  const [prefix = '', given = ''] = /^answer[:,]?\s+(\p{L}{2,3})(?=\s)/iu.exec(text) ?? [];
  const code = given.toLowerCase();
  // "answer it is a cat" is about it, not in Italian.
  if (LANGUAGES.has(code) && (!WORD_CODES.has(code) || code === language)) {
    const rest = text.slice(prefix.length);
    const sent = `answer ${code}${rest}`;
    notes.push(prefixNote(name, prefix, sent));
    return sent;
  }
  const form = formOf(text);
  const sent = PROMPTS.answer(language, text);
  if (form !== undefined) {
    const message = `${name} ${showValue(text)} is a prompt by itself, and is sent as ${showValue(sent)}: predict with ${showValue(form.prompt)} may do better`;
    notes.push(note('other-task', message));
  }
  return sent;
}

/** Labels to find or to outline, and the prompt that names them. `model` is the name of the checkpoint. */
export function labelsPrompt(
  verb: 'detect' | 'segment',
  labels: string | readonly string[],
  model: string,
): { readonly list: readonly string[]; readonly prompt: Prompt } {
  const notes: Note[] = [];
  const list = cleanLabels(labels, notes, verb);
  const sent = PROMPTS[verb](list);
  const family = familyOf(model);
  // What a fine-tuned checkpoint calls things is known to its owner only.
  const one = family === 'ft' ? undefined : adviceNote(sent, advisePrompt(sent, { family }));
  const several = severalInOne(list);
  if (one?.code === codeOf('separator') && several !== undefined) notes.push(several);
  else if (one !== undefined) notes.push(one);
  return { list, prompt: new Prompt(sent, notes) };
}

/** About labels that look like several; undefined when none does. */
function severalInOne(labels: readonly string[]): Note | undefined {
  const several = labels.filter((label) => /[,|&/+]|\s(?:and|or)\s/i.test(label));
  if (several.length === 0) return undefined;
  const shown = several.map((label) => showValue(label)).join(', ');
  const message = `${shown} is sent as one label; several, each given by itself, may do better`;
  return note('separator', message);
}

/** Labels to choose from, without markers. */
export function choices(labels: string | readonly string[], notes: Note[]): readonly string[] {
  const list = cleanLabels(labels, notes);
  // Answers may have commas, but there is nothing to choose from one.
  const several = list.length === 1 ? severalInOne(list) : undefined;
  if (several !== undefined) notes.push(several);
  return list;
}

/** Labels without markers, and without `verb` before them. */
function cleanLabels(
  labels: string | readonly string[],
  notes: Note[],
  verb?: 'detect' | 'segment',
): readonly string[] {
  const clean = labelsGiven(labels).map((label) => {
    const text = textOf('label', label, 1, notes);
    if (typeof text !== 'string' || verb === undefined) return text;
    const taken = withoutVerb('label', verb, text, notes);
    const [, other = '', rest = ''] = /^(detect|segment)[:,]?\s+(\S.*)$/i.exec(taken.trim()) ?? [];
    if (rest !== '') notes.push(otherVerbNote(verb, taken.trim(), other.toLowerCase(), rest));
    return taken;
  });
  return labelList(clean as readonly string[]);
}

/** Where nothing was found: about labels with capitals, unless the prompt had a note on them. */
export function capitalNote(labels: readonly string[], prompt: Prompt): Note | undefined {
  const kind: NoteKind = 'upper-case';
  const capital = labels.filter((label) => label !== label.toLowerCase());
  if (capital.length === 0 || prompt.notes.some(({ code }) => code === codeOf(kind))) {
    return undefined;
  }
  const shown = (all: readonly string[]): string => all.map((one) => showValue(one)).join(', ');
  const lower = capital.map((label) => label.toLowerCase());
  const message = `nothing was found for ${shown(capital)}: labels are trained in small letters, ${shown(lower)} may do better`;
  return note(kind, message);
}

/** Below this, the probabilities of labels say nothing: the model would answer something else. */
const LOW_COVERAGE = 0.01;

/** About labels that the model would hardly answer `prompt` with. */
export function lowCoverage(prompt: string, coverage: number): Note | undefined {
  if (coverage >= LOW_COVERAGE) return undefined;
  const message = `the model would hardly answer ${showValue(prompt)} with any of the labels (probability ${coverage.toPrecision(1)}): another question, or other labels, may do better`;
  return note('coverage', message);
}

/** A phrase that is sent alone. */
export function phrasePrompt(phrase: unknown): Prompt {
  const notes: Note[] = [];
  const text = partOf('phrase', phrase, 1, notes);
  return new Prompt(PROMPTS.refer(withoutVerb('phrase', 'segment', text, notes)), notes);
}

function withoutVerb(name: string, verb: string, text: string, notes: Note[]): string {
  const [prefix] = new RegExp(`^\\s*${verb}[:,]?\\s+(?=\\S)`, 'i').exec(text) ?? [];
  if (prefix === undefined) return text;
  const rest = text.slice(prefix.length);
  notes.push(prefixNote(name, prefix, rest));
  return rest;
}

function otherVerbNote(verb: string, label: string, other: string, rest: string): Note {
  const sent = showValue(`${verb} ${label}`);
  const message = `label ${showValue(label)} is a prompt by itself, and is sent as ${sent}: ${other} with ${showValue(rest)} may do better`;
  return note('other-task', message);
}

function prefixNote(name: string, prefix: string, taken: string): Note {
  const message = `${name} begins with ${showValue(prefix.trim())}, which is the task's to add: ${showValue(taken)} is taken`;
  return note('prefix-twice', message);
}
