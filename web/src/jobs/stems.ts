/** The stems of a mix that is being set up: what the table holds of each, and the input of an order it becomes. */

import { clock, rate } from '../format';
import type { Audio, FieldError, Finding, Input, StemRow, Upload } from '../wire';

/** `interrupted`: begun, and its file has to be chosen again. `lost`: the service has it no more. */
export type StemState =
  | 'queued'
  | 'uploading'
  | 'checking'
  | 'ready'
  | 'rejected'
  | 'failed'
  | 'interrupted'
  | 'lost';

export type StemEntry = {
  key: number;
  name: string;
  /** Known once the service has answered. */
  id: string | null;
  state: StemState;
  /** How much of it is sent, 0 to 1. */
  share: number;
  audio: Audio | null;
  findings: Finding[];
  /** Why it cannot be used. */
  complaint: string | null;
  /** Empty: the engine decides. */
  role: string;
  /** How much louder than the engine would have it; `null`: what is typed is no number. */
  gain: number | null;
  /** −1 left, 0 middle, 1 right; `null`: the engine decides. */
  pan: number | null;
  mute: boolean;
  solo: boolean;
  untouched: boolean;
  /** What an earlier order said beyond that: kept as it is. */
  kept: Record<string, unknown>;
  /** What the engine took it for in an earlier mix. */
  heard: { name: string; certainty: number } | null;
};

export const GAIN_DB = { min: -40, max: 24, step: 0.5, leap: 3 };
/** Of the field of the stereo image, in shares of one side. */
export const PAN_STEP = 0.05;

const SHOWN = ['upload', 'role', 'gain_db', 'pan', 'mute', 'solo', 'untouched'];

export function newStem(key: number, name: string, id: string | null = null): StemEntry {
  return {
    key,
    name,
    id,
    state: id ? 'checking' : 'queued',
    share: 0,
    audio: null,
    findings: [],
    complaint: null,
    role: '',
    gain: 0,
    pan: null,
    mute: false,
    solo: false,
    untouched: false,
    kept: {},
    heard: null,
  };
}

/** A stem as an earlier job had it. */
export function stemOf(key: number, input: Input, row: StemRow | undefined): StemEntry {
  const { role, gain_db, pan } = input;
  const guessed = typeof role !== 'string' && row?.part === 'plays';
  return {
    ...newStem(key, row?.file ?? input.upload, input.upload),
    role: typeof role === 'string' ? role : '',
    gain: typeof gain_db === 'number' ? gain_db : 0,
    pan: typeof pan === 'number' ? pan : null,
    mute: input.mute === true,
    solo: input.solo === true,
    untouched: input.untouched === true,
    kept: Object.fromEntries(Object.entries(input).filter(([name]) => !SHOWN.includes(name))),
    heard: row && guessed ? { name: row.role_name, certainty: row.certainty } : null,
  };
}

/** What the service says of it now. An upload that nobody is sending any more has to be chosen again. */
export function takeAnswer(entry: StemEntry, upload: Upload | undefined): void {
  if (!upload) {
    entry.state = 'lost';
    entry.complaint = 'It is deleted. Take it out, or add its file again.';
    return;
  }
  entry.name = upload.name;
  entry.audio = upload.audio;
  entry.findings = upload.findings;
  const complete = upload.received_bytes === upload.size_bytes;
  entry.state = upload.state === 'receiving' ? (complete ? 'checking' : 'interrupted') : upload.state;
  entry.complaint =
    upload.state === 'rejected' ? (upload.problem?.detail ?? upload.problem?.title ?? 'It cannot be used.') : null;
}

export function byName(a: { name: string; key: number }, b: { name: string; key: number }): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true, sensitivity: 'base' }) || a.key - b.key;
}

/** What is left to the engine is left out. */
export function inputOf(entry: StemEntry): Input {
  return {
    upload: entry.id ?? '',
    ...entry.kept,
    ...(entry.role ? { role: entry.role } : {}),
    ...(entry.gain ? { gain_db: entry.gain } : {}),
    ...(entry.pan === null ? {} : { pan: entry.pan }),
    ...(entry.mute ? { mute: true } : {}),
    ...(entry.solo ? { solo: true } : {}),
    ...(entry.untouched ? { untouched: true } : {}),
  };
}

export function gainComplaint(gain: number | null): string | null {
  if (gain === null) return 'Type a number of dB, such as +1.5 or \u22122.';
  if (gain < GAIN_DB.min || gain > GAIN_DB.max) return `From \u2212${-GAIN_DB.min} to +${GAIN_DB.max} dB.`;
  return null;
}

/** Why a stem is not heard, in a word; `null` when it is. Mute is stronger than solo. */
export function silencedBy(entry: StemEntry, all: StemEntry[]): 'muted' | 'not solo' | null {
  if (entry.mute) return 'muted';
  return !entry.solo && all.some(({ solo }) => solo) ? 'not solo' : null;
}

/** Why the stems cannot be mixed as they stand; `null` when they can. */
export function stemsObstacle(stems: StemEntry[], { min, max }: { min: number; max: number }): string | null {
  const count = (...states: StemState[]) => stems.filter(({ state }) => states.includes(state)).length;
  if (stems.length < min) return 'Add the stems of a song.';
  if (stems.length > max) return `A mix has at most ${max} stems; take ${stems.length - max} out.`;
  if (count('rejected', 'failed', 'lost') > 0) return 'A stem cannot be used; take it out.';
  if (count('interrupted') > 0) return 'A stem is not complete: choose its file again, or take it out.';
  const missing = count('queued', 'uploading', 'checking');
  if (missing > 0) {
    return `It can start once ${missing === 1 ? 'the last stem is' : `${missing} more stems are`} here and checked.`;
  }
  if (stems.some(({ gain }) => gainComplaint(gain))) return 'A gain above needs a correction.';
  if (stems.every((entry) => silencedBy(entry, stems))) return 'No stem would be heard.';
  return null;
}

/** What is odd about a stem beside the others: known only once all are here. */
export function oddities(entry: StemEntry, all: StemEntry[]): Finding[] {
  const { audio } = entry;
  if (!audio) return [];
  const others = all.flatMap((one) => (one.audio ? [one.audio] : []));
  const found: Finding[] = [];
  const usual = commonest(others.map(({ sample_rate_hz }) => sample_rate_hz));
  if (usual !== null && audio.sample_rate_hz !== usual) {
    const [own, theirs] = [rate(audio.sample_rate_hz), rate(usual)];
    const text = `It came at ${own}, most others at ${theirs}: it is brought to their rate.`;
    found.push({ code: 'other_rate', severity: 'info', text });
  }
  const longest = Math.max(...others.map(({ duration_s }) => duration_s));
  if (audio.duration_s < longest - Math.max(1, 0.02 * longest)) {
    const text =
      `It is ${clock(audio.duration_s)} long, the longest ${clock(longest)}. ` +
      'Stems that all start where the song starts stay together.';
    found.push({ code: 'other_length', severity: 'warning', text });
  }
  return found;
}

/** `null` where two are equally common: then there is no «most». */
function commonest(values: number[]): number | null {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first, second] = [...counts].sort((a, b) => b[1] - a[1]);
  return first && first[1] !== second?.[1] ? first[0] : null;
}

/** `L 35`, `centre`, `R 100`. */
export function panText(pan: number): string {
  const share = Math.round(Math.abs(pan) * 100);
  return share === 0 ? 'centre' : `${pan < 0 ? 'L' : 'R'}\u2009${share}`;
}

export function spokenPan(pan: number | null): string {
  if (pan === null) return 'the engine decides';
  const share = Math.round(Math.abs(pan) * 100);
  return share === 0 ? 'centre' : `${share} percent ${pan < 0 ? 'left' : 'right'}`;
}

/** How sure a role is: `as you said` where it was. */
export function sureness(certainty: number): string {
  return certainty >= 1 ? 'as you said' : `${Math.round(certainty * 100)}\u2009% sure`;
}

/** What the names of all stems begin with, as far as it is whole words: mostly the song's name. */
export function songName(names: string[]): string {
  const [first = '', ...others] = names;
  if (others.length === 0) return '';
  let shared = first.length;
  for (const name of others) {
    let same = 0;
    while (same < shared && name[same] === first[same]) same += 1;
    shared = same;
  }
  const words = /^(.*)[\s_.-]+[^\s_.-]*$/s.exec(first.slice(0, shared));
  return (words?.[1] ?? '').replace(/[\s_.-]+/g, ' ').trim();
}

/** The complaints about one stem, by the name of the setting: `pan`, `upload`. */
export function complaintsOf(errors: FieldError[], index: number): Record<string, string> {
  const start = `/inputs/${index}/`;
  const own = errors.filter(({ pointer }) => pointer.startsWith(start));
  return Object.fromEntries(own.map(({ pointer, detail }) => [pointer.slice(start.length).split('/')[0], detail]));
}
