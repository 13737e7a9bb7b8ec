import { describe, expect, it } from 'vitest';
import { correlation, equalPowerFade } from './crossfade';

const FRAMES = 48_000;
const sine = (phase: number) =>
  Float32Array.from({ length: FRAMES }, (_, i) => Math.sin((i * 2 * Math.PI) / 48 + phase));
const power = (x: Float32Array) => x.reduce((sum, v) => sum + v * v, 0) / x.length;
const mixed = (a: Float32Array, b: Float32Array, ga: number, gb: number) =>
  a.map((v, i) => v * ga + (b[i] as number) * gb);

describe('the fade', () => {
  it.each([
    ['the same music', 0],
    ['music shifted in phase', Math.PI / 4],
    ['music that has nothing in common', Math.PI / 2],
  ])('keeps the power within 0.01 dB at every step for %s', (_, phase) => {
    const [a, b] = [sine(0), sine(phase)];
    const { rising, falling } = equalPowerFade(correlation([a], [b], 7), 65);
    for (let i = 0; i < rising.length; i += 1) {
      const level = 10 * Math.log10(power(mixed(a, b, falling[i] as number, rising[i] as number)) / power(a));
      expect(Math.abs(level), `step ${i}`).toBeLessThan(0.01);
    }
  });

  it('would rise by 3 dB in the middle if it took the same music for unrelated', () => {
    const { rising, falling } = equalPowerFade(0, 65);
    const level = 20 * Math.log10((rising[32] as number) + (falling[32] as number));
    expect(level).toBeCloseTo(3.01, 2);
  });

  it('begins and ends with one signal alone', () => {
    const { rising, falling } = equalPowerFade(0.8, 65);
    expect([rising[0], falling[0]]).toEqual([0, 1]);
    expect([rising[64], falling[64]]).toEqual([1, 0]);
  });
});

describe('the correlation', () => {
  it('does not depend on gain', () => {
    expect(correlation([sine(0)], [sine(0).map((v) => v * 0.1)], 1)).toBeCloseTo(1, 6);
  });

  it('of silence is 0', () => {
    expect(correlation([sine(0)], [new Float32Array(FRAMES)], 1)).toBe(0);
  });
});
