/** The stages of a job in the words of the page. */

import type { Job, Progress, Stage } from '../wire';

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

const MASTER_STAGES: Stage[] = ['fetch', 'decode', 'analyse', 'master', 'certify', 'encode', 'deliver'];

export type Step = { stage: Stage; noun: string; when: 'done' | 'now' | 'later' };

/** Every stage of a master, each done, under way or still to come. */
export function steps(current: Stage | null): Step[] {
  const at = current ? MASTER_STAGES.indexOf(current) : -1;
  return MASTER_STAGES.map((stage, i) => ({
    stage,
    noun: NAMES[stage].noun,
    when: i < at ? 'done' : i === at ? 'now' : 'later',
  }));
}

/** One sentence on where the job is, for the heading above the bar and for screen readers. */
export function sentence(p: Pick<Progress, 'state' | 'stage' | 'queue_position'>): string {
  if (p.state === 'queued' || p.state === 'awaiting_payment') {
    const ahead = p.queue_position ?? 0;
    return ahead > 0 ? `Waiting: ${ahead} ${ahead === 1 ? 'job is' : 'jobs are'} ahead` : 'Next in line';
  }
  if (p.state === 'running') return p.stage ? NAMES[p.stage].doing : 'Starting';
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
