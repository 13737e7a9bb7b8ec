/** The choices offered for a master, and what each is for. */

export type Target = { name: string; lufs: number; use: string };

/**
 * Playback levels as the services state them (Spotify, YouTube and Tidal −14, Apple Music −16 LUFS), the broadcast
 * target of EBU R 128, and two levels at which loud records are usually delivered.
 */
export const TARGETS: readonly Target[] = [
  { name: 'Streaming', lufs: -14, use: 'Spotify, YouTube, Tidal' },
  { name: 'Apple Music', lufs: -16, use: 'more room for dynamics' },
  { name: 'Loud', lufs: -10, use: 'dense rock and pop' },
  { name: 'Club', lufs: -8, use: 'beside other loud records' },
  { name: 'Broadcast', lufs: -23, use: 'radio and TV, EBU R 128' },
];

export const FORMAT_NAMES: Record<string, { name: string; use: string }> = {
  wav24: { name: 'WAV 24-bit', use: 'the one to keep' },
  wav16: { name: 'WAV 16-bit', use: 'for CD and distributors' },
  wav32f: { name: 'WAV 32-bit float', use: 'to go on working' },
  flac24: { name: 'FLAC 24-bit', use: 'the same, smaller' },
  flac16: { name: 'FLAC 16-bit', use: 'to share' },
  mp3_320: { name: 'MP3 320 kbit/s', use: 'to send around' },
  mp3_v0: { name: 'MP3 V0', use: 'the same, smaller' },
  vorbis_q8: { name: 'Ogg Vorbis', use: 'for games and the web' },
  json: { name: 'Report', use: 'every number, as JSON' },
};

export function formatName(format: string): string {
  return FORMAT_NAMES[format]?.name ?? format.toUpperCase();
}

export function targetName(lufs: number | undefined): string | null {
  return TARGETS.find((target) => target.lufs === lufs)?.name ?? null;
}
