/** The one place that speaks HTTP (uploads apart, which speak tus in `upload/session.svelte.ts`). */

import type { Deed, Failures, OpsJob, Queue, Retention, Worker } from './ops/wire';
import type { Act } from './ops/words';
import type {
  Account,
  ApiKey,
  AlbumReport,
  Capabilities,
  Credits,
  Erased,
  Job,
  JobState,
  MixReport,
  NewApiKey,
  NewJob,
  Order,
  Peaks,
  Policy,
  Preset,
  Problem,
  Quote,
  Receipt,
  Report,
  Session,
  Upload,
} from './wire';

/** An answer that was not a success, in the service's own words; status 0 when there was no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail ?? problem.title);
    this.name = 'ApiError';
  }
}

/** Says `signed-out` whenever the service answers that it does not know the caller (any more). */
export const signedOut = new EventTarget();

export const UNREACHABLE: Problem = {
  title: 'The service does not answer',
  detail: 'Nothing is lost. Check that it is running and that this computer is connected, then try again.',
  code: 'unreachable',
};

export function asProblem(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return { title: 'The page failed', detail: error instanceof Error ? error.message : String(error), code: 'page' };
}

/** Mails a link; the answer is the same for every address. */
export const askForLink = (email: string, age_confirmed: boolean, terms_version: string) =>
  post('/v1/sign-in', { email, age_confirmed, terms_version });
export const openSession = (token: string) => post('/v1/sessions', { token });
export const closeSession = () => request('DELETE', '/v1/sessions/current');
/** All of it, at once; `email` is the account's own address, typed by its owner. */
export const eraseAccount = (email: string) =>
  request('DELETE', '/v1/account', {
    body: JSON.stringify({ email }),
    headers: { 'Content-Type': 'application/json' },
  }) as Promise<Erased>;
export const account = () => get<Account>('/v1/account');
/** With an address a link is mailed there; with its token the account has it. */
export const correctAccount = (change: { email: string } | { token: string }) =>
  send<Account>('PATCH', '/v1/account', change);
export const sessions = async () => (await get<{ data: Session[] }>('/v1/sessions')).data;
export const endSession = (id: string) => request('DELETE', `/v1/sessions/${id}`);
export const apiKeys = async () => (await get<{ data: ApiKey[] }>('/v1/api-keys')).data;
export const makeApiKey = (name: string, scopes: string[], expires_in_days: number) =>
  post<NewApiKey>('/v1/api-keys', { name, scopes, expires_in_days });
export const revokeApiKey = (id: string) => request('DELETE', `/v1/api-keys/${id}`);
export const policies = async () => (await get<{ data: Policy[] }>('/v1/policies')).data;

export const capabilities = () => get<Capabilities>('/v1/capabilities');
export const presets = async () => (await get<{ data: Preset[] }>('/v1/presets')).data;

export const uploads = () => list<Upload>('/v1/uploads');
export const upload = (id: string, signal?: AbortSignal) => get<Upload>(`/v1/uploads/${id}`, signal);
export const uploadPeaks = (id: string, signal?: AbortSignal) => get<Peaks>(`/v1/uploads/${id}/peaks`, signal);
export const discardUpload = (id: string) =>
  request('DELETE', `/v1/uploads/${id}`, { headers: { 'Tus-Resumable': '1.0.0' } });

export const jobs = () => list<Job>('/v1/jobs');
export const job = (id: string, signal?: AbortSignal) => get<Job>(`/v1/jobs/${id}`, signal);
export const report = (id: string, signal?: AbortSignal) => get<Report>(`/v1/jobs/${id}/report`, signal);
export const albumReport = (id: string, signal?: AbortSignal) => get<AlbumReport>(`/v1/jobs/${id}/report`, signal);
export const mixReport = (id: string, signal?: AbortSignal) => get<MixReport>(`/v1/jobs/${id}/report`, signal);
export const cancelJob = (id: string) => post<Job>(`/v1/jobs/${id}/cancel`, {});
export const eraseJob = (id: string) => request('DELETE', `/v1/jobs/${id}`);

/** The same key for every try of one order, so that a lost answer never makes a second job. */
export const createJob = (order: NewJob, key: string) => post<Job>('/v1/jobs', order, { 'Idempotency-Key': key });

export const receipt = (id: string) => get<Receipt>(`/v1/receipts/${id}`);

/** What an order would cost; nothing is stored. */
export const quote = (order: Pick<NewJob, 'kind' | 'inputs'>) => post<Quote>('/v1/quotes', order);
export const credits = () => get<Credits>('/v1/credits');
export const order = (id: string, signal?: AbortSignal) => get<Order>(`/v1/orders/${id}`, signal);
/** Where a pack is paid, by somebody who said that they may. The same key is the same order. */
export const buy = (pack: string, key: string) => {
  const order = { pack, may_pay_confirmed: true };
  return post<{ id: string; url: string | null }>('/v1/checkouts', order, { 'Idempotency-Key': key });
};

export const eventsAddress = (id: string) => `/v1/jobs/${id}/events`;
export const reportAddress = (id: string) => `/v1/jobs/${id}/report`;
export const contentAddress = (id: string) => `/v1/artifacts/${id}/content`;
export const artifactPeaks = (id: string, signal?: AbortSignal) => get<Peaks>(`/v1/artifacts/${id}/peaks`, signal);

export const opsQueue = () => get<Queue>('/v1/ops/queue');
export const opsJobs = async (state: JobState) =>
  (await get<{ data: OpsJob[] }>(`/v1/ops/jobs?state=${state}&limit=50`)).data;
export const opsWorkers = async () => (await get<{ data: Worker[] }>('/v1/ops/workers?limit=50')).data;
export const opsFailures = () => get<Failures>('/v1/ops/failures');
export const opsRetention = () => get<Retention>('/v1/ops/retention');
export const opsAudit = async () => (await get<{ data: Deed[] }>('/v1/ops/audit?limit=10')).data;

/** Does what an operator wants; gives what came of it, where there is a choice. */
export async function opsAct({ action, job }: Act, reason: string): Promise<string | null> {
  const path = job ? `/v1/ops/jobs/${job}/${action}` : `/v1/ops/${action}`;
  return (await post<{ outcome?: string }>(path, { reason })).outcome ?? null;
}

/** A fresh idempotency key. `randomUUID` is absent on plain HTTP off loopback, so this asks for bytes instead. */
export function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request('GET', path, signal ? { signal } : {}) as Promise<T>;
}

const ROWS_MAX = 500;

/** Newest first, stretch after stretch, up to a bound that keeps the page quick. */
async function list<T>(path: string): Promise<T[]> {
  const rows: T[] = [];
  for (let next: string | null = `${path}?limit=100`; next && rows.length < ROWS_MAX; ) {
    const stretch: { data: T[]; next: string | null } = await get(next);
    rows.push(...stretch.data);
    next = stretch.next;
  }
  return rows;
}

function post<T>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  return send('POST', path, body, headers);
}

function send<T>(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<T> {
  const json = { 'Content-Type': 'application/json', ...headers };
  return request(method, path, { body: JSON.stringify(body), headers: json }) as Promise<T>;
}

async function request(method: string, path: string, init: RequestInit = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, { method, credentials: 'same-origin', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, UNREACHABLE);
  }
  const json = /\bjson\b/.test(response.headers.get('Content-Type') ?? '');
  const body: unknown = json ? await response.json() : null;
  if (response.ok) return body;
  if (response.status === 401) signedOut.dispatchEvent(new Event('signed-out'));
  throw new ApiError(response.status, (body as Problem | null) ?? { title: `The service answered ${response.status}` });
}
