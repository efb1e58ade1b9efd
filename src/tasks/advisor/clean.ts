/** Takes away from a prompt what belongs to other models or to none. */
import { ANYWHERE, type MarkerKind, userTurn } from '../markers.js';
import type { Advice, PromptWarningCode } from './advice.js';

export interface Cleaned {
  readonly text: string;
  /** The prompt would not be sent as it is. */
  readonly isChanged: boolean;
}

const NO_TURNS = 'there are no turns: the prompt is sent alone';

const REASONS: Readonly<Record<MarkerKind, readonly [PromptWarningCode, string]>> = {
  turn: ['chat-template', NO_TURNS],
  picture: [
    'image-placeholder',
    'pictures go before the prompt by themselves, without a placeholder',
  ],
  control: ['control-token', 'the model adds its control tokens by itself'],
};

/** Takes away what belongs to other models or to none: placeholders, chat marks, control tokens, white space. */
export function clean(given: string, advice: Advice): Cleaned {
  let text = given;
  const drop = (pattern: RegExp, code: PromptWarningCode, message: string): void => {
    const without = text.replace(pattern, ' ');
    if (without === text) return;
    advice.warn(code, message);
    text = without;
  };
  // Turns of chats: what the user says is kept.
  const turn = userTurn(text);
  if (turn !== undefined) {
    advice.warn('chat-template', NO_TURNS);
    text = turn;
  }
  drop(ANYWHERE.turn, ...REASONS.turn);
  const NO_ROLES = 'there are no roles: the prompt is sent alone';
  drop(/^\s*(?:user|human|system)\s*:\s*(?=\S)/i, 'chat-template', NO_ROLES);
  drop(/\s(?:assistant|model|bot|ai|gpt)\s*:\s*$/i, 'chat-template', NO_ROLES);
  drop(ANYWHERE.picture, ...REASONS.picture);
  drop(ANYWHERE.control, ...REASONS.control);
  // The one form with tabs and with two spaces.
  const isChoice = / choose from: /.test(text);
  const plain = text.replace(isChoice ? /[\r\n\0]+/g : /[\s\0]+/g, ' ');
  const trimmed = plain.trim();
  if (trimmed !== given.trim() || given !== given.trim()) {
    if (given !== given.trim()) {
      advice.warn('white-space', 'white space around the prompt changes its tokens');
    } else if (plain !== text) {
      advice.warn('white-space', 'trained prompts are one line with single spaces');
    }
  }
  return { text: trimmed, isChanged: trimmed !== given };
}

export function isScience(text: string): boolean {
  return /^Question: [^\n]+\nContext: [^\n]*\nOptions: \(A\) [^\n]+\nAnswer:$/.test(text);
}
