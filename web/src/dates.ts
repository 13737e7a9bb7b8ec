/** Times as the page shows them. `now` is always an argument, so that a test can hold it still. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Relative up to a week, then the date: `just now`, `4 minutes ago`, `yesterday`, `23 March`. */
export function ago(at: Date, now: Date): string {
  const elapsed = now.getTime() - at.getTime();
  if (elapsed < MINUTE_MS) return 'just now';
  if (elapsed < HOUR_MS) return `${count(Math.floor(elapsed / MINUTE_MS), 'minute')} ago`;
  const days = calendarDays(at, now);
  if (days === 0 || elapsed < 6 * HOUR_MS) return `${count(Math.floor(elapsed / HOUR_MS), 'hour')} ago`;
  if (days === 1) return 'yesterday';
  if (days <= 7) return `${days} days ago`;
  return day(at, now);
}

/** `23 March`, with the year only when it is another one. */
export function day(at: Date, now: Date): string {
  const sameYear = at.getFullYear() === now.getFullYear();
  return at.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', ...(sameYear ? {} : { year: 'numeric' }) });
}

/** A deletion is always a date and its distance: `23 March, in 118 days`. */
export function deletion(at: Date, now: Date): string {
  const left = calendarDays(now, at);
  const distance = left > 1 ? `in ${left} days` : left === 1 ? 'tomorrow' : left === 0 ? 'today' : 'now due';
  return `${day(at, now)}, ${distance}`;
}

/** For hover and screen readers: `Sunday 23 March 2027 at 14:05`. */
export function exact(at: Date): string {
  const date = at.toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  const time = at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
  return `${date} at ${time}`;
}

/** Midnights between two moments; rounding absorbs the 23 and 25 hour days of summer time. */
function calendarDays(from: Date, to: Date): number {
  const midnight = (at: Date) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  return Math.round((midnight(to) - midnight(from)) / DAY_MS);
}

function count(n: number, unit: string): string {
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
}
