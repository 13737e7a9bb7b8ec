/** Which screen the address names, and how to go to another without loading the page anew. */

import type { JobState } from './wire';

/** The states that operators look at. */
export const OPS_STATES = ['running', 'queued', 'failed'] as const satisfies JobState[];

export type Route =
  | { page: 'home' }
  | { page: 'sign-in'; token: string }
  /** `token` proves a new address; empty otherwise. */
  | { page: 'account'; token: string }
  | { page: 'terms' }
  | { page: 'privacy' }
  | { page: 'upload'; id: string }
  | { page: 'album'; uploads: string[] }
  /** `from` is a mix to be made again. */
  | { page: 'mix'; uploads: string[]; from: string | null }
  | { page: 'job'; id: string }
  | { page: 'erase' }
  /** `order` is one that was just paid for. */
  | { page: 'credits'; order: string | null }
  /** `state` is of the jobs that are listed. */
  | { page: 'ops'; state: JobState }
  | { page: 'unknown' };

export function parseRoute(path: string, hash: string, query = ''): Route {
  if (path === '/') return { page: 'home' };
  if (path === '/sign-in') return { page: 'sign-in', token: hash.replace(/^#/, '') };
  if (path === '/account') return { page: 'account', token: hash.replace(/^#/, '') };
  if (path === '/account/erase') return { page: 'erase' };
  if (path === '/terms' || path === '/privacy') return { page: path === '/terms' ? 'terms' : 'privacy' };
  if (path === '/credits') return { page: 'credits', order: new URLSearchParams(query).get('order') };
  if (path === '/album') return { page: 'album', uploads: hash.replace(/^#/, '').split(',').filter(Boolean) };
  if (path === '/mix') {
    const ids = hash.replace(/^#/, '').split(',').filter(Boolean);
    return { page: 'mix', uploads: ids, from: ids.find((id) => id.startsWith('job_')) ?? null };
  }
  if (path === '/ops') {
    const state = OPS_STATES.find((one) => hash === `#${one}`) ?? 'running';
    return { page: 'ops', state };
  }
  const [, page, id] = /^\/(uploads|jobs)\/([\w-]+)$/.exec(path) ?? [];
  if (page && id) return { page: page === 'jobs' ? 'job' : 'upload', id };
  return { page: 'unknown' };
}

class Router {
  current = $state.raw<Route>(parseRoute(location.pathname, location.hash, location.search));

  constructor() {
    window.addEventListener('popstate', () => this.#read());
    window.addEventListener('hashchange', () => this.#read());
  }

  go(path: string): void {
    history.pushState(null, '', path);
    this.#read();
    window.scrollTo(0, 0);
  }

  /** For an address that should not be returned to: a used link, a screen that turned into another. */
  replace(path: string): void {
    history.replaceState(null, '', path);
    this.#read();
  }

  #read(): void {
    this.current = parseRoute(location.pathname, location.hash, location.search);
  }
}

export const router = new Router();
