/** The shapes of `/v1/ops`, as far as the operators' page uses them. */

import type { JobState, Stage } from '../wire';

export type Spread = { p50_s: number; p95_s: number };

/** `check` is a look at an upload. */
export type OpsKind = 'master' | 'album' | 'mix' | 'mix_and_master' | 'check';

export type Pause = { since: string; by: string; reason: string };

export type Queue = {
  pause: Pause | null;
  waiting: number;
  waiting_by_kind: { kind: OpsKind; waiting: number }[];
  backing_off: number;
  checks_waiting: number;
  running: number;
  oldest_wait_s: number | null;
  ordered_per_minute: number;
  ended_per_minute: number;
  /** How many jobs of the last hour `wait` and `run` are taken from. */
  measured_jobs: number;
  wait: Spread | null;
  run: Spread | null;
  workers: Worker[];
};

export type Worker = {
  name: string;
  /** Empty if it did not say. */
  version: string;
  slots: number;
  running: { id: string; kind: OpsKind }[];
  is_silent: boolean;
  started_at: string;
  seen_at: string;
};

export type OpsJob = {
  id: string;
  account: string;
  kind: OpsKind;
  state: JobState;
  stage: Stage | null;
  progress: number;
  worker: string | null;
  attempt: number;
  created_at: string;
  not_before: string | null;
  finished_at: string | null;
  problem_code: string | null;
};

export type Failure = {
  code: string;
  stage: Stage | null;
  fault: 'input' | 'ours' | 'user' | null;
  kind: OpsKind;
  count: number;
  first_at: string;
  last_at: string;
  sample: string;
};

export type Failures = { since: string; jobs: number; has_more: boolean; groups: Failure[] };

export type Counted = { count: number; has_more: boolean; earliest: string | null };

export type Retention = {
  jobs_overdue: Counted;
  jobs_due_within_a_day: Counted;
  uploads_overdue: Counted;
  uploads_due_within_a_day: Counted;
  doomed_blobs_waiting: Counted;
  reaper: Reaper;
};

/** What removes all that. */
export type Reaper = {
  ticked_at: string | null;
  frozen_since: string | null;
  frozen_because: string | null;
  places_stuck: number;
};

export type Deed = {
  seq: number;
  at: string;
  actor: string;
  action: 'retry' | 'cancel' | 'pause' | 'resume';
  job: string | null;
  reason: string;
  outcome: string;
};
