// Types as a consumer sees them; compiled with moduleResolution node16 and bundler.
import { type Detection, type PaliGemma, PaliGemmaLoadError } from 'node-paligemma';

export async function labels(model: PaliGemma, picture: string): Promise<readonly string[]> {
  const { detections } = await model.detect(picture, ['cow']);
  return detections.map(({ label }: Detection) => label);
}

export const remedy = (error: unknown): string | undefined =>
  error instanceof PaliGemmaLoadError ? error.hint : undefined;

// @ts-expect-error: a picture is needed
export const wrong = (model: PaliGemma) => model.caption();
