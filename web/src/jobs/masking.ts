/** How much stems hide each other: what is drawn of it, and what is said. */

import { decimal } from '../format';
import type { Masking } from '../wire';

export type Frame = { width: number; height: number; top: number };

/** From the lowest to the highest band of hearing, in equal steps for equal intervals. */
const SPAN_HZ = { low: 20, high: 20_000 };

export const FREQUENCIES_HZ = [50, 100, 200, 500, 1000, 2000, 5000, 10_000];

export function across(hertz: number, width: number): number {
  const { low, high } = SPAN_HZ;
  const share = Math.log(hertz / low) / Math.log(high / low);
  return Math.min(1, Math.max(0, share)) * width;
}

/** Lines at whole decibels, the highest above every value; `null` where nothing hides anything. */
export function scaleOf({ before_db, after_db }: Masking): { top: number; step: number } | null {
  const highest = Math.max(0, ...before_db, ...after_db);
  if (highest <= 0) return null;
  const step = highest > 12 ? 6 : highest > 4 ? 2 : 1;
  return { top: Math.ceil(highest / step) * step, step };
}

/** The outline of one curve, from left to right. */
export function outline(frequencies: number[], values: number[], { width, height, top }: Frame): string {
  return frequencies
    .flatMap((hertz, i) => {
      const value = values[i];
      if (value === undefined) return [];
      const y = height - (Math.min(top, Math.max(0, value)) / top) * height;
      return [`${across(hertz, width).toFixed(1)},${y.toFixed(1)}`];
    })
    .join(' ');
}

/** One sentence on before and after; nothing where it was not looked at. */
export function masked({ frequency_hz, index_before, index_after }: Masking): string {
  if (frequency_hz.length === 0) return '';
  if (index_before <= 0) return 'They hide nothing of each other.';
  const less = 100 * (1 - index_after / index_before);
  if (less < 1) return 'At the same faders they hide each other as much as untouched.';
  return `At the same faders they hide each other ${decimal(less, 0)}\u2009% less than untouched.`;
}

/** `250 Hz`, `1.6 kHz`. */
export function frequency(hertz: number): string {
  return hertz < 1000 ? `${Math.round(hertz)}\u2009Hz` : `${Number((hertz / 1000).toFixed(1))}\u2009kHz`;
}
