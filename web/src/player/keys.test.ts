import { expect, it } from 'vitest';
import { keyAction } from './keys';

const press = (key: string, more: object = {}) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  defaultPrevented: false,
  target: null,
  ...more,
});
/** Stands in for an element: matches any selector that names its tag. */
const element = (tag: string) =>
  ({ matches: (selector: string) => selector.split(/[,:]\s*/).includes(tag) }) as unknown as EventTarget;

it('gives each key its action, capital or not', () => {
  expect([' ', 'a', 'B', 'm', 'L', '?'].map((key) => keyAction(press(key)))).toEqual([
    'toggle', 'original', 'master', 'match', 'loop', 'help',
  ]);
});

it('moves one second by arrow and five with Shift', () => {
  expect(keyAction(press('ArrowLeft'))).toBe('back-1');
  expect(keyAction(press('ArrowRight', { shiftKey: true }))).toBe('on-5');
});

it('keeps out of the way of typing and of the browser', () => {
  expect(keyAction(press('a', { target: element('textarea') }))).toBeNull();
  expect(keyAction(press('a', { ctrlKey: true }))).toBeNull();
  expect(keyAction(press('l', { metaKey: true }))).toBeNull();
  expect(keyAction(press('ArrowLeft', { altKey: true }))).toBeNull();
});

it('lets Space press the button that has the focus, while letters still act there', () => {
  expect(keyAction(press(' ', { target: element('button') }))).toBeNull();
  expect(keyAction(press('a', { target: element('button') }))).toBe('original');
});
