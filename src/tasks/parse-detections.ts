/** Raw answers of any origin, `<loc0121>… white circle ; …`, to objects in pixels. The parser itself is instances.ts's. */
import { checkString } from '../options/arguments.js';
import { checkImageSize } from '../results/box.js';
import type { Box, ImageSize } from '../results/types.js';
import { emptyBox, hasArea, pixelBox } from './boxes.js';
import { type Dropped, type Instance, InstanceParser, locValue, segValue } from './instances.js';

/** An object as a text names it. A text has no probabilities, so there is no score. */
export interface ParsedDetection {
  /** Trimmed; empty where the text has none. */
  readonly label: string;
  readonly box: Box;
  /** The 16 codes of its mask, 0 to 127, which `decodeMasks` takes; only where the text has them. */
  readonly codes?: readonly number[];
}

export interface ParsedDetections {
  /** In the order of the text. */
  readonly detections: readonly ParsedDetection[];
  /** Everything else in the text. */
  readonly dropped: readonly Dropped[];
}

/** Ends and fillings that other runtimes leave in a text. */
const CONTROL = /<(?:bos|eos|pad|image)>/g;

/**
 * Reads the boxes (and mask codes) out of an answer to `detect` or `segment`, as any runtime prints it, in pixels of a
 * picture of `size`. Takes every text: what is no object is in `dropped`, never thrown. Repeated boxes are all kept.
 *
 * Throws ERR_OPTION_TYPE for what is no string, ERR_OPTION_RANGE for a size that is none.
 *
 * @example
 * const { detections } = parseDetections('<loc0121><loc0533><loc0321><loc0702> yellow square', { width: 224, height: 224 });
 */
export function parseDetections(text: string, size: ImageSize): ParsedDetections {
  checkString('text', text);
  return parseAnswer(text, checkImageSize(size, 'size'), false);
}

/** The same of what is known to be a text and a size. `isCut`: the answer ended before the model ended it. */
export function parseAnswer(text: string, size: ImageSize, isCut: boolean): ParsedDetections {
  const parser = new InstanceParser();
  const detections: ParsedDetection[] = [];
  const take = (instances: readonly Instance[]): void => {
    for (const instance of instances) {
      const box = pixelBox(
        instance.locs.map((loc) => locValue(loc.text) ?? 0),
        size,
      );
      if (!hasArea(box)) {
        parser.dropped.push(emptyBox(instance));
        continue;
      }
      const codes = instance.segs.map((seg) => segValue(seg.text) ?? 0);
      detections.push({ label: instance.label, box, ...(codes.length > 0 && { codes }) });
    }
  };
  for (const part of text.replace(CONTROL, '').split(/(<loc\d{4}>|<seg\d{3}>)/)) {
    if (part !== '') take(parser.push({ text: part, token: -1, logprob: 0 }));
  }
  take(parser.end(isCut));
  return { detections, dropped: parser.dropped };
}
