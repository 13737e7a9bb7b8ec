/** Which key does what while a comparison is on the screen. */

export type Action =
  | 'toggle'
  | 'original'
  | 'master'
  | 'match'
  | 'loop'
  | 'loop-start'
  | 'loop-end'
  | 'back-1'
  | 'on-1'
  | 'back-5'
  | 'on-5'
  | 'help';

const KEYS: Record<string, Action> = {
  ' ': 'toggle',
  a: 'original',
  b: 'master',
  m: 'match',
  l: 'loop',
  '[': 'loop-start',
  ']': 'loop-end',
  '?': 'help',
};

type Press = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey' | 'defaultPrevented' | 'target'>;

/** `null` leaves the key to the browser: while typing, with a modifier, and Space where it presses what is focused. */
export function keyAction(press: Press): Action | null {
  if (press.defaultPrevented || press.ctrlKey || press.metaKey || press.altKey) return null;
  const typing = 'input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]';
  if (matches(press.target, typing)) return null;
  if (press.key === 'ArrowLeft') return press.shiftKey ? 'back-5' : 'back-1';
  if (press.key === 'ArrowRight') return press.shiftKey ? 'on-5' : 'on-1';
  const action = KEYS[press.key.length === 1 ? press.key.toLowerCase() : press.key] ?? null;
  if (action === 'toggle' && matches(press.target, 'button, input, a, summary')) return null;
  return action;
}

function matches(target: EventTarget | null, selector: string): boolean {
  return (target as Element | null)?.matches?.(selector) ?? false;
}
