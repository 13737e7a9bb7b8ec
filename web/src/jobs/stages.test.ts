import { describe, expect, it } from 'vitest';
import type { Stage } from '../wire';
import { furthest, isOver, sentence, standing, overall, steps } from './stages';

describe('the stages', () => {
  it('are done before the current one and to come after it', () => {
    const when = steps('analyse', 'master').map((s) => s.when);
    expect(when).toEqual(['done', 'done', 'now', 'later', 'later', 'later', 'later']);
    expect(steps(null, 'master').every((s) => s.when === 'later')).toBe(true);
  });

  it('are told in one sentence, with the place in the queue', () => {
    const queued = { kind: 'master', state: 'queued', stage: null } as const;
    expect(sentence({ ...queued, queue_position: 2 })).toBe('Waiting: 2 jobs are ahead');
    expect(sentence({ ...queued, queue_position: 1 })).toBe('Waiting: 1 job is ahead');
    expect(sentence({ ...queued, queue_position: 0 })).toBe('Next in line');
    const measuring = { state: 'running', stage: 'certify', queue_position: null } as const;
    expect(sentence({ ...measuring, kind: 'master' })).toBe('Measuring the master');
    expect(sentence({ ...measuring, kind: 'mix' })).toBe('Measuring the mix');
  });

  it('of a mix come one after the other, though it is measured and written on the way', () => {
    const walk = (kind: string, told: Stage[]) =>
      told.reduce<(Stage | null)[]>((seen, stage) => [...seen, standing(kind, stage, seen.at(-1) ?? null)], []);
    const told: Stage[] = ['fetch', 'decode', 'analyse', 'mix', 'encode', 'analyse', 'master', 'certify', 'encode'];
    const places = (kind: string, told: Stage[]) =>
      walk(kind, told).map((stage) => steps(stage, kind).findIndex(({ when }) => when === 'now'));
    expect(walk('mix_and_master', told).slice(3)).toEqual(['mix', 'mix', 'master', 'master', 'certify', 'encode']);
    expect(places('mix_and_master', told)).toEqual([0, 1, 2, 3, 3, 4, 4, 5, 6]);
    const alone: Stage[] = ['fetch', 'decode', 'analyse', 'mix', 'analyse', 'master', 'certify', 'encode', 'deliver'];
    expect(places('mix', alone)).toEqual([0, 1, 2, 3, 4, 4, 4, 5, 6]);
  });
});

it('the bar is of the whole job, and each stage goes on where the one before ended', () => {
  const at = (kind: string, stage: Stage | null, progress: number) =>
    overall({ kind, state: 'running', stage, progress });
  for (const kind of ['master', 'mix', 'mix_and_master', 'album']) {
    const stages = steps(null, kind).map(({ stage }) => stage);
    expect(at(kind, stages[0]!, 0)).toBe(0);
    expect(at(kind, stages.at(-1)!, 1)).toBe(1);
    stages.slice(1).forEach((stage, i) => expect(at(kind, stage, 0)).toBeCloseTo(at(kind, stages[i]!, 1)));
  }
  expect(at('master', 'decode', 1), 'a stage that is done is no job that is done').toBeLessThan(0.3);
  expect(at('master', null, 1)).toBe(0);
  expect(overall({ kind: 'mix', state: 'succeeded', stage: null, progress: 0 })).toBe(1);
});

it('the bar never goes back and never past its end', () => {
  const told = [0.1, 0.4, 0.2, 0, 0.5, 1.2];
  expect(told.reduce<number[]>((all, p) => [...all, furthest(all.at(-1) ?? 0, p)], [])).toEqual([
    0.1, 0.4, 0.4, 0.4, 0.5, 1,
  ]);
});

it('a job is over in three states only', () => {
  expect((['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const).filter(isOver)).toEqual([
    'succeeded',
    'failed',
    'cancelled',
  ]);
});
