// What a queue in trouble looks like: answers of `/v1/ops` that a test gives in place of the service.

const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
export const id = (n) => `job_${String(n).padStart(26, '0')}`;

export function troubled() {
  const workers = [
    {
      name: 'w-1f3a9c02', version: '0.1.0', slots: 2, is_silent: false, started_at: ago(7200), seen_at: ago(2),
      running: [
        { id: id(1), kind: 'mix_and_master', stage: 'mix', progress: 0.4, attempt: 1, since: ago(40) },
        { id: id(2), kind: 'master', stage: 'encode', progress: 0.8, attempt: 2, since: ago(9) },
      ],
    },
    { name: 'w-77b0d6ee', version: '0.1.0', slots: 1, is_silent: true, started_at: ago(90_000), seen_at: ago(340), running: [] },
  ];
  const job = (n, more) => ({
    id: id(n), account: `acc_${'0'.repeat(26)}`, kind: 'master', state: 'queued', stage: null, progress: 0, worker: null,
    attempt: 0, created_at: ago(330), not_before: ago(330), finished_at: null, problem_code: null, ...more,
  });
  const deed = (seq, more) => ({
    seq, at: ago(600 * seq), actor: `acc_${'0'.repeat(26)}`, action: 'retry', job: id(seq), reason: 'its owner asked for it',
    outcome: 'again', hash: '00'.repeat(32), ...more,
  });
  return {
    queue: {
      pause: { since: ago(200), by: 'terminal', reason: 'the disk of the second host is being changed' },
      waiting: 14, waiting_by_kind: [{ kind: 'master', waiting: 11 }, { kind: 'mix', waiting: 3 }], backing_off: 2,
      checks_waiting: 1, running: 2, oldest_wait_s: 331.4, typical_run_s: 6.2, ordered_per_minute: 8.4, ended_per_minute: 3.2,
      measured_jobs: 212, wait: { p50_s: 4.2, p95_s: 141 }, run: { p50_s: 6.4, p95_s: 38.9 }, workers: workers.slice(0, 1),
    },
    jobs: {
      running: [
        job(1, { kind: 'mix_and_master', state: 'running', stage: 'mix', progress: 0.4, attempt: 1, worker: 'w-1f3a9c02', not_before: null }),
        job(2, { state: 'running', stage: 'encode', progress: 0.8, attempt: 2, worker: 'w-1f3a9c02', not_before: null }),
      ],
      queued: [job(3, {}), job(4, { attempt: 3, not_before: ago(-45) })],
      failed: [job(5, { state: 'failed', attempt: 3, not_before: null, finished_at: ago(4000), problem_code: 'job_quarantined' })],
    },
    workers,
    failures: {
      since: ago(7 * 86_400), jobs: 23, has_more: false,
      groups: [
        { code: 'audio_silent', stage: 'decode', fault: 'input', kind: 'master', count: 17, first_at: ago(500_000), last_at: ago(900), sample: id(6) },
        { code: 'job_quarantined', stage: null, fault: 'ours', kind: 'mix_and_master', count: 5, first_at: ago(90_000), last_at: ago(4000), sample: id(5) },
        { code: 'disk_full', stage: 'deliver', fault: 'ours', kind: 'check', count: 1, first_at: ago(4000), last_at: ago(4000), sample: id(7) },
      ],
    },
    retention: {
      jobs_overdue: { count: 3, has_more: false, earliest: ago(180_000) },
      uploads_overdue: { count: 0, has_more: false, earliest: null },
      jobs_due_within_a_day: { count: 41, has_more: false, earliest: ago(-4000) },
      uploads_due_within_a_day: { count: 10_000, has_more: true, earliest: ago(-100) },
      doomed_blobs_waiting: { count: 0, has_more: false, earliest: null },
      reaper: { ticked_at: ago(20), frozen_since: ago(7200), frozen_because: 'the clock was set by +11232000 s while the machine ran', places_stuck: 1 },
    },
    audit: [deed(3, {}), deed(2, { action: 'pause', job: null, actor: 'terminal', outcome: 'done', reason: 'the disk of the second host is being changed' }), deed(1, { action: 'cancel', outcome: 'done' })],
  };
}

/** Answers every look of the page with `state`, and every act with what `onact` gives. */
export async function answerWith(page, state, onact) {
  await page.route('**/v1/ops/**', async (route) => {
    const { pathname, searchParams } = new URL(route.request().url());
    const name = pathname.replace('/v1/ops/', '');
    if (route.request().method() === 'POST') return route.fulfill(onact(name, route.request().postDataJSON()));
    const rows = { jobs: state.jobs[searchParams.get('state')], workers: state.workers, audit: state.audit }[name];
    await route.fulfill({ json: rows ? { data: rows, next: null } : state[name] });
  });
}
