import { expect, test } from 'vitest';
import { counted, depth, duration, standing } from './words';

const plain = (text: string) => text.replaceAll('\u2009', ' ');

test('durations are read at a glance, and never say sixty seconds', () => {
  const said = [0, 0.42, 59.94, 59.96, 130, 3599.7, 3900, 7199].map((s) => plain(duration(s)));
  expect(said).toEqual([
    '0.0 s',
    '0.4 s',
    '59.9 s',
    '1 min 0 s',
    '2 min 10 s',
    '1 h 0 min',
    '1 h 5 min',
    '2 h 0 min',
  ]);
});

test('the oldest wait is slow from two minutes on and late from five', () => {
  expect([null, 0, 119.9, 120, 299.9, 300].map(standing)).toEqual(['fine', 'fine', 'fine', 'slow', 'slow', 'late']);
});

test('what waits is told by kind, and a count that was broken off says so', () => {
  expect(depth([{ kind: 'master', waiting: 3 }, { kind: 'mix_and_master', waiting: 1 }])).toBe(
    '3 × master, 1 × mix and master',
  );
  expect(counted({ count: 10_000, has_more: true, earliest: null })).toBe('10000 or more');
  expect(counted({ count: 7, has_more: false, earliest: null })).toBe('7');
});
