/** The drawn sets: their names, in order, and what draws them. */
import { containerNumber } from './domains/container-number.js';
import { licencePlate } from './domains/licence-plate.js';
import type { Motif } from './scene.js';

/** Crops with text in ten settings, none of them a document. */
export const DOMAINS = ['licence-plate', 'container-number'] as const;

export type DomainName = (typeof DOMAINS)[number];
export type DrawnSetName = DomainName;

export const MOTIFS: Readonly<Record<DrawnSetName, Motif>> = {
  'licence-plate': licencePlate,
  'container-number': containerNumber,
};
