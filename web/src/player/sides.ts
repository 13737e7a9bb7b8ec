/** What the two sides of a comparison are called. */

export type SideNames = { original: string; master: string };

export const SONG_SIDES: SideNames = { original: 'Original', master: 'Master' };

/** Of a mix: its stems as they came, simply summed, beside what was made of them. */
export function mixSides(kind: string): SideNames {
  return { original: 'Stems', master: kind === 'mix' ? 'Mix' : 'Master' };
}
