/**
 * Numbers as producers read them: a true minus sign, one decimal, the unit after a thin space.
 * Nothing here rounds to a negative zero, and a gain always carries its sign.
 */

const MINUS = '\u2212';
const THIN = '\u2009';

export type Unit = 'LUFS' | 'dBTP' | 'dBFS' | 'LU' | 'dB';

/** `-14.04` → `−14.0`. */
export function decimal(value: number, digits = 1): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** `2.3` → `+2.3`, and zero stays without a sign because it changes nothing. */
export function signed(value: number, digits = 1): string {
  const text = decimal(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** `-14`, `LUFS` → `−14.0 LUFS`. */
export function quantity(value: number, unit: Unit): string {
  return decimal(value) + THIN + unit;
}

/** `-5.24` → `−5.2 dB`. */
export function gain(decibels: number): string {
  return `${signed(decibels)}${THIN}dB`;
}

/** Reads what `decimal` writes and what people type: `−14,0`, `-14`, ` -14.0 LUFS`. `null` when it is no number. */
export function parseDecimal(text: string): number | null {
  const plain = text.replace(/[\u2212\u2013]/g, '-').replace(',', '.').replace(/\s*[A-Za-z]*\s*$/, '').trim();
  return /^[+-]?\d+(\.\d*)?$/.test(plain) ? Number(plain) : null;
}

/** `900`, `eur` → `€9.00`. Some currencies have no smaller unit; the browser knows which. */
export function money({ amount_minor, currency }: { amount_minor: number; currency: string }): string {
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency: currency.toUpperCase() });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amount_minor / 10 ** digits);
}

/** `1` → `1 credit`, `-3` → `−3 credits`. */
export function credits(count: number): string {
  return `${decimal(count, 0)} ${count === 1 ? 'credit' : 'credits'}`;
}

/** Length or place in a song: `205` → `3:25`, `3725` → `1:02:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${h > 0 ? String(m).padStart(2, '0') : m}:${String(s).padStart(2, '0')}`;
  return h > 0 ? `${h}:${tail}` : tail;
}

/** The same for a screen reader, which would read `3:25` as a time of day. */
export function spokenClock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return [[h, 'hour'] as const, [m, 'minute'] as const, [s, 'second'] as const]
    .filter(([n, unit]) => n > 0 || (unit === 'second' && whole === 0))
    .map(([n, unit]) => `${n} ${unit}${n === 1 ? '' : 's'}`)
    .join(' ');
}

/** Decimal units, as file managers show: `34 213 000` → `34.2 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : value.toFixed(1)}${THIN}${units[unit]}`;
}

/** `44100` → `44.1 kHz`, `48000` → `48 kHz`: the way rates are written, without needless decimals. */
export function rate(hertz: number): string {
  return `${Number((hertz / 1000).toFixed(3))}${THIN}kHz`;
}

/** `0.427` → `42 %`: rounded down, so that 100 means done. */
export function percent(fraction: number): string {
  return `${Math.floor(Math.min(1, Math.max(0, fraction)) * 100)}${THIN}%`;
}

/** Time left, coarse enough not to flicker: `8 s left`, `3 min left`. */
export function timeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))}${THIN}s left`;
  if (seconds < 5400) return `${Math.round(seconds / 60)}${THIN}min left`;
  return `${Math.round(seconds / 3600)}${THIN}h left`;
}

export function channels(count: number): string {
  return count === 1 ? 'mono' : count === 2 ? 'stereo' : `${count} channels`;
}
