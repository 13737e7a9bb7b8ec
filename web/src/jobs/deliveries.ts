/** The files of a mix, put together by what they are for. */

import type { Artifact } from '../wire';

export type Delivery = { id: string; name: string; use: string; files: Artifact[] };

const GROUPS: { id: string; name: string; use: string; holds: (artifact: Artifact) => boolean }[] = [
  { id: 'master', name: 'Master', use: 'to release', holds: ({ kind }) => kind === 'master' },
  { id: 'mix', name: 'Mix', use: 'as it went into the mastering', holds: ({ kind }) => kind === 'mix' },
  { id: 'stems', name: 'Stems', use: 'processed, with fader and place', holds: ({ kind }) => kind === 'stem' },
  { id: 'session', name: 'Session', use: 'makes the same mix again', holds: ({ format }) => format === 'toml' },
  {
    id: 'reports',
    name: 'Reports',
    use: 'every number and every reason',
    holds: ({ kind, format }) => kind === 'report' && format !== 'toml',
  },
];

/** In the order in which they are wanted; what there is none of is left out, and so are listening copies. */
export function deliveries(artifacts: Artifact[]): Delivery[] {
  const mastered = artifacts.some(({ kind }) => kind === 'master');
  return GROUPS.map(({ id, name, use, holds }) => ({
    id,
    name,
    use: id === 'mix' && !mastered ? 'to be mastered' : use,
    files: artifacts.filter(holds),
  })).filter(({ files }) => files.length > 0);
}
