/** Takes away from a prompt what belongs to other models or to nobody. */
import type { Advice, PromptWarningCode } from './advice.js';

export interface Cleaned {
  readonly text: string;
  /** The prompt would not be sent as it is. */
  readonly isChanged: boolean;
}

/** Takes away what belongs to other models or to nobody: placeholders, chat marks, control tokens, white space. */
export function clean(given: string, advice: Advice): Cleaned {
  let text = given;
  const drop = (pattern: RegExp, code: PromptWarningCode, message: string): void => {
    const without = text.replace(pattern, ' ');
    if (without === text) return;
    advice.warn(code, message);
    text = without;
  };
  // Turns of chats: what the user says is kept.
  const turn =
    /<start_of_turn>\s*user\s([^<]*)/i.exec(text)?.[1] ??
    /<\|im_start\|>\s*user\s([^<]*)/i.exec(text)?.[1] ??
    /\[INST\]([^[]*)\[\/INST\]/i.exec(text)?.[1] ??
    /### ?(?:Instruction|Human|User):([^#]*)/i.exec(text)?.[1];
  if (turn !== undefined) {
    advice.warn('chat-template', 'there are no turns: the prompt is sent alone');
    text = turn;
  }
  drop(
    /<\|?\/?(?:start_of_turn|end_of_turn|im_start|im_end|system|user|assistant|endoftext|end)\|?>/gi,
    'chat-template',
    'there are no turns: the prompt is sent alone',
  );
  drop(
    /^\s*(?:user|human|system)\s*:\s*(?=\S)/i,
    'chat-template',
    'there are no roles: the prompt is sent alone',
  );
  drop(
    /\s(?:assistant|model|bot|ai|gpt)\s*:\s*$/i,
    'chat-template',
    'there are no roles: the prompt is sent alone',
  );
  drop(
    /<\|?image(?:_\d+)?\|?>|<img>(?:<\/img>)?|\[image\]|\[img\]|\{image\}|<__media__>/gi,
    'image-placeholder',
    'pictures go before the prompt by themselves, without a placeholder',
  );
  drop(
    /<(?:bos|eos|pad|unk|mask|s|\/s)>/gi,
    'control-token',
    'control tokens in a prompt are sent as plain text or not at all',
  );
  // The one form with tabs and with two spaces.
  const isChoice = / choose from: /.test(text);
  const plain = text.replace(isChoice ? /[\r\n\0]+/g : /[\s\0]+/g, ' ');
  const trimmed = plain.trim();
  if (trimmed !== given.trim() || given !== given.trim()) {
    if (given !== given.trim()) {
      advice.warn(
        'white-space',
        'white space around the prompt changes its tokens; the line break after it is added',
      );
    } else if (plain !== text) {
      advice.warn('white-space', 'trained prompts are one line with single spaces');
    }
  }
  return { text: trimmed, isChanged: trimmed !== given };
}

export function isScience(text: string): boolean {
  return /^Question: [^\n]+\nContext: [^\n]*\nOptions: \(A\) [^\n]+\nAnswer:$/.test(text);
}
