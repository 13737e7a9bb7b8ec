import { describe, expect, it } from 'vitest';
import * as format from './format';

describe('numbers', () => {
  it('carry a true minus, one decimal and a thin space before the unit', () => {
    expect(format.quantity(-14, 'LUFS')).toBe('\u221214.0\u2009LUFS');
    expect(format.quantity(5.25, 'LU')).toBe('5.3\u2009LU');
  });

  it('never show a negative zero', () => {
    expect((-0.04).toFixed(1)).toBe('-0.0');
    expect(format.decimal(-0.04)).toBe('0.0');
    expect(format.signed(-0.04)).toBe('0.0');
    expect(format.signed(0.04)).toBe('0.0');
  });

  it('sign every gain', () => {
    expect(format.gain(2.34)).toBe('+2.3\u2009dB');
    expect(format.gain(-5.2)).toBe('\u22125.2\u2009dB');
    expect(format.gain(0)).toBe('0.0\u2009dB');
  });

  it('are read back however they were typed', () => {
    for (const text of ['\u221214.5', '-14.5', '-14,5', ' -14.5 LUFS', '\u221214.5\u2009LUFS', '\u201314.5']) {
      expect(format.parseDecimal(text), text).toBe(-14.5);
    }
    expect(format.parseDecimal('-14.')).toBe(-14);
    for (const text of ['', '-', 'loud', '1.2.3', '--4', '1e3']) expect(format.parseDecimal(text), text).toBeNull();
  });
});

describe('times', () => {
  it('are minutes and seconds, rounded down, with hours only when there are any', () => {
    expect(format.clock(205.98)).toBe('3:25');
    expect(format.clock(0)).toBe('0:00');
    expect(format.clock(3725)).toBe('1:02:05');
    expect(format.clock(-0.2)).toBe('0:00');
  });

  it('are spoken with their units', () => {
    expect(format.spokenClock(61)).toBe('1 minute 1 second');
    expect(format.spokenClock(0)).toBe('0 seconds');
    expect(format.spokenClock(7200)).toBe('2 hours');
  });

  it('left are coarse', () => {
    expect(format.timeLeft(0.2)).toBe('1\u2009s left');
    expect(format.timeLeft(59.2)).toBe('60\u2009s left');
    expect(format.timeLeft(185)).toBe('3\u2009min left');
    expect(format.timeLeft(7300)).toBe('2\u2009h left');
  });
});

describe('sizes and rates', () => {
  it('use decimal units and never show 1000 of one', () => {
    expect(format.size(512)).toBe('512\u2009B');
    expect(format.size(34_213_000)).toBe('34.2\u2009MB');
    expect(format.size(999_960)).toBe('1.0\u2009MB');
  });

  it('write rates as the field does', () => {
    expect(format.rate(44_100)).toBe('44.1\u2009kHz');
    expect(format.rate(48_000)).toBe('48\u2009kHz');
    expect(format.rate(22_050)).toBe('22.05\u2009kHz');
  });

  it('show 100 % only when all is there', () => {
    expect(format.percent(0.999)).toBe('99\u2009%');
    expect(format.percent(1)).toBe('100\u2009%');
  });
});

it('tells amounts of money and credits', () => {
  expect(format.money({ amount_minor: 900, currency: 'eur' })).toBe('€9.00');
  expect(format.money({ amount_minor: 900, currency: 'jpy' })).toBe('JP¥900');
  const told = [format.credits(1), format.credits(10), format.credits(-3)];
  expect(told).toEqual(['1 credit', '10 credits', '\u22123 credits']);
});
