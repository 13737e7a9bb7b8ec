/** Giving an order: once, however often the answer is lost, and with every complaint at its field. */

import { tick } from 'svelte';
import * as api from '../api';
import type { FieldError, Job, NewJob, Problem } from '../wire';
import { newDraft, type Draft } from './draft';

/** Where a complaint has a field of its own: an album's tracks have none. */
const AT_A_FIELD = /^\/(recipe|references)\//;
const AT_A_STEM = /^\/inputs\/\d+\//;

export class Ordering {
  draft = $state<Draft>(newDraft());
  busy = $state(false);
  refusal = $state.raw<Problem | null>(null);
  #errors = $state.raw<FieldError[]>([]);
  /** What `#errors` speak of; they go as soon as it is changed. */
  #refused = $state('');
  /** The order as last sent and its key: sending the same again is the same order. */
  #sent = { body: '', key: '' };

  readonly errors = $derived.by(() => (this.#whole() === this.#refused ? this.#errors : []));

  /** `stems`, for a mix: the order with what is said about each. */
  constructor(readonly stems: (() => NewJob) | null = null) {}

  #whole(): string {
    return JSON.stringify(this.stems ? this.stems() : this.draft);
  }

  startAnew(): void {
    this.draft = newDraft();
    this.refusal = null;
    this.#errors = [];
    this.#sent = { body: '', key: '' };
  }

  /** The job, or `null` when it was refused; what was wrong is in `errors` and `refusal` then. */
  async give(order: NewJob): Promise<Job | null> {
    const body = JSON.stringify(order);
    if (body !== this.#sent.body) this.#sent = { body, key: api.freshKey() };
    this.busy = true;
    this.refusal = null;
    try {
      return await api.createJob(order, this.#sent.key);
    } catch (error) {
      const answer = api.asProblem(error);
      const placed = ({ pointer }: FieldError) => AT_A_FIELD.test(pointer) || (this.stems && AT_A_STEM.test(pointer));
      this.#errors = (answer.errors ?? []).filter(placed);
      this.#refused = this.#whole();
      if (this.#errors.length === 0) this.refusal = answer;
      await tick();
      document.querySelector<HTMLElement>('[aria-invalid=true], [data-wrong]')?.focus();
      return null;
    } finally {
      this.busy = false;
    }
  }
}
