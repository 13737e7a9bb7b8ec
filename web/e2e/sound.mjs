// Short sounds, made here, as WAV files of 16 bits in memory.

export const RATE = 44_100;

/** `sample(second, channel)` gives full scale ±1. */
export function wav(seconds, channels, sample) {
  const frames = Math.round(RATE * seconds);
  const bytes = frames * channels * 2;
  const file = Buffer.alloc(44 + bytes);
  file.write('RIFF\0\0\0\0WAVEfmt ', 0, 'latin1');
  [[36 + bytes, 4], [16, 16], [RATE, 24], [RATE * channels * 2, 28]].forEach(([value, at]) => file.writeUInt32LE(value, at));
  [[1, 20], [channels, 22], [channels * 2, 32], [16, 34]].forEach(([value, at]) => file.writeUInt16LE(value, at));
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(bytes, 40);
  for (let i = 0; i < frames; i += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      const value = Math.max(-1, Math.min(1, sample(i / RATE, channel)));
      file.writeInt16LE(Math.round(value * 32_767), 44 + (i * channels + channel) * 2);
    }
  }
  return file;
}

/** The same noise every time. */
export function noise(seed = 1) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 1_073_741_824 - 1;
  };
}

/** Some seconds of noise that swells. */
export function shortSong(seconds, level) {
  const next = noise();
  return wav(seconds, 2, (t) => next() * level * (0.6 + 0.4 * Math.sin(2 * t)));
}

const tone = (hertz, t) => Math.sin(2 * Math.PI * hertz * t);
/** A tone with overtones that fall off. */
const string = (hertz, t) => [1, 2, 3, 4, 5, 6].reduce((sum, n) => sum + tone(hertz * n, t) / n, 0) / 2;
const beat = (t, every) => t % every;

/** How far below full scale stems come: their plain sum is quieter than any master. */
const HEADROOM = 0.35;

/** Four stems of one bar that repeats: enough to be told apart by ear and by name. */
export function stems(seconds) {
  const hit = noise(7);
  const air = noise(11);
  const parts = {
    'Demo_01 Kick.wav': [1, (t) => 0.8 * tone(55 + 60 * Math.exp(-40 * beat(t, 0.5)), t) * Math.exp(-9 * beat(t, 0.5))],
    'Demo_02 Bass.wav': [1, (t) => 0.4 * string(t % 4 < 2 ? 55 : 73.4, t) * Math.exp(-2 * beat(t, 0.25))],
    'Demo_03 Keys.wav': [2, (t, side) => 0.08 * [220, 277.2, 329.6].reduce((sum, f) => sum + string(f * (1 + 0.002 * side), t), 0)],
    'Demo_10 Snare.wav': [1, (t) => (0.5 * hit() + 0.3 * tone(190, t)) * Math.exp(-18 * beat(t + 0.5, 1)) + 0.001 * air()],
  };
  return Object.entries(parts).map(([name, [channels, sample]]) => ({
    name,
    mimeType: 'audio/wav',
    buffer: wav(seconds, channels, (t, side) => HEADROOM * sample(t, side)),
  }));
}
