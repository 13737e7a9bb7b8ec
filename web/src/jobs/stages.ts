/** The stages of a job in the words of the page. */

import type { Job, Stage } from '../wire';

const NAMES: Record<Stage, { doing: string; noun: string }> = {
  fetch: { doing: 'Fetching the song', noun: 'Fetch' },
  decode: { doing: 'Decoding', noun: 'Decode' },
  analyse: { doing: 'Measuring the mix', noun: 'Analyse' },
  mix: { doing: 'Mixing', noun: 'Mix' },
  master: { doing: 'Mastering', noun: 'Master' },
  certify: { doing: 'Measuring the master', noun: 'Certify' },
  encode: { doing: 'Writing the files', noun: 'Encode' },
  deliver: { doing: 'Storing the files', noun: 'Deliver' },
};

const STAGES: Record<string, Stage[]> = {
  master: ['fetch', 'decode', 'analyse', 'master', 'certify', 'encode', 'deliver'],
  mix: ['fetch', 'decode', 'analyse', 'mix', 'certify', 'encode', 'deliver'],
  mix_and_master: ['fetch', 'decode', 'analyse', 'mix', 'master', 'certify', 'encode', 'deliver'],
};

/** About how long each takes beside the others. A stage tells how far it is itself; the bar is of the whole. */
const WEIGHTS: Record<Stage, number> = {
  fetch: 2,
  decode: 8,
  analyse: 16,
  mix: 28,
  master: 28,
  certify: 7,
  encode: 7,
  deliver: 4,
};

/** How far a whole job is, 0 to 1. */
export function overall({ kind, state, stage, progress }: Pick<Job, 'kind' | 'state' | 'stage' | 'progress'>): number {
  if (state === 'succeeded') return 1;
  const stages = STAGES[kind] ?? STAGES.master!;
  const at = stage ? stages.indexOf(stage) : -1;
  if (at < 0) return 0;
  const sum = (some: Stage[]) => some.reduce((total, one) => total + WEIGHTS[one], 0);
  const within = WEIGHTS[stages[at]!] * Math.min(1, Math.max(0, progress));
  return (sum(stages.slice(0, at)) + within) / sum(stages);
}

/** What is said otherwise where stems go in. */
const OF_STEMS: Partial<Record<Stage, string>> = {
  fetch: 'Fetching the stems',
  analyse: 'Listening to the stems',
};
const OF_A_MIX: Partial<Record<Stage, string>> = { ...OF_STEMS, certify: 'Measuring the mix' };

/**
 * Where a job is in its list of stages. A mix is measured again before it is mastered, and its file is written then:
 * both belong to the step that is under way, so that no step that is done comes back.
 */
export function standing(kind: string, stage: Stage | null, shown: Stage | null): Stage | null {
  if (kind !== 'mix' && kind !== 'mix_and_master') return stage;
  const mixed = shown !== null && ['mix', 'master', 'certify', 'encode'].includes(shown);
  if (kind === 'mix' && stage === 'master') return 'certify';
  if (stage === 'analyse' && mixed) return kind === 'mix' ? 'certify' : 'master';
  return stage === 'encode' && shown === 'mix' && kind === 'mix_and_master' ? 'mix' : stage;
}

export type Step = { stage: Stage; noun: string; when: 'done' | 'now' | 'later' };

/** Every stage of a job of that kind, each done, under way or still to come. */
export function steps(current: Stage | null, kind: string): Step[] {
  const stages = STAGES[kind] ?? STAGES.master!;
  const at = current ? stages.indexOf(current) : -1;
  return stages.map((stage, i) => ({
    stage,
    noun: NAMES[stage].noun,
    when: i < at ? 'done' : i === at ? 'now' : 'later',
  }));
}

/** One sentence on where the job is, for the heading above the bar and for screen readers. */
export function sentence(p: Pick<Job, 'state' | 'stage' | 'queue_position' | 'kind'>): string {
  if (p.state === 'queued' || p.state === 'awaiting_payment') {
    const ahead = p.queue_position ?? 0;
    return ahead > 0 ? `Waiting: ${ahead} ${ahead === 1 ? 'job is' : 'jobs are'} ahead` : 'Next in line';
  }
  if (p.state === 'running') {
    const words = { mix: OF_A_MIX, mix_and_master: OF_STEMS }[p.kind];
    return p.stage ? (words?.[p.stage] ?? NAMES[p.stage].doing) : 'Starting';
  }
  return STATE_WORDS[p.state];
}

export const STATE_WORDS: Record<Job['state'], string> = {
  awaiting_payment: 'awaiting payment',
  queued: 'queued',
  running: 'running',
  succeeded: 'ready',
  failed: 'failed',
  cancelled: 'cancelled',
};

export function isOver(state: Job['state']): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** Events may come late or from a second attempt; the bar takes only what moves it on. */
export function furthest(shown: number, progress: number): number {
  return Math.max(shown, Math.min(1, progress));
}
