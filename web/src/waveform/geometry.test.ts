import { describe, expect, it } from 'vitest';
import { contour, contourTable, loudnessSpan, magnitudes, resampleMax, sharedScale, ticks, timeAt } from './geometry';

describe('the overview', () => {
  it('takes the largest excursion of either sign and any channel', () => {
    const peaks = {
      columns: 2,
      frames: 200,
      sample_rate_hz: 100,
      channels: [
        { min: [-0.2, -0.9], max: [0.1, 0.3] },
        { min: [-0.1, 0], max: [0.5, 0.2] },
      ],
    };
    expect(magnitudes(peaks)).toEqual([0.5, 0.9]);
  });

  it('keeps the highest peak on a narrow screen', () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i === 777 ? 1 : 0.1));
    const bars = resampleMax(values, 93);
    expect(bars).toHaveLength(93);
    expect(Math.max(...bars)).toBe(1);
    expect(bars.filter((v) => v === 1).length).toBeLessThanOrEqual(2);
  });

  it('repeats columns on a wide screen and never leaves a gap', () => {
    expect(resampleMax([0.2, 0.8], 4)).toEqual([0.2, 0.2, 0.8, 0.8]);
  });

  it('maps a place to a time inside the song', () => {
    expect(timeAt(50, 200, 60)).toBe(15);
    expect(timeAt(-5, 200, 60)).toBe(0);
    expect(timeAt(999, 200, 60)).toBe(60);
  });
});

describe('original above and master below', () => {
  it('share one scale and leave no room unused', () => {
    const { line, scale } = sharedScale([0.2, 0.45], [0.9, 0.3], 135);
    expect(line).toBeCloseTo(45, 9);
    expect(scale * 0.9).toBeCloseTo(90, 9);
  });

  it('keep some room for silence and none for what is over full scale', () => {
    const { line, scale } = sharedScale([0, 0], [1.7], 110);
    expect(line).toBeCloseTo(10, 9);
    expect(scale).toBeCloseTo(100, 9);
  });
});

describe('the ruler', () => {
  it('uses round steps with room for the labels', () => {
    expect(ticks(205, 1000)).toEqual([0, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165, 180, 195]);
    expect(ticks(205, 320)).toEqual([0, 60, 120, 180]);
  });
});

describe('the loudness plot', () => {
  it('spans multiples of 6 LU that hold the music, at most 36 LU', () => {
    expect(loudnessSpan([[-20, -16.2], [-14.1, -11.9]])).toEqual({ top: -6, bottom: -24 });
    expect(loudnessSpan([[-70, -14.9]])).toEqual({ top: -12, bottom: -48 });
    expect(loudnessSpan([[]])).toEqual({ top: 0, bottom: -36 });
  });

  it('draws each value at the middle of its 3 s window, and lower for quieter', () => {
    const points = contour([-12, -24], 0.1, 100, 1000, 100, { top: 0, bottom: -24 });
    expect(points[0]).toEqual({ x: 15, y: 50 });
    expect(points[1]?.y).toBe(100);
  });

  it('has a table with about as many rows as asked for', () => {
    const curve = Array.from({ length: 2000 }, (_, i) => -20 - i / 1000);
    const rows = contourTable(curve, curve.slice(0, 1990), 0.1, 20);
    expect(rows).toHaveLength(20);
    expect(rows[1]?.time).toBeCloseTo(11.5, 9);
  });
});
