import { describe, expect, it } from 'vitest';
import { furthest, isOver, sentence, steps } from './stages';

describe('the stages', () => {
  it('are done before the current one and to come after it', () => {
    expect(steps('analyse').map((s) => s.when)).toEqual(['done', 'done', 'now', 'later', 'later', 'later', 'later']);
    expect(steps(null).every((s) => s.when === 'later')).toBe(true);
  });

  it('are told in one sentence, with the place in the queue', () => {
    const queued = { state: 'queued', stage: null } as const;
    expect(sentence({ ...queued, queue_position: 2 })).toBe('Waiting: 2 jobs are ahead');
    expect(sentence({ ...queued, queue_position: 1 })).toBe('Waiting: 1 job is ahead');
    expect(sentence({ ...queued, queue_position: 0 })).toBe('Next in line');
    expect(sentence({ state: 'running', stage: 'certify', queue_position: null })).toBe('Measuring the master');
  });
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
