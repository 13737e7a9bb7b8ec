/** Contrast of OKLCH colours by WCAG 2.2, so that a test can hold the tokens to it. */

export type Oklch = { lightness: number; chroma: number; hue: number };
type Rgb = [number, number, number];

/** `(L1 + 0.05) / (L2 + 0.05)`, lighter over darker (WCAG 2.2, "contrast ratio"). */
export function contrast(a: Oklch, b: Oklch): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Relative luminance of what a screen shows: channels outside sRGB are clipped, as browsers do. */
function luminance(colour: Oklch): number {
  const [r, g, b] = linearSrgb(colour).map((c) => Math.min(1, Math.max(0, c))) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** OKLCH to linear sRGB; matrices by Björn Ottosson, "A perceptual color space for image processing" (2020). */
export function linearSrgb({ lightness, chroma, hue }: Oklch): Rgb {
  const radians = (hue * Math.PI) / 180;
  const [a, b] = [chroma * Math.cos(radians), chroma * Math.sin(radians)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

/** The tokens of a style sheet, by scheme: each `--name: light-dark(oklch(…), oklch(…));` without alpha. */
export function tokens(css: string): Record<'light' | 'dark', Record<string, Oklch>> {
  const colour = String.raw`oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)`;
  const line = new RegExp(String.raw`--([\w-]+): light-dark\(${colour}, ${colour}\);`, 'g');
  const found = { light: {} as Record<string, Oklch>, dark: {} as Record<string, Oklch> };
  for (const [, name, ...n] of css.matchAll(line)) {
    const [l1, c1, h1, l2, c2, h2] = n.map(Number) as [number, number, number, number, number, number];
    found.light[name as string] = { lightness: l1 / 100, chroma: c1, hue: h1 };
    found.dark[name as string] = { lightness: l2 / 100, chroma: c2, hue: h2 };
  }
  return found;
}
