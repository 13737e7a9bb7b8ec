/** Giving an order: once, however often the answer is lost, and with every complaint at its field. */

import { tick } from 'svelte';
import * as api from '../api';
import type { FieldError, Job, NewJob, Problem } from '../wire';
import { newDraft, type Draft } from './draft';

export class Ordering {
  draft = $state<Draft>(newDraft());
  busy = $state(false);
  refusal = $state.raw<Problem | null>(null);
  #errors = $state.raw<FieldError[]>([]);
  /** The draft that `#errors` speak of; they go as soon as it is changed. */
  #refused = $state('');
  /** The order as last sent and its key: sending the same again is the same order. */
  #sent = { body: '', key: '' };

  readonly errors = $derived(JSON.stringify(this.draft) === this.#refused ? this.#errors : []);

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
      this.#errors = (answer.errors ?? []).filter(({ pointer }) => /^\/(recipe|references)\//.test(pointer));
      this.#refused = JSON.stringify(this.draft);
      if (this.#errors.length === 0) this.refusal = answer;
      await tick();
      document.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
      return null;
    } finally {
      this.busy = false;
    }
  }
}
