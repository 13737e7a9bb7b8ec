import { describe, expect, test } from 'vitest';
import { SCOPES, USUAL_SCOPES, opensByItself } from './words';

describe('a link', () => {
  test('opens by itself on this machine alone', () => {
    for (const near of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) expect(opensByItself(near)).toBe(true);
    const far = ['mix.example', '127.0.0.1.example', 'localhost.example', '10.0.0.1'];
    for (const name of far) expect(opensByItself(name)).toBe(false);
  });
});

test('what most programs need is there', () => {
  const all = SCOPES.filter(({ operators }) => !operators).map(({ scope }) => scope);
  expect(all).toEqual(expect.arrayContaining(USUAL_SCOPES));
});
