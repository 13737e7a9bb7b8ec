/** What the operators' page says, apart from how it looks. */

import type { Counted, Deed, Failure, OpsKind } from './wire';

const THIN = '\u2009';

/** `0.42` → `0.4 s`, `130` → `2 min 10 s`, `3900` → `1 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)}${THIN}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}${THIN}min ${whole % 60}${THIN}s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)}${THIN}h ${minutes % 60}${THIN}min`;
}

/** How the oldest wait stands: from two minutes on it is slow, from five on late. */
export type Standing = 'fine' | 'slow' | 'late';
export const SLOW_S = 120;
export const LATE_S = 300;

export function standing(oldestWaitSeconds: number | null): Standing {
  if (oldestWaitSeconds === null || oldestWaitSeconds < SLOW_S) return 'fine';
  return oldestWaitSeconds < LATE_S ? 'slow' : 'late';
}

const KINDS: Record<OpsKind, string> = {
  master: 'master',
  album: 'album',
  mix: 'mix',
  mix_and_master: 'mix and master',
  check: 'look at an upload',
};

export const kindName = (kind: OpsKind) => KINDS[kind] ?? kind;

/** `3 masters, 1 mix` */
export function depth(kinds: { kind: OpsKind; waiting: number }[]): string {
  return kinds.map(({ kind, waiting }) => `${waiting} × ${kindName(kind)}`).join(', ');
}

export function faultName(fault: Failure['fault']): string {
  if (fault === null) return 'not known';
  return { input: 'the audio', ours: 'ours', user: 'the order' }[fault];
}

/** A number that was not counted to its end says so. */
export function counted({ count, has_more }: Counted): string {
  return has_more ? `${count} or more` : String(count);
}

/** What is about to be done, and what that means. */
export type Act = { action: Deed['action']; job: string | null };

export function question({ action, job }: Act): { title: string; means: string; yes: string; no: string } {
  switch (action) {
    case 'retry':
      return {
        title: 'Try this job again?',
        means:
          `This touches one job, ${job}. If it waits for the end of a backoff, it is tried at once. ` +
          'If it has failed, the same order becomes a new job.',
        yes: 'Try again',
        no: 'Leave it',
      };
    case 'cancel':
      return {
        title: 'Cancel this job?',
        means:
          `This touches one job, ${job}. It ends at once, even in the middle of a render, ` +
          'and cannot be brought back.',
        yes: 'Cancel the job',
        no: 'Let it go on',
      };
    case 'pause':
      return {
        title: 'Pause the queue?',
        means: 'This touches everybody: nobody gets work until the queue is resumed. What runs goes on.',
        yes: 'Pause the queue',
        no: 'Let it go on',
      };
    case 'resume':
      return {
        title: 'Resume the queue?',
        means: 'This touches everybody: workers take what waits.',
        yes: 'Resume the queue',
        no: 'Leave it paused',
      };
  }
}

/** What was done, for the line that says so. */
export function done({ action, job }: Act, outcome: string | null): string {
  switch (action) {
    case 'retry':
      if (outcome === 'again') return 'The same order is a new job.';
      if (outcome === 'hastened') return `${job} is tried at once.`;
      return `${job} neither waits nor has failed; nothing was done.`;
    case 'cancel':
      return `${job} is over.`;
    case 'pause':
      return 'The queue stands still.';
    case 'resume':
      return 'The queue goes on.';
  }
}
