import { expect, test } from 'vitest';
import {
  byName,
  complaintsOf,
  gainComplaint,
  inputOf,
  newStem,
  oddities,
  panText,
  silencedBy,
  songName,
  stemOf,
  stemsObstacle,
  takeAnswer,
  type StemEntry,
} from './stems';
import type { Audio, StemRow, Upload } from '../wire';

const BOUNDS = { min: 1, max: 3 };
const ready = (name: string, more: Partial<StemEntry> = {}): StemEntry => ({
  ...newStem(1, name, `upl_${name}`),
  state: 'ready',
  ...more,
});
const audio = (sample_rate_hz: number, duration_s: number) => ({ sample_rate_hz, duration_s }) as Audio;
const upload = (more: Partial<Upload>) =>
  ({ name: 'Bass.wav', received_bytes: 9, size_bytes: 9, audio: null, findings: [], problem: null, ...more }) as Upload;

test('what is left to the engine is left out of the order', () => {
  expect(inputOf(ready('Bass'))).toEqual({ upload: 'upl_Bass' });
});

test('every word of the producer goes into the order, and a centre is a word', () => {
  const stem = ready('Bass', { role: 'bass', gain: -1.5, pan: 0, mute: true, solo: true, untouched: true });
  expect(inputOf(stem)).toEqual({
    upload: 'upl_Bass',
    role: 'bass',
    gain_db: -1.5,
    pan: 0,
    mute: true,
    solo: true,
    untouched: true,
  });
});

test('an order made from an earlier one says the same, and keeps what the table does not show', () => {
  const input = { upload: 'upl_1', gain_db: 2, pan: -0.4, mute: true, high_pass_hz: 'off', eq: [] };
  const row = { file: 'Bass.wav', role: 'bass', role_name: 'bass', certainty: 0.9, part: 'plays' } as StemRow;
  const stem = stemOf(1, input, row);
  expect(inputOf(stem)).toEqual(input);
  expect([stem.name, stem.role, stem.heard]).toEqual(['Bass.wav', '', { name: 'bass', certainty: 0.9 }]);
  expect(stemOf(1, input, { ...row, part: 'left_out' }).heard, 'what was not listened to is no guess').toBeNull();
  expect(stemOf(1, { upload: 'upl_1', role: 'kick' }, row).heard, 'a role that was said is no guess').toBeNull();
});

test('the service says how far a stem is', () => {
  const stem = newStem(1, 'Bass.wav', 'upl_1');
  const told = (answer: Upload | undefined) => {
    takeAnswer(stem, answer);
    return stem.state;
  };
  expect(told(upload({ state: 'receiving', received_bytes: 4 }))).toBe('interrupted');
  expect(told(upload({ state: 'receiving' })), 'it has arrived').toBe('checking');
  expect(told(upload({ state: 'rejected', problem: { title: 'No audio', detail: 'It is a text.' } }))).toBe('rejected');
  expect(stem.complaint).toBe('It is a text.');
  expect(told(upload({ state: 'ready', audio: audio(44_100, 10) }))).toBe('ready');
  expect(stem.complaint).toBeNull();
  expect(told(undefined)).toBe('lost');
});

test('what keeps stems from being mixed is said', () => {
  const obstacle = (...stems: StemEntry[]) => stemsObstacle(stems, BOUNDS);
  expect(obstacle(ready('a'), ready('b', { mute: true }))).toBeNull();
  expect(obstacle()).toMatch(/Add/);
  expect(obstacle(ready('a'), ready('b'), ready('c'), ready('d'))).toMatch(/take 1 out/);
  expect(obstacle(ready('a'), ready('b', { state: 'rejected' }))).toMatch(/take it out/);
  expect(obstacle(ready('a'), ready('b', { state: 'interrupted' }))).toMatch(/again/);
  expect(obstacle(ready('a'), ready('b', { state: 'uploading' }))).toMatch(/last stem is/);
  expect(obstacle(ready('a', { state: 'queued' }), ready('b', { state: 'checking' }))).toMatch(/2 more stems/);
  expect(obstacle(ready('a', { gain: null }))).toMatch(/gain/);
  expect(obstacle(ready('a', { mute: true }))).toMatch(/heard/);
  expect(obstacle(ready('a', { solo: true, mute: true }), ready('b'))).toMatch(/heard/);
});

test('a gain that no fader has is refused before it is sent', () => {
  expect([-40, 0, 24].map(gainComplaint)).toEqual([null, null, null]);
  expect([-40.5, 24.1, null].every((gain) => gainComplaint(gain) !== null)).toBe(true);
});

test('solo silences the others, mute is stronger', () => {
  const [a, b, c] = [ready('a', { solo: true }), ready('b'), ready('c', { solo: true, mute: true })];
  expect([a, b, c].map((stem) => silencedBy(stem, [a, b, c]))).toEqual([null, 'not solo', 'muted']);
  expect(silencedBy(b, [b])).toBeNull();
});

test('a stem of another rate or length than the others is told of', () => {
  const stems = [audio(48_000, 100), audio(48_000, 99.5), audio(44_100, 60)].map((one) => ready('x', { audio: one }));
  expect(stems.map((stem) => oddities(stem, stems).map(({ code }) => code))).toEqual([
    [],
    [],
    ['other_rate', 'other_length'],
  ]);
  const two = [audio(48_000, 9), audio(44_100, 9)].map((one) => ready('x', { audio: one }));
  expect(oddities(two[0]!, two), 'neither of two is the usual one').toEqual([]);
});

test('stems stand in the order of their names, numbers by their value', () => {
  const names = ['10 Vox', '2 Bass', '1 kick', '1 Kick 2'].map((name, key) => ({ name, key }));
  expect(names.sort(byName).map(({ name }) => name)).toEqual(['1 kick', '1 Kick 2', '2 Bass', '10 Vox']);
});

test('the song is called what all its stems begin with', () => {
  expect(songName(['Night Drive_Kick.wav', 'Night Drive_Keys.wav', 'Night Drive_Bass.wav'])).toBe('Night Drive');
  expect(songName(['night_drive-01-kick.wav', 'night_drive-02-bass.wav'])).toBe('night drive');
  expect(songName(['Kick.wav', 'Keys.wav'])).toBe('');
  expect(songName(['Song Kick.wav'])).toBe('');
});

test('a place is said as on a desk', () => {
  expect([0, -0.35, 1, 0.001].map(panText)).toEqual(['centre', 'L\u200935', 'R\u2009100', 'centre']);
});

test('complaints land at the setting they are about', () => {
  const errors = [
    { pointer: '/inputs/3/pan', code: 'out_of_range', detail: 'pan is 2' },
    { pointer: '/inputs/3/eq/0/hz', code: 'out_of_range', detail: 'hz is 5' },
    { pointer: '/inputs/31/pan', code: 'out_of_range', detail: 'another' },
  ];
  expect(complaintsOf(errors, 3)).toEqual({ pan: 'pan is 2', eq: 'hz is 5' });
  expect(complaintsOf(errors, 1)).toEqual({});
});
