/**
 * One song on its way: sent by tus, paused, resumed, retried, then watched while the service checks it.
 * It outlives the screen that started it, so going back and forth never interrupts an upload.
 */

import { DetailedError, Upload as Tus } from 'tus-js-client';
import { announcer } from '../announce.svelte';
import * as api from '../api';
import type { Problem, Upload } from '../wire';
import { mayRetry, retryDelay } from './retry';
import { Speed } from './speed';

/** Small enough that little is sent twice after a break, large enough that requests do not slow a fast line. */
const CHUNK_BYTES = 16 * 1024 * 1024;
const CHECK_POLL_MS = 700;
const AWAY_POLL_MS = 3000;

export type Phase = 'starting' | 'sending' | 'paused' | 'waiting' | 'failed' | 'sent';

export class UploadSession {
  phase = $state<Phase>('starting');
  id = $state<string | null>(null);
  sent = $state(0);
  bytesPerSecond = $state<number | null>(null);
  /** When the next try is due, in milliseconds of `Date.now()`; only while `waiting`. */
  retryAt = $state(0);
  problem = $state.raw<Problem | null>(null);
  #speed = new Speed();
  #tus: Tus;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly file: File,
    onId: (id: string) => void,
  ) {
    this.#tus = new Tus(file, {
      endpoint: '/v1/uploads',
      metadata: { filename: file.name, filetype: file.type || 'application/octet-stream' },
      chunkSize: CHUNK_BYTES,
      retryDelays: null,
      removeFingerprintOnSuccess: true,
      onUploadUrlAvailable: () => {
        this.id = new URL(this.#tus.url ?? '', location.href).pathname.split('/').pop() ?? null;
        if (this.id) onId(this.id);
      },
      onProgress: (sent) => this.#progress(sent),
      onSuccess: () => {
        this.phase = 'sent';
        announcer.say('Upload complete. Checking the song.');
      },
      onError: (error) => this.#broken(error),
    });
    window.addEventListener('online', this.#online);
    void this.#begin();
  }

  pause(): void {
    clearTimeout(this.#timer);
    this.phase = 'paused';
    void this.#tus.abort();
    announcer.say('Upload paused');
  }

  resume(): void {
    clearTimeout(this.#timer);
    this.phase = 'sending';
    this.problem = null;
    this.#speed.reset();
    this.#tus.start();
  }

  /** Stops and deletes what was received so far. */
  async discard(): Promise<void> {
    this.close();
    await this.#tus.abort(true);
  }

  close(): void {
    clearTimeout(this.#timer);
    window.removeEventListener('online', this.#online);
    void this.#tus.abort();
  }

  /** The same file (name, size, date, type) that was begun before in this browser goes on where it stopped. */
  async #begin(): Promise<void> {
    const [previous] = await this.#tus.findPreviousUploads();
    if (previous) this.#tus.resumeFromPreviousUpload(previous);
    this.resume();
  }

  #progress(sent: number): void {
    this.#attempt = 0;
    this.sent = sent;
    this.#speed.add(sent, performance.now());
    this.bytesPerSecond = this.#speed.bytesPerSecond();
  }

  #broken(error: Error | DetailedError): void {
    const response = error instanceof DetailedError ? error.originalResponse : null;
    if (!mayRetry(response?.getStatus() ?? null)) {
      this.problem = readProblem(response?.getBody()) ?? { title: 'The upload was refused', detail: error.message };
      this.phase = 'failed';
      announcer.say(this.problem.title);
      return;
    }
    this.#attempt += 1;
    const delay = retryDelay(this.#attempt) * 1000;
    this.retryAt = Date.now() + delay;
    this.phase = 'waiting';
    if (this.#attempt === 1) announcer.say('The connection was lost. The upload goes on by itself.');
    this.#timer = setTimeout(() => this.resume(), delay);
  }

  #online = (): void => {
    if (this.phase === 'waiting') this.resume();
  };
}

function readProblem(body: string | undefined): Problem | null {
  try {
    return JSON.parse(body ?? '') as Problem;
  } catch {
    return null;
  }
}

/** Asks for the upload until its check is over; `onChange` hears every answer. Stops when `signal` says so. */
export async function watchCheck(id: string, onChange: (upload: Upload) => void, signal: AbortSignal): Promise<void> {
  for (;;) {
    const upload = await api.upload(id, signal).catch(unlessAway);
    if (upload) {
      onChange(upload);
      const complete = upload.state === 'receiving' && upload.received_bytes === upload.size_bytes;
      if (upload.state !== 'checking' && !complete) return;
    }
    await new Promise((resolve) => setTimeout(resolve, upload ? CHECK_POLL_MS : AWAY_POLL_MS));
    signal.throwIfAborted();
  }
}

/** A service that is away for a moment is asked again; any other answer is the caller's. */
function unlessAway(error: unknown): null {
  if (error instanceof api.ApiError && mayRetry(error.status)) return null;
  throw error;
}

class Sessions {
  all = $state.raw<UploadSession[]>([]);

  start(file: File, onId: (id: string) => void): UploadSession {
    const session = new UploadSession(file, onId);
    this.all = [...this.all, session];
    return session;
  }

  find(id: string): UploadSession | null {
    return this.all.find((session) => session.id === id) ?? null;
  }

  /** Lets go of a song that is in or given up; what the service has of it stays there. */
  forget(session: UploadSession): void {
    session.close();
    this.all = this.all.filter((other) => other !== session);
  }

  forgetAll(): void {
    this.all.forEach((session) => session.close());
    this.all = [];
  }
}

export const sessions = new Sessions();

/** What the file picker offers first. The service looks inside: a name proves nothing. */
export const ACCEPT = '.wav,.wave,.rf64,.bw64,.w64,.aif,.aiff,.flac,.m4a,.mp3,.ogg,.oga,.aac,audio/*';
