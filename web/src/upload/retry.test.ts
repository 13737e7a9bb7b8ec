import { expect, it } from 'vitest';
import { mayRetry, retryDelay } from './retry';

it('waits longer each time, but never more than half a minute', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 50].map(retryDelay)).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
});

it('tries again after a lost connection and after what heals by itself', () => {
  for (const status of [null, 0, 409, 423, 429, 500, 503]) expect(mayRetry(status), String(status)).toBe(true);
});

it('does not repeat what was refused for good', () => {
  for (const status of [400, 401, 403, 404, 410, 413, 415]) expect(mayRetry(status), String(status)).toBe(false);
});
