import { expect, test } from 'vitest';
import { choosePreset, newDraft, obstacle, order, trackTitle } from './draft';
import type { Preset, Upload } from '../wire';

const INPUTS = [{ upload: 'upl_1' }];
const reference = (state: 'ready' | 'checking' | 'rejected') => ({ key: 1, name: 'A', id: 'upl_2', state });

test('the first draft is an order of the streaming preset', () => {
  const { recipe, references } = order(newDraft(), 'master', 'Song', INPUTS);
  expect(references).toEqual([]);
  expect(recipe).toEqual({
    preset: 'streaming',
    intensity: 0.5,
    tone: 0.7,
    dynamics: 0.5,
    width: 0.5,
    loudness_lufs: -14,
    ceiling_dbtp: -1,
    deliver: ['wav24'],
    tags: {},
  });
});

test('a preset brings its loudness and leaves the sliders', () => {
  const draft = { ...newDraft(), intensity: 0.2 };
  choosePreset(draft, { id: 'club', loudness_lufs: -8, ceiling_dbtp: -1, intensity: 0.5 } as Preset);
  expect([draft.preset, draft.loudness, draft.intensity]).toEqual(['club', -8, 0.2]);
});

test('references decide on the loudness unless a number was preferred', () => {
  const draft = { ...newDraft(), references: [reference('ready')] };
  expect(order(draft, 'master', '', INPUTS).recipe).not.toHaveProperty('loudness_lufs');
  expect(order(draft, 'master', '', INPUTS).references).toEqual(['upl_2']);
  expect(order({ ...draft, asReferences: false }, 'master', '', INPUTS).recipe.loudness_lufs).toBe(-14);
  expect(obstacle({ ...draft, loudness: null })).toBeNull();
});

test('what keeps an order from being given is said', () => {
  expect(obstacle(newDraft())).toBeNull();
  expect(obstacle({ ...newDraft(), loudness: null })).toMatch(/number/);
  expect(obstacle({ ...newDraft(), deliver: [] })).toMatch(/format/);
  expect(obstacle({ ...newDraft(), references: [reference('checking')] })).toMatch(/checked/);
  expect(obstacle({ ...newDraft(), references: [reference('rejected')] })).toMatch(/take it out/);
});

test('blank tags are left out, and an album has none of a single track', () => {
  const draft = newDraft();
  const typed = { artist: ' Ada ', track_number: '3', track_total: 'x', isrc: 'US-S1Z-99-00001', genre: ' ' };
  Object.assign(draft.tags, typed);
  expect(order(draft, 'master', '', INPUTS).recipe.tags).toEqual({
    artist: 'Ada',
    track_number: 3,
    track_total: 'x',
    isrc: 'US-S1Z-99-00001',
  });
  expect(order(draft, 'album', '', INPUTS).recipe.tags).toEqual({ artist: 'Ada' });
});

test('a track is called after its file, without the number of its place', () => {
  const titled = (name: string) => trackTitle({ name } as Upload);
  expect(['01 - Rain.wav', '12. Sun.flac', '1999.wav', '7 Days.wav', '99.wav'].map(titled)).toEqual([
    'Rain',
    'Sun',
    '1999',
    '7 Days',
    '99',
  ]);
});
