/** From peaks and loudness to places on a picture. Pure: knows no canvas and no page. */

import type { Peaks } from '../wire';

/** The largest excursion in each column over all channels, 0 to 1 (above 1 when a float file exceeds full scale). */
export function magnitudes(peaks: Peaks): number[] {
  return Array.from({ length: peaks.columns }, (_, column) =>
    peaks.channels.reduce(
      (top, { min, max }) => Math.max(top, Math.abs(min[column] ?? 0), Math.abs(max[column] ?? 0)),
      0,
    ),
  );
}

/** `values` at `count` places, the maximum of what falls on each, so that no peak is lost on a narrow screen. */
export function resampleMax(values: number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const first = Math.floor((i * values.length) / count);
    const last = Math.max(first + 1, Math.ceil(((i + 1) * values.length) / count));
    let top = values[first] ?? 0;
    for (let k = first + 1; k < Math.min(last, values.length); k += 1) top = Math.max(top, values[k] as number);
    return top;
  });
}

/** Marks of a time ruler: the finest round step that leaves `room` pixels for each label. */
export function ticks(duration: number, width: number, room = 72): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
  const step = steps.find((s) => (s / duration) * width >= room) ?? 7200;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, i) => i * step);
}

/**
 * Where the line between original (above) and master (below) goes: both are drawn at the same scale, so each gets
 * the height that its highest peak needs. `scale` is the pixels of full scale.
 */
export function sharedScale(original: number[], master: number[], height: number): { line: number; scale: number } {
  const [above, below] = [peak(original), peak(master)];
  const scale = height / (above + below);
  return { line: above * scale, scale };
}

/** At least a tenth of full scale, so that silence keeps some room, and never above it: what is over is cut. */
function peak(values: number[]): number {
  return values.reduce((top, v) => Math.max(top, Math.min(1, v)), 0.1);
}

export function timeAt(x: number, width: number, duration: number): number {
  return Math.min(1, Math.max(0, x / width)) * duration;
}

/** Highest and lowest loudness of a plot, on multiples of 6 LU, at most 36 LU apart: quieter is below the picture. */
export function loudnessSpan(curves: number[][]): { top: number; bottom: number } {
  const finite = curves.flat().filter(Number.isFinite);
  if (finite.length === 0) return { top: 0, bottom: -36 };
  const [highest, lowest] = finite.reduce(([h, l], v) => [Math.max(h, v), Math.min(l, v)], [-Infinity, Infinity]);
  const top = Math.ceil((highest + 0.5) / 6) * 6;
  return { top, bottom: Math.max(top - 36, Math.min(top - 12, Math.floor(lowest / 6) * 6)) };
}

/**
 * Points of a short-term loudness curve. The value at index i covers the 3 s that end at 3 s + i · hop
 * (EBU Tech 3341), so it is drawn at the middle of that window.
 */
export function contour(
  curve: number[],
  hop: number,
  duration: number,
  width: number,
  height: number,
  span: { top: number; bottom: number },
): { x: number; y: number }[] {
  const every = Math.max(1, Math.floor(curve.length / Math.max(1, width)));
  const points: { x: number; y: number }[] = [];
  for (let i = 0; i < curve.length; i += every) {
    const value = Math.max(span.bottom, Math.min(span.top, curve[i] as number));
    points.push({
      x: ((1.5 + i * hop) / duration) * width,
      y: ((span.top - value) / (span.top - span.bottom)) * height,
    });
  }
  return points;
}

/** The table beside the plot: both curves at about `rows` evenly spaced places. */
export function contourTable(
  original: number[],
  master: number[],
  hop: number,
  rows: number,
): { time: number; original: number | null; master: number | null }[] {
  const length = Math.max(original.length, master.length);
  const step = Math.max(1, Math.round(length / rows));
  const out = [];
  for (let i = 0; i < length; i += step) {
    out.push({ time: 1.5 + i * hop, original: original[i] ?? null, master: master[i] ?? null });
  }
  return out;
}
