/**
 * The audio graph of the comparison. Original and master play at once, started at the same context time and from the
 * same frame, each through a gain of its own; listening to the other one only moves those two gains. So a switch
 * cannot move the playhead, and the two can never drift apart.
 *
 *   original source ─ gain (fade × match) ─┐
 *                                          ├─ gain of the take ─ out
 *   master source ─── gain (fade × match) ─┘
 */

import { correlation, equalPowerFade } from './crossfade';
import { linear, type Gains, type Side } from './match';
import type { Section, Take } from './transport';

const FADE_S = 0.01;
const FADE_STEPS = 65;
/** Room between scheduling and sounding, so that both sources are ready when their time comes. */
const START_AHEAD_S = 0.005;
/** Every 37th frame is plenty to see how alike the two are, and prime against common periods. */
const CORRELATION_STRIDE = 37;

export type Pair = Record<Side, AudioBuffer>;
const SIDES: Side[] = ['original', 'master'];

type Voice = { source: AudioBufferSourceNode; gain: GainNode };
type Playing = { take: Take; out: GainNode; voices: Record<Side, Voice> };

export class Graph {
  readonly duration: number;
  #context: AudioContext;
  #fade: { rising: Float32Array; falling: Float32Array };
  #playing: Playing | null = null;
  /** Counts starts and stops, so that a start that waited for the sound card knows whether it is still wanted. */
  #turn = 0;

  constructor(
    readonly pair: Pair,
    readonly onEnd: () => void,
  ) {
    const { original, master } = pair;
    this.duration = Math.min(original.duration, master.duration);
    this.#context = new AudioContext({ sampleRate: original.sampleRate, latencyHint: 'interactive' });
    this.#fade = equalPowerFade(correlation(planes(original), planes(master), CORRELATION_STRIDE), FADE_STEPS);
  }

  get now(): number {
    return this.#context.currentTime;
  }

  get take(): Take | null {
    return this.#playing?.take ?? null;
  }

  /** Starts both sources together. Must follow a key or a click, or the browser keeps the context silent. */
  async start(from: number, loop: Section | null, audible: Side, gains: Gains): Promise<void> {
    this.stop();
    const turn = this.#turn;
    if (this.#context.state !== 'running') await this.#context.resume();
    if (turn !== this.#turn) return;
    const at = this.now + START_AHEAD_S;
    const out = this.#context.createGain();
    out.connect(this.#context.destination);
    out.gain.setValueCurveAtTime(this.#fade.rising, at, FADE_S);
    const voice = (side: Side) => this.#voice(side, out, at, from, loop, side === audible ? linear(gains[side]) : 0);
    const playing = { take: { at, from, loop }, out, voices: { original: voice('original'), master: voice('master') } };
    this.#playing = playing;
    playing.voices.original.source.onended = () => {
      if (this.#playing === playing) this.onEnd();
    };
  }

  /** Fades out and lets go of the sources. Silent already: nothing happens. */
  stop(): void {
    this.#turn += 1;
    const playing = this.#playing;
    if (!playing) return;
    this.#playing = null;
    const at = this.now;
    const level = playing.out.gain.value;
    playing.out.gain.cancelScheduledValues(at);
    playing.out.gain.setValueCurveAtTime(this.#fade.falling.map((f) => f * level), at, FADE_S);
    for (const side of SIDES) playing.voices[side].source.stop(at + FADE_S);
    playing.voices.original.source.onended = () => playing.out.disconnect();
  }

  /** Moves the ear from one side to the other within one fade. The sources know nothing of it. */
  hear(audible: Side, gains: Gains): void {
    if (!this.#playing) return;
    for (const side of SIDES) this.#fadeTo(this.#playing.voices[side], side === audible ? linear(gains[side]) : 0);
  }

  close(): void {
    this.stop();
    void this.#context.close();
  }

  #voice(side: Side, out: GainNode, at: number, from: number, loop: Section | null, level: number): Voice {
    const gain = this.#context.createGain();
    gain.gain.value = level;
    gain.connect(out);
    const source = this.#context.createBufferSource();
    source.buffer = this.pair[side];
    if (loop) Object.assign(source, { loop: true, loopStart: loop.start, loopEnd: loop.end });
    source.connect(gain);
    source.start(at, from);
    return { source, gain };
  }

  #fadeTo({ gain }: Voice, target: number): void {
    const from = gain.gain.value;
    if (from === target) return;
    const [rising, falling] = [this.#fade.rising, this.#fade.falling];
    const curve = falling.map((f, i) => f * from + (rising[i] as number) * target);
    gain.gain.cancelScheduledValues(this.now);
    gain.gain.setValueCurveAtTime(curve, this.now, FADE_S);
  }
}

function planes(buffer: AudioBuffer): Float32Array[] {
  return Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i));
}
