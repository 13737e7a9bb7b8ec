/** A job that is being set up: what the form holds, and the order it becomes. */

import type { Amounts, Job, Kind, NewJob, Preset, Recipe, TagName, Tags, Upload } from '../wire';

export type ReferenceState = 'uploading' | 'checking' | 'ready' | 'rejected';

/** A song that the master is to sound like. `id` is known once the service has answered. */
export type ReferenceEntry = { key: number; name: string; id: string | null; state: ReferenceState };

export type Draft = Amounts & {
  title: string;
  preset: string;
  /** `null`: what is typed is no number. */
  loudness: number | null;
  ceiling: number | null;
  /** Whether references decide on the loudness, while there are some. */
  asReferences: boolean;
  references: ReferenceEntry[];
  deliver: string[];
  /** `null`: the song's own. */
  sampleRate: number | null;
  tags: Record<TagName, string>;
  /** Of a mix: how much common room, and whether its processed stems are wanted too. */
  space: number;
  stems: boolean;
};

export const AMOUNTS = ['tone', 'dynamics', 'width'] as const;

/** What only a single song can have: an album's tracks have their own. */
export const TAGS_OF_ONE: readonly TagName[] = ['title', 'track_number', 'track_total', 'isrc'];

const NUMBERS: readonly TagName[] = ['track_number', 'track_total'];

export function newDraft(): Draft {
  return {
    title: '',
    preset: 'streaming',
    loudness: -14,
    ceiling: -1,
    intensity: 0.5,
    tone: 0.7,
    dynamics: 0.5,
    width: 0.5,
    asReferences: true,
    references: [],
    deliver: ['wav24'],
    sampleRate: null,
    tags: {
      title: '',
      artist: '',
      album: '',
      album_artist: '',
      track_number: '',
      track_total: '',
      date: '',
      genre: '',
      isrc: '',
      comment: '',
    },
    space: 0,
    stems: false,
  };
}

/** What an earlier job was asked for, to be changed and asked for again. `uploads` are those that are still here. */
export function draftOf(job: Pick<Job, 'title' | 'recipe' | 'references'>, uploads: Upload[]): Draft {
  const { recipe } = job;
  const fresh = newDraft();
  const references = job.references.flatMap((id, i) => {
    const upload = uploads.find((one) => one.id === id && one.state === 'ready');
    return upload ? [{ key: i, name: upload.name, id, state: 'ready' as const }] : [];
  });
  const tags = Object.entries(recipe.tags).map(([name, value]) => [name, String(value)]);
  return {
    title: job.title,
    preset: recipe.preset,
    loudness: recipe.loudness_lufs ?? fresh.loudness,
    ceiling: recipe.ceiling_dbtp,
    intensity: recipe.intensity,
    tone: recipe.tone,
    dynamics: recipe.dynamics,
    width: recipe.width,
    asReferences: recipe.loudness_lufs === null,
    references,
    deliver: [...recipe.deliver],
    sampleRate: recipe.sample_rate_hz,
    tags: { ...fresh.tags, ...Object.fromEntries(tags) },
    space: recipe.space,
    stems: recipe.stems,
  };
}

/** Whether stems go in. */
export function isMix(kind: string): kind is 'mix' | 'mix_and_master' {
  return kind === 'mix' || kind === 'mix_and_master';
}

/** Whether a master comes out, and not the mix alone. */
export function isMastered(kind: string): boolean {
  return kind !== 'mix';
}

/** A preset brings its own loudness and ceiling; the sliders stay where they were put. */
export function choosePreset(draft: Draft, preset: Preset): void {
  draft.preset = preset.id;
  draft.loudness = preset.loudness_lufs;
  draft.ceiling = preset.ceiling_dbtp;
}

/** Whether the references decide on the loudness. */
export function followsReferences(draft: Draft): boolean {
  return draft.asReferences && draft.references.length > 0;
}

/** Why it cannot be ordered as it stands; `null` when it can. */
export function obstacle(draft: Draft, kind: Kind): string | null {
  if (draft.deliver.length === 0) return 'Choose at least one format.';
  if (!isMastered(kind)) return null;
  if ((draft.loudness === null && !followsReferences(draft)) || draft.ceiling === null) {
    return 'A number above needs a correction.';
  }
  if (draft.references.some(({ state }) => state === 'rejected')) {
    return 'A reference cannot be used; take it out.';
  }
  if (draft.references.some(({ state }) => state !== 'ready')) {
    return 'It can start once the references are checked.';
  }
  return null;
}

export function order(draft: Draft, kind: Kind, title: string, inputs: NewJob['inputs']): NewJob {
  const mastered = isMastered(kind);
  return {
    kind,
    title,
    inputs,
    references: mastered ? draft.references.flatMap(({ id }) => (id ? [id] : [])) : [],
    recipe: {
      ...(mastered ? mastering(draft) : { intensity: draft.intensity }),
      ...(isMix(kind) ? { space: draft.space, stems: draft.stems } : {}),
      deliver: [...draft.deliver],
      ...(draft.sampleRate === null ? {} : { sample_rate_hz: draft.sampleRate }),
      tags: tagsOf(draft, kind),
    },
  };
}

/** What a mix that stays a mix has no use for. */
function mastering(draft: Draft): Partial<Recipe> {
  const { preset, intensity, tone, dynamics, width } = draft;
  return {
    preset,
    intensity,
    tone,
    dynamics,
    width,
    ...(followsReferences(draft) || draft.loudness === null ? {} : { loudness_lufs: draft.loudness }),
    ...(draft.ceiling === null ? {} : { ceiling_dbtp: draft.ceiling }),
  };
}

/** What was typed, blanks left out; a track number that is no number goes as it is, and the service says so. */
function tagsOf(draft: Draft, kind: Kind): Tags {
  const tags: Tags = {};
  for (const [name, typed] of Object.entries(draft.tags) as [TagName, string][]) {
    const text = typed.trim();
    if (text === '' || (kind === 'album' && TAGS_OF_ONE.includes(name))) continue;
    tags[name] = NUMBERS.includes(name) && /^\d+$/.test(text) ? Number(text) : text;
  }
  return tags;
}

/** A file's name without what only tells programs what it is. */
export function nameWithoutExtension(name: string): string {
  return name.replace(/\.[A-Za-z0-9]{2,5}$/, '');
}

/** A title for a track: the file's name without the number that its place says anyway. */
export function trackTitle(upload: Upload): string {
  const name = nameWithoutExtension(upload.name);
  return name.replace(/^(0\d|\d\d)[\s._)-]+(?=\S)/, '');
}
