/** The operators' view, looked at again and again while somebody looks at it. */

import * as api from '../api';
import type { JobState, Problem } from '../wire';
import type { Deed, Failures, OpsJob, Queue, Retention, Worker } from './wire';

/** What moves by the second, and what moves slowly. */
const OFTEN_MS = 2000;
const SELDOM_MS = 10_000;

export class Watch {
  queue = $state.raw<Queue | null>(null);
  jobs = $state.raw<OpsJob[]>([]);
  workers = $state.raw<Worker[]>([]);
  failures = $state.raw<Failures | null>(null);
  retention = $state.raw<Retention | null>(null);
  audit = $state.raw<Deed[]>([]);
  /** When the figures were true. */
  at = $state.raw<Date | null>(null);
  problem = $state.raw<Problem | null>(null);
  #state: JobState = 'running';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #seldomAt = 0;
  #isOver = false;
  /** Of the look that is under way: one that was overtaken must not put old rows back. */
  #look = 0;

  /** Looks on until the returned function is called. A page that nobody sees does not ask. */
  start(state: JobState): () => void {
    this.#state = state;
    this.#isOver = false;
    const seen = () => document.visibilityState === 'visible' && void this.look();
    document.addEventListener('visibilitychange', seen);
    void this.look();
    return () => {
      this.#isOver = true;
      this.#look += 1;
      clearTimeout(this.#timer);
      document.removeEventListener('visibilitychange', seen);
    };
  }

  /** Looks at once, at everything if `all`. */
  async look(all = false): Promise<void> {
    clearTimeout(this.#timer);
    const look = ++this.#look;
    const isSeldom = all || Date.now() - this.#seldomAt >= SELDOM_MS;
    try {
      const often = Promise.all([api.opsQueue(), api.opsJobs(this.#state), api.opsWorkers()]);
      const seldom = isSeldom ? Promise.all([api.opsFailures(), api.opsRetention(), api.opsAudit()]) : null;
      const [[queue, jobs, workers], slow] = await Promise.all([often, seldom]);
      if (look !== this.#look) return;
      [this.queue, this.jobs, this.workers] = [queue, jobs, workers];
      if (slow) {
        [this.failures, this.retention, this.audit] = slow;
        this.#seldomAt = Date.now();
      }
      [this.at, this.problem] = [new Date(), null];
    } catch (error) {
      if (look !== this.#look) return;
      this.problem = api.asProblem(error);
    }
    if (!this.#isOver && document.visibilityState === 'visible') {
      this.#timer = setTimeout(() => void this.look(), OFTEN_MS);
    }
  }
}
