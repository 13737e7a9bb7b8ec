/** What the listener sees and steers: place, side, match, loop. Sound itself is made in `graph.ts`. */

import { announcer } from '../announce.svelte';
import { gain } from '../format';
import { Graph, type Pair } from './graph';
import { loadPair } from './load';
import { UNMATCHED, matchedGains, type Gains, type Side } from './match';
import type { SideNames } from './sides';
import { entry, positionAt, type Section } from './transport';

export type Source = {
  addresses: { original: string; master: string };
  rate: number;
  duration: number;
  loudness: { original: number | null; master: number | null };
  names: SideNames;
};

export class Player {
  /** Share of the listening copies that has arrived; 1 once they can be played. */
  loaded = $state(0);
  ready = $state(false);
  failure = $state<string | null>(null);
  playing = $state(false);
  side = $state<Side>('master');
  matching = $state(true);
  loop = $state.raw<Section | null>(null);
  position = $state(0);
  duration = $state(0);
  readonly matched: Gains | null;
  #pair: Pair | null = null;
  #graph: Graph | null = null;
  #abort = new AbortController();
  #frame = 0;

  constructor(readonly source: Source) {
    this.duration = source.duration;
    this.matched = matchedGains(source.loudness.original, source.loudness.master);
    void this.#load();
  }

  /** The gains in force, in dB, shown at all times. */
  get gains(): Gains {
    return this.matching && this.matched ? this.matched : UNMATCHED;
  }

  async #load(): Promise<void> {
    const { addresses, rate } = this.source;
    try {
      this.#pair = await loadPair(addresses, rate, (share) => (this.loaded = share), this.#abort.signal);
      this.duration = this.#pair.original.duration;
      this.ready = true;
    } catch (error) {
      if (!this.#abort.signal.aborted) this.failure = error instanceof Error ? error.message : String(error);
    }
  }

  toggle(): void {
    if (this.playing) this.pause();
    else void this.play();
  }

  async play(): Promise<void> {
    if (!this.#pair) return;
    this.#graph ??= new Graph(this.#pair, () => this.#ended());
    const from = this.#atEnd(this.position) ? 0 : this.position;
    this.playing = true;
    await this.#graph.start(entry(from, this.loop, this.duration), this.loop, this.side, this.gains);
    this.#follow();
  }

  pause(): void {
    this.#read();
    this.playing = false;
    this.#graph?.stop();
    cancelAnimationFrame(this.#frame);
  }

  seek(seconds: number): void {
    const wanted = Math.min(Math.max(0, seconds), this.duration);
    if (this.playing && this.#atEnd(wanted)) this.pause();
    this.position = wanted;
    if (this.playing) void this.play();
  }

  skip(seconds: number): void {
    this.#read();
    this.seek(this.position + seconds);
  }

  hear(side: Side): void {
    this.side = side;
    this.#graph?.hear(side, this.gains);
    announcer.say(`${this.source.names[side]}, ${gain(this.gains[side])}`);
  }

  toggleMatch(): void {
    this.matching = !this.matching;
    this.#graph?.hear(this.side, this.gains);
    announcer.say(this.matching ? 'Loudness matched' : 'Loudness not matched');
  }

  setLoop(loop: Section | null): void {
    this.#read();
    this.loop = loop;
    if (this.playing) void this.play();
  }

  close(): void {
    this.#abort.abort();
    cancelAnimationFrame(this.#frame);
    this.#graph?.close();
    this.#graph = null;
  }

  #atEnd(position: number): boolean {
    return position >= this.duration - 0.01;
  }

  #ended(): void {
    this.pause();
    this.position = 0;
  }

  #read(): void {
    const take = this.#graph?.take;
    if (take && this.#graph) this.position = positionAt(take, this.#graph.now, this.duration);
  }

  #follow = (): void => {
    cancelAnimationFrame(this.#frame);
    this.#read();
    if (this.playing) this.#frame = requestAnimationFrame(this.#follow);
  };
}
