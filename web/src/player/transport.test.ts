import { describe, expect, it } from 'vitest';
import { entry, positionAt, section } from './transport';

describe('the playhead', () => {
  it('follows the clock of the audio graph from where the take began', () => {
    expect(positionAt({ at: 10, from: 30, loop: null }, 12.5, 200)).toBe(32.5);
  });

  it('stands still until the take begins and stops at the end', () => {
    expect(positionAt({ at: 10, from: 30, loop: null }, 9.99, 200)).toBe(30);
    expect(positionAt({ at: 10, from: 30, loop: null }, 500, 200)).toBe(200);
  });

  it('wraps inside a loop, however often', () => {
    const take = { at: 0, from: 12, loop: { start: 10, end: 14 } };
    expect(positionAt(take, 1.5, 200)).toBe(13.5);
    expect(positionAt(take, 2, 200)).toBe(10);
    expect(positionAt(take, 2 + 4 * 7 + 1, 200)).toBeCloseTo(11, 9);
  });

  it('enters a loop at its start when it is outside', () => {
    const loop = { start: 10, end: 14 };
    expect(entry(12, loop, 200)).toBe(12);
    expect(entry(14, loop, 200)).toBe(10);
    expect(entry(3, loop, 200)).toBe(10);
    expect(entry(300, null, 200)).toBe(200);
  });
});

describe('a dragged section', () => {
  it('may be drawn from either end and stays inside the song', () => {
    expect(section(20, 12, 200)).toEqual({ start: 12, end: 20 });
    expect(section(-3, 4, 200)).toEqual({ start: 0, end: 4 });
    expect(section(190, 230, 200)).toEqual({ start: 190, end: 200 });
  });

  it('too short to be meant is none', () => {
    expect(section(12, 12.1, 200)).toBeNull();
  });
});
