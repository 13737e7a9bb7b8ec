import { expect, test } from 'vitest';
import { deliveries } from './deliveries';
import type { Artifact } from '../wire';

const file = (kind: Artifact['kind'], format: string) => ({ id: `${kind} ${format}`, kind, format }) as Artifact;

test('files come grouped by what they are for, listening copies left out', () => {
  const all = [
    file('report', 'json'),
    file('stem', 'wav32f'),
    file('preview', 'flac16'),
    file('report', 'toml'),
    file('mix', 'wav32f'),
    file('report', 'html'),
    file('master', 'wav24'),
  ];
  expect(deliveries(all).map(({ id, files }) => [id, files.map(({ format }) => format)])).toEqual([
    ['master', ['wav24']],
    ['mix', ['wav32f']],
    ['stems', ['wav32f']],
    ['session', ['toml']],
    ['reports', ['json', 'html']],
  ]);
});

test('a mix without a master is not said to have been mastered', () => {
  expect(deliveries([file('mix', 'wav24')])).toMatchObject([{ id: 'mix', use: 'to be mastered' }]);
});
