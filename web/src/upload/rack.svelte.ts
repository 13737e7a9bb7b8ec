/**
 * The stems of the mix that is being set up: files waiting, on their way, being checked. It outlives its screen, so
 * going back and forth never interrupts an upload.
 */

import { announcer } from '../announce.svelte';
import * as api from '../api';
import { byName, newStem, takeAnswer, type StemEntry } from '../jobs/stems';
import type { Upload } from '../wire';
import { sessions, type UploadSession } from './session.svelte';

/** A browser keeps six connections to one host: some are left for everything else. */
const SIDE_BY_SIDE = 3;
const LOOK_MS = 400;
/** Every how many looks the service is asked. */
const ASK_EVERY = 3;

export class StemRack {
  stems = $state<StemEntry[]>([]);
  /** Stems that wait for the connection to come back. */
  away = $state(false);
  #files = new Map<number, File>();
  #sessions = new Map<number, UploadSession>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #next = 1;
  #looks = 0;

  nextKey(): number {
    return this.#next++;
  }

  /** Takes as many files as there is room for, and says how many it left. */
  take(files: File[], max: number): number {
    let left = 0;
    for (const file of files) {
      const begun = this.stems.find(({ state, name }) => state === 'interrupted' && name === file.name);
      if (!begun && this.stems.length >= max) {
        left += 1;
        continue;
      }
      const key = begun?.key ?? this.nextKey();
      if (begun) begun.state = 'queued';
      else this.stems.push(newStem(key, file.name));
      this.#files.set(key, file);
    }
    this.stems.sort(byName);
    this.#lookSoon(0);
    return left;
  }

  /** Uploads that are here already, as many as there is room for. */
  add(uploads: Upload[], max: number): void {
    for (const upload of uploads.slice(0, max - this.stems.length)) {
      const entry = newStem(this.nextKey(), upload.name, upload.id);
      takeAnswer(entry, upload);
      this.stems.push(entry);
    }
    this.stems.sort(byName);
    this.#lookSoon(0);
  }

  /** Instead of those that are there. */
  put(stems: StemEntry[]): void {
    this.stems = stems.sort(byName);
    this.#next = Math.max(this.#next, ...stems.map(({ key }) => key + 1));
    this.#lookSoon(0);
  }

  /** What was on its way is given up; what is here stays with the service. */
  remove(entry: StemEntry): void {
    this.#files.delete(entry.key);
    const session = this.#sessions.get(entry.key);
    this.#sessions.delete(entry.key);
    if (session) {
      void session.discard().catch(() => {}); // What cannot be discarded now goes by itself after its time.
      sessions.forget(session);
    }
    this.stems = this.stems.filter(({ key }) => key !== entry.key);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#files.clear();
    for (const session of this.#sessions.values()) sessions.forget(session);
    this.#sessions.clear();
    this.stems = [];
    this.away = false;
  }

  #lookSoon(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), delay);
  }

  async #look(): Promise<void> {
    const before = this.#count('ready');
    for (const entry of this.stems) this.#followSession(entry);
    this.#startNext();
    this.#looks += 1;
    if (this.#looks % ASK_EVERY === 0 && this.#count('checking') > 0) await this.#ask();
    if (before < this.stems.length && this.stems.length > 0 && this.#count('ready') === this.stems.length) {
      announcer.say(`All ${this.stems.length} stems are here and checked`);
    }
    if (this.#count('queued', 'uploading', 'checking') > 0) this.#lookSoon(LOOK_MS);
  }

  #count(...states: StemEntry['state'][]): number {
    return this.stems.filter(({ state }) => states.includes(state)).length;
  }

  #followSession(entry: StemEntry): void {
    const session = this.#sessions.get(entry.key);
    if (!session) return;
    entry.id = session.id;
    entry.share = session.file.size > 0 ? session.sent / session.file.size : 0;
    if (session.phase === 'sent' && session.id) entry.state = 'checking';
    else if (session.phase === 'failed') {
      entry.state = 'failed';
      entry.complaint = session.problem?.detail ?? session.problem?.title ?? 'The upload was refused.';
    } else return;
    this.#sessions.delete(entry.key);
    sessions.forget(session);
  }

  #startNext(): void {
    for (const entry of this.stems) {
      if (this.#sessions.size >= SIDE_BY_SIDE) break;
      const file = this.#files.get(entry.key);
      if (!file) continue;
      this.#files.delete(entry.key);
      entry.state = 'uploading';
      this.#sessions.set(entry.key, sessions.start(file, () => {}));
    }
    this.away = [...this.#sessions.values()].some(({ phase }) => phase === 'waiting');
  }

  async #ask(): Promise<void> {
    try {
      const uploads = await api.uploads();
      for (const entry of this.stems) {
        if (entry.state === 'checking') takeAnswer(entry, uploads.find(({ id }) => id === entry.id));
      }
    } catch {
      // A service that is away for a moment is asked again.
    }
  }
}
