import { expect, it } from 'vitest';
import { Speed } from './speed';

it('is unknown until there is something to judge by', () => {
  const speed = new Speed();
  speed.add(0, 0);
  speed.add(9_000_000, 100);
  expect(speed.bytesPerSecond()).toBeNull();
});

it('forgets what was long ago', () => {
  const speed = new Speed();
  for (let t = 0; t <= 10_000; t += 100) speed.add(t < 5000 ? 0 : (t - 5000) * 1000, t);
  expect(speed.bytesPerSecond()).toBeCloseTo(1_000_000, -5);
});

it('starts anew after a pause', () => {
  const speed = new Speed();
  speed.add(0, 0);
  speed.add(1000, 1000);
  speed.reset();
  speed.add(1000, 60_000);
  expect(speed.bytesPerSecond()).toBeNull();
});
