/** The shapes of the HTTP contract, as far as this page uses them. Names are those of the wire. */

export type Problem = {
  title: string;
  detail?: string;
  code?: string;
  request_id?: string;
  status?: number;
  errors?: FieldError[];
};

/** `pointer` is a JSON pointer into the body that was sent. */
export type FieldError = { pointer: string; code: string; detail: string };

/** What is remembered of something that was deleted. Days are UTC. */
export type Receipt = {
  id: string;
  removed: 'job' | 'artifact' | 'upload' | 'account';
  cause: 'retention' | 'erasure' | 'expiry';
  due_on: string | null;
  removed_on: string;
  verified_on: string | null;
  files: number;
};

/** What became of an account; `remains` says what stays, and why. */
export type Erased = {
  receipt: { id: string };
  jobs: number;
  uploads: number;
  purchases_returned: number;
  credits_lost: number;
  remains: string[];
};

export type Account = { id: string; email: string; roles: ('producer' | 'operator')[] };

/** A browser that is signed in; `current` is the one that asks. */
export type Session = { id: string; device: string; created_at: string; expires_at: string; current: boolean };

export type ApiKey = { id: string; name: string; scopes: string[]; created_at: string; expires_at: string | null };
/** Shown this once. */
export type NewApiKey = ApiKey & { secret: string };

/** A text that people agree to. `keeping` is of `privacy` alone. */
export type Policy = {
  id: 'terms' | 'privacy';
  version: string;
  path: string;
  keeping: { what: string; how_long: string; counted: string }[];
};

/** `severity` is `info`, `warning` or `error`. */
export type Finding = { code: string; severity: string; text: string };

export type Audio = {
  format: string;
  sample_rate_hz: number;
  channels: number;
  bit_depth: number | null;
  frames: number;
  duration_s: number;
};

export type Upload = {
  id: string;
  name: string;
  state: 'receiving' | 'checking' | 'ready' | 'rejected';
  /** `null` while the sender has not said. */
  size_bytes: number | null;
  received_bytes: number;
  sha256: string | null;
  audio: Audio | null;
  findings: Finding[];
  problem: Problem | null;
  delete_at: string | null;
};

/** An overview of a signal: the lowest and highest sample of each column, full scale ±1. */
export type Peaks = {
  columns: number;
  frames: number;
  sample_rate_hz: number;
  channels: { min: number[]; max: number[] }[];
};

/** Both ends can be asked for. */
export type Range = { min: number; max: number; default: number };

/** Both ends can be asked for. */
export type Count = { min: number; max: number };

/** What a stem can be: as the wire says it, and as people do. */
export type Role = { id: string; name: string };

/** What this service takes and makes. `formats` are what `deliver` may name. */
export type Capabilities = {
  formats: string[];
  sample_rates_hz: number[];
  loudness_lufs: Range;
  ceiling_dbtp: Range;
  references_max: number;
  album_tracks: Count;
  /** Of a mix. */
  stems: Count;
  /** What a stem can be. */
  roles: Role[];
  upload_bytes_max: number;
  account_bytes_max: number;
  payments: 'on' | 'off';
  /** What everything costs; `null` while it is free. */
  prices: { packs: Pack[]; previews_per_day: number } | null;
};

/** In the smallest unit of its currency. */
export type Price = { amount_minor: number; currency: string };

/** Credits as they are sold. */
export type Pack = { id: string; credits: number; price: Price };

/** What an order would cost. `price` is what so many credits cost at most. */
export type Quote = { credits: number; price: Price | null; wait_s_estimate: number | null };

/** One change of somebody's credits: what it did to what can be spent, and to what waits. */
export type Entry = {
  id: string;
  kind: string;
  available: number;
  held: number;
  job: string | null;
  order: string | null;
  at: string;
};

export type Credits = { available: number; held: number; restricted: boolean; entries: Entry[]; next: string | null };

/** A purchase. */
export type Order = { id: string; credits: number; price: Price; state: string };

/** How much is done beyond the loudness, each from 0 to 1. */
export type Amounts = { intensity: number; tone: number; dynamics: number; width: number };

export type Preset = Amounts & {
  id: string;
  name: string;
  purpose: string;
  version: number;
  loudness_lufs: number;
  ceiling_dbtp: number;
};

export type TagName =
  | 'title'
  | 'artist'
  | 'album'
  | 'album_artist'
  | 'track_number'
  | 'track_total'
  | 'date'
  | 'genre'
  | 'isrc'
  | 'comment';
export type Tags = Partial<Record<TagName, string | number>>;

export type Recipe = Amounts & {
  preset: string;
  /** `null`: as loud as the references. */
  loudness_lufs: number | null;
  ceiling_dbtp: number;
  deliver: string[];
  /** `null`: that of the song. */
  sample_rate_hz: number | null;
  tags: Tags;
  /** How much common room a mix gets. */
  space: number;
  /** Whether the processed stems of a mix are delivered too. */
  stems: boolean;
};

/** `title` is of an album's track; all else is decided about the stem of a mix. */
export type Input = { upload: string; title?: string; [setting: string]: unknown };

export type Kind = 'master' | 'album' | 'mix' | 'mix_and_master';

export type NewJob = {
  kind: Kind;
  title: string;
  inputs: Input[];
  references: string[];
  recipe: Partial<Recipe>;
  /** A free preview of a master instead of the master. */
  preview?: { start_s?: number; length_s?: number };
};

export type JobState = 'awaiting_payment' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type Stage = 'fetch' | 'decode' | 'analyse' | 'mix' | 'master' | 'certify' | 'encode' | 'deliver';

export type Artifact = {
  id: string;
  kind: 'master' | 'mix' | 'stem' | 'preview' | 'report';
  /** Of an album: which track it is of, from 1. */
  track: number | null;
  name: string;
  format: string;
  size_bytes: number;
  sha256: string;
  delete_at: string | null;
};

export type Job = {
  id: string;
  kind: string;
  title: string;
  state: JobState;
  stage: Stage | null;
  progress: number;
  /** How many were queued earlier, while it is queued. */
  queue_position: number | null;
  attempt: number;
  created_at: string;
  finished_at: string | null;
  delete_at: string | null;
  engine_version: string | null;
  recipe: Recipe;
  /** Which part is heard; `null` for what is no preview. A start of `null` is the loudest part. */
  preview: { start_s: number | null; length_s: number } | null;
  problem: Problem | null;
  artifacts: Artifact[];
  inputs: Input[];
  references: string[];
};

/** The data of every event of a job. */
export type Progress = Pick<Job, 'state' | 'stage' | 'progress' | 'attempt' | 'queue_position'>;

/** What was measured of one signal. `null` means it cannot be had; `absent` says why, by the name of the measure. */
export type Measures = {
  integrated_lufs: number | null;
  momentary_max_lufs: number | null;
  short_term_max_lufs: number | null;
  loudness_range_lu: number | null;
  true_peak_dbtp: number | null;
  sample_peak_dbfs: number | null;
  plr_lu: number | null;
  psr_min_lu: number | null;
  psr_median_lu: number | null;
  crest_db?: number | null;
  correlation?: number | null;
  balance_db?: number | null;
  width_db?: number | null;
  absent: Record<string, string>;
  /** One value each 100 ms; the first covers the first 3 s. */
  short_term_lufs: number[];
};

/** `stage` and `by` are missing in reports of the first form. */
export type Decision = {
  what: string;
  stage?: 'mix' | 'tone' | 'dynamics' | 'width' | 'colour' | 'loudness' | 'delivery';
  by?: 'auto' | 'user' | 'preset' | 'plan';
  value: number | null;
  unit: string | null;
  reason: string;
};

/** What a streaming service makes of the master. */
export type Platform = {
  name: string;
  target_lufs: number | null;
  peak_advice_dbtp: number | null;
  rule: 'down_only' | 'both' | 'none';
  kind: 'playback' | 'delivery';
  change_db: number;
  plays_at_lufs: number;
  peak_dbtp: number;
  text: string;
};

/** Curves of at most 800 points; each is missing where there is nothing to draw. */
export type Pictures = {
  seconds: number;
  waveform?: { columns: number; before: [number, number][]; after: [number, number][] };
  short_term?: { hop_s: number; first_s: number; before: (number | null)[]; after: (number | null)[] };
  spectrum?: {
    frequency_hz: number[];
    before_db: (number | null)[];
    after_db: (number | null)[];
    target_db?: number[];
    tolerance_db?: number[];
    reference_db?: number[];
    tone_db?: number[];
  };
  gain_reduction?: { hop_s: number; limiter_db: number[]; bands_db?: number[][]; glue_db?: number[] };
  correlation?: { hop_s: number; before: (number | null)[]; after: (number | null)[] };
};

export type Report = {
  schema: string;
  engine_version: string;
  source: Audio & { codec: string; lossy: boolean };
  before: Measures;
  after: Measures;
  target: { loudness_lufs: number; ceiling_dbtp: number };
  outcome: { kind: 'reached' | 'unchanged' | 'refused' | 'silent' | 'too_short'; limit: string | null; text: string };
  decisions: Decision[];
  findings: Finding[];
  /** Of a preview: which part is heard. Everything else is of the whole master. */
  preview?: { start_s: number; length_s: number };
  /** These are missing in reports of the first form. */
  platforms?: Platform[];
  pictures?: Pictures;
};

/** One track of an album beside the others. */
export type AlbumTrack = {
  number: number;
  title: string;
  loudness_before_lufs: number | null;
  loudness_after_lufs: number | null;
  /** How far below the loudest track: before, and after. */
  step_before_lu: number | null;
  step_after_lu: number | null;
  tonal_distance_before_db: number | null;
  tonal_distance_after_db: number | null;
  outcome: Report['outcome'];
  report: Report;
};

/** One stem of a mix beside the others. */
export type StemRow = {
  file: string;
  role: string;
  role_name: string;
  /** 0 to 1; 1 where it was said. */
  certainty: number;
  part: 'plays' | 'muted' | 'left_out';
  polarity: 'kept' | 'inverted';
  delay_ms: number;
  /** As it came, over its own active moments; and of what it adds to the mix. */
  loudness_before_lufs: number | null;
  loudness_after_lufs: number | null;
  /** Relative to the loudness of the mix: aimed at, and come out. */
  aim_lu: number | null;
  standing_lu: number | null;
  fader_db: number;
  pan: number;
  decisions: Decision[];
  findings: Finding[];
};

/** By how many dB less important stems lie over more important ones, per band: as they came, and in the mix. */
export type Masking = {
  frequency_hz: number[];
  before_db: number[];
  after_db: number[];
  index_before: number;
  index_after: number;
};

export type MixReport = {
  schema: string;
  engine_version: string;
  title: string;
  sample_rate_hz: number;
  intensity: number;
  space: number;
  stems: StemRow[];
  decisions: Decision[];
  masking: Masking;
  /** The stems as they came, summed; and the mix. */
  sum: Measures;
  mix: Measures;
  /** Of the master, or of the mix itself as delivered. */
  result: Report;
};

export type AlbumReport = { schema: string; engine_version: string; title: string; tracks: AlbumTrack[] };
