/** Gains that let two signals be compared at one loudness. Both are at most 0 dB: nothing is ever boosted. */

export type Side = 'original' | 'master';
export type Gains = Record<Side, number>;

export const UNMATCHED: Gains = { original: 0, master: 0 };

/**
 * Turns the louder one down by the difference of the two integrated loudnesses (LUFS).
 * `null` when either could not be measured, since a guess would be no match.
 */
export function matchedGains(original: number | null, master: number | null): Gains | null {
  if (original === null || master === null) return null;
  const difference = original - master;
  return { original: Math.min(0, -difference), master: Math.min(0, difference) };
}

export function linear(decibels: number): number {
  return 10 ** (decibels / 20);
}
