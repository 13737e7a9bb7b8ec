import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contrast, linearSrgb, tokens, type Oklch } from './contrast';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');
const schemes = tokens(css);
const WHITE: Oklch = { lightness: 1, chroma: 0, hue: 0 };
const BLACK: Oklch = { lightness: 0, chroma: 0, hue: 0 };

describe('the contrast formula', () => {
  it('gives 21 between black and white', () => {
    expect(contrast(WHITE, BLACK)).toBeCloseTo(21, 3);
  });

  it('turns the OKLCH of pure sRGB red into linear (1, 0, 0)', () => {
    const red = linearSrgb({ lightness: 0.627955, chroma: 0.257683, hue: 29.2339 });
    red.forEach((channel, i) => expect(channel).toBeCloseTo(i === 0 ? 1 : 0, 3));
  });
});

describe.each(['light', 'dark'] as const)('in the %s scheme', (scheme) => {
  const token = (name: string): Oklch => {
    const found = schemes[scheme][name];
    if (!found) throw new Error(`no token --${name}`);
    return found;
  };

  it.each(['ink', 'quiet', 'master', 'over'])('--%s can be read as text on both grounds', (name) => {
    for (const ground of ['ground', 'raised']) {
      expect(contrast(token(name), token(ground)), `on --${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(['original', 'master', 'reference', 'over', 'caution', 'fine', 'edge'])(
    '--%s stands out as a mark and as large text on both grounds',
    (name) => {
      for (const ground of ['ground', 'raised']) {
        expect(contrast(token(name), token(ground)), `on --${ground}`).toBeGreaterThanOrEqual(3);
      }
    },
  );

  it.each(['master', 'over'])('words on a --%s button can be read', (name) => {
    expect(contrast(token('on-master'), token(name))).toBeGreaterThanOrEqual(4.5);
  });
});
