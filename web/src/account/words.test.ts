import { describe, expect, test } from 'vitest';
import { SCOPES, USUAL_SCOPES, deviceName, opensByItself } from './words';

describe('a link', () => {
  test('opens by itself on this machine alone', () => {
    for (const near of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]']) expect(opensByItself(near)).toBe(true);
    const far = ['mix.example', '127.0.0.1.example', 'localhost.example', '10.0.0.1'];
    for (const name of far) expect(opensByItself(name)).toBe(false);
  });
});

describe('a browser', () => {
  test('is told by its name and its system', () => {
    const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36';
    expect(deviceName(chrome)).toBe('Chrome or Chromium on Linux');
    expect(deviceName(`${chrome} Edg/150.0.0.0`)).toBe('Edge on Linux');
    const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1';
    expect(deviceName(phone)).toBe('Safari on iOS');
  });

  test('that nobody knows keeps its own words', () => {
    expect(deviceName('curl/8.9')).toBe('curl/8.9');
    expect(deviceName('')).toBe('A browser without a name');
  });
});

test('what most programs need is there', () => {
  const all = SCOPES.filter(({ operators }) => !operators).map(({ scope }) => scope);
  expect(all).toEqual(expect.arrayContaining(USUAL_SCOPES));
});
