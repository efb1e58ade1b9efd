/**
 * Tells whether a prompt has one of the forms that PaliGemma was trained with, and which form to use instead. Reads
 * English requests, and questions of some other languages. Sends nothing; the prompts of the tasks are in prompts.ts.
 */
import { makeError } from '../../errors.js';
import { showValue } from '../../options/show.js';
import { choice, optionsOf } from '../../results/reading.js';
import { labelVariants } from '../label-variants.js';
import { PROMPTS } from '../prompts.js';
import {
  Advice,
  type AdviseOptions,
  CHECKPOINT_FAMILIES,
  type CheckpointFamily,
  type PromptAdvice,
  type PromptSuggestion,
} from './advice.js';
import { clean, isScience } from './clean.js';
import { FORM_REASONS, FORMS, joined, readVerb, TASKS } from './forms.js';
import { adviseRequest, withoutManners } from './requests.js';

/** Longer prompts are not looked at: none was trained with nearly as many characters. */
const LONGEST = 4000;

/**
 * Looks at `prompt` as it would be sent, without the line break that the model appends. Never throws for a string,
 * whatever it holds; ERR_OPTION_TYPE for anything else.
 *
 * @example
 * advisePrompt('Detect all cats').suggestions[0].prompt // 'detect cat'
 */
export function advisePrompt(prompt: string, options?: AdviseOptions): PromptAdvice {
  const given: unknown = prompt;
  if (typeof given !== 'string') {
    const found = showValue(given);
    throw makeError('ERR_OPTION_TYPE', `prompt is ${found}, expected a string`, {
      name: 'prompt',
      found,
      expected: 'a string',
    });
  }
  const family = familyOf(options);
  const advice = new Advice(family);
  if (given.length > LONGEST) {
    advice.warn(
      'too-long',
      `the prompt has ${given.length} characters, trained ones have less than ${LONGEST}`,
    );
    return advice.untrained();
  }
  return advise(given, advice);
}

function familyOf(options: unknown): CheckpointFamily | undefined {
  const { family } = optionsOf(options);
  return family === undefined ? undefined : choice(family, 'family', CHECKPOINT_FAMILIES);
}

/** What a text that begins as a trained prompt does asks for; undefined for any other. */
export function formOf(text: string): PromptSuggestion | undefined {
  const advice = new Advice(undefined);
  const parsed = text.length > LONGEST ? undefined : readVerb(text);
  const outcome = parsed && FORMS[parsed.verb](parsed.rest, advice);
  if (parsed === undefined || outcome === undefined) return undefined;
  return {
    prompt: outcome.prompt ?? joined(parsed.verb, parsed.rest),
    task: TASKS[outcome.form],
    reason: outcome.reason ?? FORM_REASONS[outcome.form],
  };
}

/** Advice on prompts: `PromptAdvisor.advise('Detect all cats')`. */
export const PromptAdvisor = { advise: advisePrompt, labelVariants } as const;

function advise(given: string, advice: Advice): PromptAdvice {
  if (given === '') return adviseEmpty(advice);
  if (isScience(given)) return advice.trained('science');
  const { text, isChanged } = clean(given, advice);
  if (text === '') return adviseEmpty(advice, false);
  if (/^@?[^\s<>;]*[^\s<>;.]\.(?:txt|md|json|jpe?g|png|webp)$/i.test(text))
    return adviseFileName(advice);
  const asForm = adviseForm(text, isChanged, advice);
  if (asForm !== undefined) return asForm;
  const request = withoutManners(text, advice);
  // "Please caption en" is a form with manners; "please describe this" is a request.
  const form = request === text ? undefined : adviseForm(request, true, advice);
  return form ?? adviseRequest(request, text, isChanged, advice);
}

/** Advice on a prompt that begins with a trained verb; undefined when the words after it are for people. */
function adviseForm(text: string, isChanged: boolean, advice: Advice): PromptAdvice | undefined {
  const parsed = readVerb(text);
  if (parsed === undefined) return undefined;
  const { verb, rest, isExact } = parsed;
  const outcome = FORMS[verb](rest, advice);
  if (outcome === undefined) return undefined;
  if (!isExact)
    advice.warn('upper-case', `trained prompts begin with "${verb} ", in small letters`);
  const prompt = outcome.prompt ?? joined(verb, rest);
  const isTrained = outcome.isTrained && isExact && !isChanged;
  if (!isTrained || prompt !== text) {
    advice.suggest(TASKS[outcome.form], prompt, outcome.reason ?? FORM_REASONS[outcome.form]);
  }
  for (const other of outcome.others ?? []) advice.suggest(...other);
  return isTrained ? advice.trained(outcome.form) : advice.untrained();
}

function adviseFileName(advice: Advice): PromptAdvice {
  advice.warn('file-name', 'the name of a file is sent as it is, not what the file says');
  advice.suggest('caption', PROMPTS.caption('en', 'medium'), 'tells what is in the picture');
  return advice.untrained();
}

function adviseEmpty(advice: Advice, isExact = true): PromptAdvice {
  if (isExact && advice.family !== 'ft') {
    advice.warn(
      'depends-on-checkpoint',
      'only pretrained checkpoints are known to caption without a prompt',
    );
    advice.suggest('caption', PROMPTS.caption('en', 'medium'), 'says what is wanted');
    if (advice.family !== 'mix') return advice.trained('empty');
    return advice.untrained();
  }
  advice.warn('not-trained', 'the prompt says nothing');
  advice.suggest('caption', PROMPTS.caption('en', 'medium'), 'says what is wanted');
  return advice.untrained();
}
