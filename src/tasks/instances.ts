/**
 * The private language of detection and segmentation, `<loc0123>… <seg045>… dog ; …`, token by token into instances.
 * Takes anything: what is no instance is reported, never thrown. Form: spec section 6.4.
 */
import type { Piece } from '../prediction.js';

/** One object as the model generated it. */
export interface Instance {
  /** ymin, xmin, ymax, xmax as loc tokens: 0 to 1023 of the picture's height or width. */
  readonly locs: readonly Piece[];
  /** None, or the 16 codes of the mask. */
  readonly segs: readonly Piece[];
  readonly labels: readonly Piece[];
  /** Trimmed; may be empty. */
  readonly label: string;
  /**
   * The probability, 0 to 1, that a box begins here rather than that the answer ends. undefined where the answer has
   * something else before, which only an unconstrained one does.
   */
  readonly presence: number | undefined;
}

/** Generated text that is not an object. */
export interface Dropped {
  readonly text: string;
  /**
   * `incomplete`: cut off before it ended; `malformed`: another number of loc or seg tokens; `text`: words without a
   * box; `emptyBox`: no area.
   */
  readonly reason: 'incomplete' | 'malformed' | 'text' | 'emptyBox';
}

export const BOX_TOKENS = 4;
export const MASK_TOKENS = 16;

/** 0 to 1023, or undefined for any other token. */
export function locValue(text: string): number | undefined {
  const match = /^<loc(\d{4})>$/.exec(text);
  const value = Number(match?.[1]);
  return match && value < 1024 ? value : undefined;
}

/** 0 to 127, or undefined for any other token. */
export function segValue(text: string): number | undefined {
  const match = /^<seg(\d{3})>$/.exec(text);
  const value = Number(match?.[1]);
  return match && value < 128 ? value : undefined;
}

export class InstanceParser {
  readonly dropped: Dropped[] = [];
  #text: Piece[] = [];
  #locs: Piece[] = [];
  #segs: Piece[] = [];
  #labels: Piece[] = [];
  /** Of the instance that the last token with a presence begins, and of the current one. */
  #nextPresence: number | undefined;
  #presence: number | undefined;

  /** The next token; the instances that end with it. */
  push(piece: Piece): Instance[] {
    if (piece.presence !== undefined) this.#nextPresence = piece.presence;
    // After bytes that never became a character the detokenizer returns what they were in one piece with the token.
    const held = /^(.+)(<(?:loc\d{4}|seg\d{3})>)$/s.exec(piece.text);
    if (!held) return this.#pushToken(piece);
    const [, text = '', token = ''] = held;
    const before = this.#pushToken({ text, token: -1, logprob: 0 });
    return [...before, ...this.#pushToken({ ...piece, text: token })];
  }

  #pushToken(piece: Piece): Instance[] {
    if (locValue(piece.text) !== undefined) {
      const done = this.#isAfterBox() ? this.#finish(false) : [];
      if (this.#locs.length === 0) {
        this.#presence = this.#nextPresence;
        this.#nextPresence = undefined;
      }
      this.#locs.push(piece);
      return done;
    }
    if (segValue(piece.text) !== undefined) {
      const done = this.#labels.length > 0 ? this.#finish(false) : [];
      this.#segs.push(piece);
      return done;
    }
    // One token may hold the end of a label and the separator; one without text is a byte of a character to come.
    const parts = piece.text.split(';');
    return parts.flatMap((text, i) => {
      if (text !== '' || parts.length === 1) this.#addText({ ...piece, text });
      return i < parts.length - 1 ? this.#finish(false) : [];
    });
  }

  /** The end of the answer. `isCut`: it was cut off, so that the last instance may lack something. */
  end(isCut: boolean): Instance[] {
    return this.#finish(isCut);
  }

  #isAfterBox(): boolean {
    return this.#segs.length > 0 || this.#labels.length > 0 || this.#text.length > 0;
  }

  #addText(piece: Piece): void {
    (this.#locs.length > 0 || this.#segs.length > 0 ? this.#labels : this.#text).push(piece);
  }

  #finish(isCut: boolean): Instance[] {
    const [text, locs, segs, labels] = [this.#text, this.#locs, this.#segs, this.#labels];
    this.#text = [];
    this.#locs = [];
    this.#segs = [];
    this.#labels = [];
    const said = [...text, ...locs, ...segs, ...labels].map((piece) => piece.text).join('');
    if (text.some((piece) => piece.text.trim() !== '')) {
      this.dropped.push({ text: said.trim(), reason: 'text' });
      if (locs.length === 0) return [];
    } else if (locs.length === 0 && segs.length === 0) {
      return [];
    }
    const isWhole =
      locs.length === BOX_TOKENS && (segs.length === 0 || segs.length === MASK_TOKENS);
    if (isCut || !isWhole) {
      this.dropped.push({ text: said.trim(), reason: isCut ? 'incomplete' : 'malformed' });
      return [];
    }
    const label = labels
      .map((piece) => piece.text)
      .join('')
      .trim();
    // The space before a separator is the separator's.
    while (/^\s+$/.test(labels.at(-1)?.text ?? '')) labels.pop();
    return [{ locs, segs, labels, label, presence: this.#presence }];
  }
}
