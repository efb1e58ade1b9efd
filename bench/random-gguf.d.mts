/** Types of random-gguf.mjs, which tests written in TypeScript use too. */
import type { ModelConfig } from '../src/convert/config.js';
import type { Vocabulary } from '../src/convert/tokenizer-source.js';
import type { WeightType } from '../src/options/closed-sets.js';

type Section = Readonly<Record<string, string | number>>;

export function configOf(
  textConfig: Section,
  visionConfig: Section,
  vocabulary: number,
): ModelConfig;

export function writeRandomGguf(
  file: string,
  config: ModelConfig,
  vocabulary: Vocabulary,
  options: { readonly name: string; readonly type: WeightType; readonly isUniform?: boolean },
): Promise<number>;
