import { expect, it } from 'vitest';
import { linear, matchedGains } from './match';

it('turns the louder one down by the difference, and leaves the other alone', () => {
  expect(matchedGains(-18.3, -14)).toEqual({ original: 0, master: -18.3 + 14 });
  expect(matchedGains(-9, -14)).toEqual({ original: -14 + 9, master: 0 });
});

it('makes both equally loud', () => {
  for (const [original, master] of [[-18.3, -14], [-6.1, -9.4], [-14, -14]] as const) {
    const gains = matchedGains(original, master);
    expect(gains).not.toBeNull();
    expect(original + gains!.original).toBeCloseTo(master + gains!.master, 9);
    expect(Math.max(gains!.original, gains!.master)).toBeLessThanOrEqual(0);
  }
});

it('does not guess when a loudness is missing', () => {
  expect(matchedGains(null, -14)).toBeNull();
  expect(matchedGains(-14, null)).toBeNull();
});

it('knows that 6.02 dB less is half the amplitude', () => {
  expect(linear(-6.0206)).toBeCloseTo(0.5, 5);
});
