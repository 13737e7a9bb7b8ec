/** Paints geometry on a canvas. Knows colours and pixels; decides nothing about sound. */

import type { Section } from '../player/transport';

export type Colours = { original: string; master: string; ink: string; quiet: string; line: string; raised: string };

/** The tokens as the canvas can use them, resolved for the scheme in force. */
export function readColours(element: Element): Colours {
  const style = getComputedStyle(element);
  const token = (name: string) => style.getPropertyValue(`--${name}`);
  return {
    original: token('original'),
    master: token('master'),
    ink: token('ink'),
    quiet: token('quiet'),
    line: token('line'),
    raised: token('raised'),
  };
}

/** Fits the bitmap to the element and the screen's pixels; drawing then uses CSS pixels. */
export function prepare(
  canvas: HTMLCanvasElement,
): { g: CanvasRenderingContext2D; width: number; height: number } | null {
  const { width, height } = canvas.getBoundingClientRect();
  const g = canvas.getContext('2d');
  if (!g || width === 0) return null;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  return { g, width, height };
}

export const BAR_PX = 2;
export const GAP_PX = 1;

export function barCount(width: number): number {
  return Math.max(1, Math.floor((width + GAP_PX) / (BAR_PX + GAP_PX)));
}

/** Bars that grow from `base` by `reach` pixels at full scale; a negative reach grows upward. */
export function bars(g: CanvasRenderingContext2D, values: number[], base: number, reach: number, colour: string): void {
  g.fillStyle = colour;
  values.forEach((value, i) => {
    const length = Math.max(1, Math.min(1, value) * Math.abs(reach));
    g.fillRect(i * (BAR_PX + GAP_PX), reach < 0 ? base - length : base, BAR_PX, length);
  });
}

export function curve(g: CanvasRenderingContext2D, points: { x: number; y: number }[], colour: string): void {
  g.beginPath();
  points.forEach(({ x, y }, i) => (i === 0 ? g.moveTo(x, y) : g.lineTo(x, y)));
  g.strokeStyle = colour;
  g.lineWidth = 1.5;
  g.lineJoin = 'round';
  g.stroke();
}

export function horizontal(
  g: CanvasRenderingContext2D,
  y: number,
  width: number,
  colour: string,
  dash: number[] = [],
): void {
  g.save();
  g.setLineDash(dash);
  g.strokeStyle = colour;
  g.lineWidth = 1;
  g.beginPath();
  g.moveTo(0, Math.round(y) + 0.5);
  g.lineTo(width, Math.round(y) + 0.5);
  g.stroke();
  g.restore();
}

/** Everything outside the loop steps back behind a veil; its borders are drawn. */
export function loopVeil(
  g: CanvasRenderingContext2D,
  { start, end }: Section,
  { duration, width, height }: { duration: number; width: number; height: number },
  colours: Colours,
): void {
  const [a, b] = [(start / duration) * width, (end / duration) * width];
  g.save();
  g.globalAlpha = 0.72;
  g.fillStyle = colours.raised;
  g.fillRect(0, 0, a, height);
  g.fillRect(b, 0, width - b, height);
  g.restore();
  g.fillStyle = colours.quiet;
  g.fillRect(Math.round(a), 0, 1, height);
  g.fillRect(Math.round(b) - 1, 0, 1, height);
}
