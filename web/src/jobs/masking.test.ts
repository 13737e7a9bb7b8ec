import { expect, test } from 'vitest';
import { across, frequency, masked, outline, scaleOf } from './masking';
import type { Masking } from '../wire';

const picture = (before_db: number[], after_db: number[], index_before = 0, index_after = 0): Masking => ({
  frequency_hz: [20, 632.4555, 20_000],
  before_db,
  after_db,
  index_before,
  index_after,
});

test('equal intervals are equally wide, and what lies outside stays at the edge', () => {
  expect(across(20, 300)).toBe(0);
  expect(across(20_000, 300)).toBeCloseTo(300);
  expect(across(200, 300) - across(100, 300)).toBeCloseTo(across(8000, 300) - across(4000, 300));
  expect(across(10, 300)).toBe(0);
});

test('the scale ends at a line above every value, and there is none where nothing is hidden', () => {
  expect(scaleOf(picture([0, 3.2, 0], [0, 1, 0]))).toEqual({ top: 4, step: 1 });
  expect(scaleOf(picture([0, 1, 0], [0, 4.5, 0]))).toEqual({ top: 6, step: 2 });
  expect(scaleOf(picture([13, 0, 0], [0, 0, 0]))).toEqual({ top: 18, step: 6 });
  expect(scaleOf(picture([0, 0, 0], [0, 0, 0]))).toBeNull();
});

test('a curve starts at the left, and its top is the top of the picture', () => {
  const points = outline([20, 632.4555, 20_000], [0, 2, 4], { width: 100, height: 40, top: 4 });
  expect(points).toBe('0.0,40.0 50.0,20.0 100.0,0.0');
});

test('before and after are told in one sentence, and no change is not praised', () => {
  const said = masked(picture([], [], 2, 1.3));
  expect(said).toBe('At the same faders they hide each other 35\u2009% less than untouched.');
  expect(masked(picture([], [], 2, 2.4))).toMatch(/as much/);
  expect(masked(picture([], [], 0, 0))).toMatch(/nothing/);
  expect(masked({ ...picture([], [], 0, 0), frequency_hz: [] })).toBe('');
});

test('frequencies are written as on a desk', () => {
  expect([63.4, 999, 1600, 10_000].map(frequency)).toEqual(
    ['63 Hz', '999 Hz', '1.6 kHz', '10 kHz'].map((text) => text.replace(' ', '\u2009')),
  );
});
