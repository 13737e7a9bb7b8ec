import { describe, expect, it } from 'vitest';
import { ago, deletion } from './dates';

const now = new Date(2026, 10, 25, 15, 0, 0);
const hours = (n: number) => new Date(now.getTime() + n * 3_600_000);

describe('a deletion', () => {
  it('names the day and how far away it is, with the year when it is another', () => {
    expect(deletion(new Date(2027, 2, 23, 1, 0), now)).toBe('23 March 2027, in 118 days');
    expect(deletion(new Date(2026, 11, 2, 23, 59), now)).toBe('2 December, in 7 days');
  });

  it('counts midnights, not spans of 24 hours', () => {
    expect(deletion(hours(10), now)).toBe('26 November, tomorrow');
    expect(deletion(hours(2), now)).toBe('25 November, today');
    expect(deletion(hours(-30), now)).toBe('24 November, now due');
  });
});

describe('a past moment', () => {
  it('is relative up to a week and a date after that', () => {
    expect(ago(hours(-0.001), now)).toBe('just now');
    expect(ago(hours(-1 / 60), now)).toBe('1 minute ago');
    expect(ago(hours(-2.5), now)).toBe('2 hours ago');
    expect(ago(hours(-20), now)).toBe('yesterday');
    expect(ago(hours(-7 * 24), now)).toBe('7 days ago');
    expect(ago(hours(-8 * 24), now)).toBe('17 November');
  });

  it('of last night is hours ago shortly after midnight', () => {
    const afterMidnight = new Date(2026, 10, 25, 0, 30);
    expect(ago(new Date(2026, 10, 24, 23, 0), afterMidnight)).toBe('1 hour ago');
  });
});
