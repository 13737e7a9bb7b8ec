/** A mix that is being set up, with all that was said about it. It outlives its screen, and a reload. */

import * as api from '../api';
import { StemRack } from '../upload/rack.svelte';
import { draftOf, isMix, order, type Draft } from './draft';
import { Ordering } from './ordering.svelte';
import { inputOf, newStem, songName, stemOf, takeAnswer, type StemEntry } from './stems';
import type { MixReport, NewJob, Upload } from '../wire';

export type MixKind = 'mix' | 'mix_and_master';

const STORED = 'mix';
type Stored = { kind: MixKind; draft: Draft; stems: StemEntry[] };

export class MixDesk {
  readonly rack = new StemRack();
  readonly ordering = new Ordering(() => this.order());
  kind = $state<MixKind>('mix_and_master');
  /** All that is here and ready, to choose from. */
  uploads = $state.raw<Upload[]>([]);

  /** As the stems stand: their names mostly say the song's. */
  get suggestion(): string {
    return songName(this.rack.stems.map(({ name }) => name)) || 'Mix';
  }

  order(): NewJob {
    const { draft } = this.ordering;
    return order(draft, this.kind, draft.title.trim() || this.suggestion, this.rack.stems.map(inputOf));
  }

  /** What the address names: a mix to be made again, or stems; with nothing, what was being set up goes on. */
  async open(ids: string[], from: string | null): Promise<void> {
    const all = await withThose(ids, await api.uploads());
    this.uploads = all.filter(({ state }) => state === 'ready');
    if (from) return this.#again(from, all);
    if (this.rack.stems.length === 0) this.#restore(all);
    const here = new Map(this.rack.stems.map((stem) => [stem.id, stem]));
    if (ids.every((id) => here.has(id))) return;
    this.rack.put(ids.map((id) => here.get(id) ?? this.#entry(id, all)));
  }

  /** Settings outlive a reload; files on their way have to be chosen again. */
  store(): void {
    const stored: Stored = { kind: this.kind, draft: this.ordering.draft, stems: this.rack.stems };
    sessionStorage.setItem(STORED, JSON.stringify(stored));
  }

  clear(): void {
    this.rack.clear();
    this.ordering.startAnew();
    this.kind = 'mix_and_master';
    sessionStorage.removeItem(STORED);
  }

  #restore(all: Upload[]): void {
    const stored = readStored();
    if (!stored) return;
    const { kind, draft, stems } = stored;
    this.kind = kind;
    this.ordering.draft = { ...draft, references: draft.references.filter(({ state }) => state === 'ready') };
    for (const stem of stems) {
      if (stem.id === null) stem.state = 'interrupted';
      else takeAnswer(stem, byId(all, stem.id));
    }
    this.rack.put(stems);
  }

  async #again(id: string, all: Upload[]): Promise<void> {
    const job = await api.job(id);
    all = await withThose(
      job.inputs.map(({ upload }) => upload),
      all,
    );
    // Without the report the settings are there all the same; only the engine's guesses are missing.
    const report: MixReport | null = await api.mixReport(id).catch(() => null);
    this.clear();
    if (isMix(job.kind)) this.kind = job.kind;
    this.ordering.draft = draftOf(job, all);
    const rows = [...(report?.stems ?? [])];
    // Two stems may have one name: each row is of one of them.
    const rowOf = (name: string | undefined) => {
      const at = rows.findIndex(({ file }) => file === name);
      return at < 0 ? undefined : rows.splice(at, 1)[0];
    };
    const stems = job.inputs.map((input, i) => {
      const upload = byId(all, input.upload);
      const entry = stemOf(i + 1, input, rowOf(upload?.name));
      takeAnswer(entry, upload);
      return entry;
    });
    this.rack.put(stems);
  }

  #entry(id: string, all: Upload[]): StemEntry {
    const upload = byId(all, id);
    const entry = newStem(this.rack.nextKey(), upload?.name ?? 'An upload that is gone', id);
    takeAnswer(entry, upload);
    return entry;
  }
}

function readStored(): Stored | null {
  try {
    return JSON.parse(sessionStorage.getItem(STORED) ?? 'null') as Stored | null;
  } catch {
    return null;
  }
}

const byId = (all: Upload[], id: string | null) => all.find((upload) => upload.id === id);

/** The list is bounded; those that it does not reach are asked for one by one, and those that are gone stay out. */
async function withThose(ids: string[], all: Upload[]): Promise<Upload[]> {
  const beyond = ids.filter((id) => id.startsWith('upl_') && !byId(all, id));
  const found = await Promise.all(beyond.map((id) => api.upload(id).catch(() => null)));
  return [...all, ...found.filter((upload) => upload !== null)];
}

export const desk = new MixDesk();
