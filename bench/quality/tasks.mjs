// The tasks of the trained model as quality.mjs asks them, once through bare prompts and once through the task methods of the
// package: the same questions, so that the figures show what the methods add or lose.
import { Mask } from '../../lib/index.js';
import { parseInstances } from './figures.mjs';

const MAX_TOKENS = 64;

/**
 * `record` gets { prompt, text, tokens } of each answer. detect returns [{ label, box, score? }], segment the same with `mask`
 * (full size, 0 or 1), caption, ask and ocr a text. segment is undefined where masks cannot be made.
 */
export function throughPrompts(model, record) {
  const answer = async (picture, prompt) => {
    const { text, tokens } = await model.predict(picture, prompt, { maxTokens: MAX_TOKENS });
    record({ prompt, text, tokens });
    return text;
  };
  return {
    detect: async (picture, label) =>
      parseInstances(await answer(picture, `detect ${label}`), picture),
    segment: model.info.hasMaskCodec
      ? async (picture, label) => {
          const said = parseInstances(await answer(picture, `segment ${label}`), picture);
          const size = { width: picture.width, height: picture.height };
          const whole = said.filter((s) => s.codes.length > 0);
          return Promise.all(
            whole.map(async (s) => {
              const mask = new Mask(await model.decodeMasks(s.codes), s.box, size);
              return { ...s, mask: mask.toFullSize() };
            }),
          );
        }
      : undefined,
    caption: (picture, language) => answer(picture, `caption ${language}`),
    ask: (picture, question) => answer(picture, `answer en ${question}`),
    ocr: (picture) => answer(picture, 'ocr'),
  };
}

export function throughMethods(model) {
  const options = { maxTokens: MAX_TOKENS };
  return {
    detect: async (picture, label) => (await model.detect(picture, [label], options)).detections,
    segment: model.info.hasMaskCodec
      ? async (picture, label) => {
          const { segments } = await model.segment(picture, [label], options);
          return segments.map((s) => ({ ...s, mask: s.mask.toFullSize() }));
        }
      : undefined,
    caption: async (picture, language) =>
      (await model.caption(picture, { ...options, language })).text,
    ask: async (picture, question) => (await model.ask(picture, question, options)).text,
    ocr: async (picture) => (await model.ocr(picture, options)).text,
  };
}
