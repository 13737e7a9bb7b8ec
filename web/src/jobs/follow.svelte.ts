/** Follows one job to its end: events while they come, polling when the stream cannot be had. */

import { announcer } from '../announce.svelte';
import * as api from '../api';
import type { Job, Problem, Progress, Stage } from '../wire';
import { furthest, isOver, overall, sentence, standing } from './stages';

const POLL_MS = 3000;

export class FollowedJob {
  job = $state.raw<Job | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** What the bar shows; never falls. */
  shown = $state(0);
  #abort = new AbortController();
  #events: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly id: string) {
    void this.#refresh();
  }

  close(): void {
    this.#abort.abort();
    this.#stopListening();
  }

  async cancel(): Promise<void> {
    this.#take(await api.cancelJob(this.id));
  }

  async #refresh(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.#take(await api.job(this.id, this.#abort.signal));
      this.problem = null;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (error instanceof api.ApiError && error.status === 0 && this.job) this.#pollSoon();
      else this.problem = api.asProblem(error);
    }
  }

  #take(answer: Job): void {
    const job = { ...answer, stage: this.#stage(answer.kind, answer.stage, answer.attempt) };
    this.job = job;
    this.shown = furthest(this.shown, overall(job));
    announcer.say(sentence(job));
    if (isOver(job.state)) this.#stopListening();
    else this.#listen();
  }

  #listen(): void {
    if (this.#events) return;
    const events = new EventSource(api.eventsAddress(this.id));
    this.#events = events;
    for (const name of ['state', 'stage', 'progress']) {
      events.addEventListener(name, (event) => this.#hear(JSON.parse((event as MessageEvent<string>).data)));
    }
    // The browser connects again by itself, with Last-Event-ID, unless it was told for good that it cannot.
    events.onerror = () => {
      if (events.readyState !== EventSource.CLOSED) return;
      this.#events = null;
      this.#pollSoon();
    };
  }

  #hear(progress: Progress): void {
    if (!this.job) return;
    const { state, stage, attempt, queue_position } = progress;
    // Only the whole job has the artifacts, the deletion date and what went wrong.
    if (isOver(state)) return void this.#refresh();
    const shown = this.#stage(this.job.kind, stage, attempt);
    this.job = { ...this.job, state, stage: shown, progress: progress.progress, attempt, queue_position };
    this.shown = furthest(this.shown, overall(this.job));
    announcer.say(sentence(this.job));
  }

  /** A new attempt starts at the first stage again. */
  #stage(kind: string, stage: Stage | null, attempt: number): Stage | null {
    return standing(kind, stage, this.job?.attempt === attempt ? this.job.stage : null);
  }

  #pollSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#refresh(), POLL_MS);
  }

  #stopListening(): void {
    clearTimeout(this.#timer);
    this.#events?.close();
    this.#events = null;
  }
}
