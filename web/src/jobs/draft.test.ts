import { expect, test } from 'vitest';
import { choosePreset, draftOf, newDraft, obstacle, order, trackTitle } from './draft';
import type { Job, Preset, Upload } from '../wire';

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
  expect(obstacle({ ...draft, loudness: null }, 'master')).toBeNull();
});

test('what keeps an order from being given is said', () => {
  expect(obstacle(newDraft(), 'master')).toBeNull();
  expect(obstacle({ ...newDraft(), loudness: null }, 'master')).toMatch(/number/);
  expect(obstacle({ ...newDraft(), deliver: [] }, 'master')).toMatch(/format/);
  expect(obstacle({ ...newDraft(), references: [reference('checking')] }, 'master')).toMatch(/checked/);
  expect(obstacle({ ...newDraft(), references: [reference('rejected')] }, 'master')).toMatch(/take it out/);
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

test('a mix that stays a mix asks for nothing of a master, and a mastered one for both', () => {
  const draft = { ...newDraft(), space: 0.3, stems: true, loudness: null, references: [reference('ready')] };
  const mix = order(draft, 'mix', 'Song', INPUTS);
  expect(mix.references).toEqual([]);
  expect(mix.recipe).toEqual({ intensity: 0.5, space: 0.3, stems: true, deliver: ['wav24'], tags: {} });
  expect(obstacle({ ...draft, references: [], ceiling: null }, 'mix')).toBeNull();
  expect(obstacle({ ...draft, references: [], ceiling: null }, 'mix_and_master')).toMatch(/number/);
  const both = order(draft, 'mix_and_master', 'Song', INPUTS);
  expect(both.references).toEqual(['upl_2']);
  expect(both.recipe).toMatchObject({ preset: 'streaming', tone: 0.7, space: 0.3, stems: true });
  expect(order(draft, 'master', 'Song', INPUTS).recipe).not.toHaveProperty('space');
});

test('a draft made from a job orders the same again', () => {
  const draft = { ...newDraft(), title: 'Song', preset: 'loud', loudness: -9.5, space: 0.4, sampleRate: 48_000 };
  Object.assign(draft.tags, { artist: 'Ada', track_number: '3' });
  const { recipe } = order(draft, 'mix_and_master', 'Song', INPUTS);
  const job = { title: 'Song', references: [], recipe: { ...recipe, loudness_lufs: -9.5 } } as unknown as Job;
  const again = draftOf(job, []);
  expect(order(again, 'mix_and_master', again.title, INPUTS).recipe).toEqual(recipe);
});

test('references come along as long as they are here, and decide again on the loudness', () => {
  const { recipe } = order(newDraft(), 'mix_and_master', '', INPUTS);
  const asked = { ...recipe, loudness_lufs: null, sample_rate_hz: null };
  const job = { title: '', references: ['upl_1', 'upl_2'], recipe: asked } as unknown as Job;
  const draft = draftOf(job, [{ id: 'upl_2', name: 'A.wav', state: 'ready' } as Upload]);
  expect(draft.references.map(({ id, name }) => [id, name])).toEqual([['upl_2', 'A.wav']]);
  expect(order(draft, 'mix_and_master', '', INPUTS).recipe).not.toHaveProperty('loudness_lufs');
});
