/** Detections as a caller hands them in, read once and checked, for the formats that write them. */

import { reading } from '../../options/read.js';
import { showValue } from '../../options/show.js';
import { checkBox } from '../box.js';
import { isMask, type Segment } from '../mask.js';
import { badDocument, fields, list, scoreOf, text } from '../reading.js';
import type { Detection } from '../types.js';

/** Objects of our own. A score that is missing counts as 1. */
export function detectionsOf(value: unknown, name = 'detections'): (Detection | Segment)[] {
  return reading(name, 'an array of detections', () =>
    list(value, name).map((item, i) => {
      const where = `${name}[${i}]`;
      const { label, score, box, mask } = fields(item, where);
      const detection = {
        label: text(label, `${where}.label`),
        score: scoreOf(score, `${where}.score`),
        box: checkBox(box, `${where}.box`),
      };
      if (mask === undefined) return detection;
      if (isMask(mask)) return { ...detection, mask };
      throw badDocument('ERR_OPTION_TYPE', `${where}.mask`, showValue(mask), 'a Mask or nothing');
    }),
  );
}
