/** What a job was asked for, and what it delivers, in the words of the page. */

import { quantity } from '../format';
import type { Job, Preset, Recipe } from '../wire';

export const FORMAT_NAMES: Record<string, { name: string; use: string }> = {
  wav24: { name: 'WAV 24-bit', use: 'the one to keep' },
  wav16: { name: 'WAV 16-bit', use: 'for CD and distributors' },
  wav32f: { name: 'WAV 32-bit float', use: 'to go on working' },
  flac24: { name: 'FLAC 24-bit', use: 'the same, smaller' },
  flac16: { name: 'FLAC 16-bit', use: 'to share' },
  mp3_320: { name: 'MP3 320 kbit/s', use: 'to send around' },
  mp3_v0: { name: 'MP3 V0', use: 'the same, smaller' },
  vorbis_q8: { name: 'Ogg Vorbis', use: 'for games and the web' },
  toml: { name: 'Session', use: 'makes the same mix again' },
  json: { name: 'Report', use: 'every number, as JSON' },
  html: { name: 'Report page', use: 'to read, print and send along' },
};

export function formatName(format: string): string {
  return FORMAT_NAMES[format]?.name ?? format.toUpperCase();
}

export function presetName(id: string, presets: Preset[]): string {
  return presets.find((preset) => preset.id === id)?.name ?? id;
}

/** What a job was to become: `Streaming`, `−14.0 LUFS`. A mix that stays one has no target. */
export function aimText({ kind, recipe, preview }: Pick<Job, 'kind' | 'recipe' | 'preview'>, presets: Preset[]): Aim {
  if (kind === 'mix') return { what: 'Mix', target: '' };
  const preset = presetName(recipe.preset, presets);
  const what = kind === 'mix_and_master' ? `Mix, ${preset.toLowerCase()}` : preset;
  return { what: preview ? `Preview, ${what.toLowerCase()}` : what, target: targetText(recipe) };
}

type Aim = { what: string; target: string };

/** `−14.0 LUFS`, or that the references decide. */
export function targetText(recipe: Recipe): string {
  return recipe.loudness_lufs === null ? 'as the references' : quantity(recipe.loudness_lufs, 'LUFS');
}
