/** Where the playhead is, as plain arithmetic on the clock of the audio graph. */

/** A section of the song in seconds, `start < end`. */
export type Section = { start: number; end: number };

/** Both sources were started at `at` (context time) from `from` (song time). */
export type Take = { at: number; from: number; loop: Section | null };

/** The shortest section worth repeating; anything less is a slip of the hand. */
export const LOOP_MIN_S = 0.25;

/** Song time at context time `now`: wraps inside the loop, otherwise stops at the end. */
export function positionAt(take: Take, now: number, duration: number): number {
  const reached = take.from + Math.max(0, now - take.at);
  if (!take.loop || reached < take.loop.end) return Math.min(reached, duration);
  const length = take.loop.end - take.loop.start;
  return take.loop.start + ((reached - take.loop.start) % length);
}

/** Where to start so that the loop is obeyed: a playhead outside of it goes to its start. */
export function entry(position: number, loop: Section | null, duration: number): number {
  const inside = Math.min(Math.max(0, position), duration);
  if (!loop) return inside;
  return inside >= loop.start && inside < loop.end ? inside : loop.start;
}

/** A section from two places in any order, inside the song; `null` when it is too short to be meant. */
export function section(a: number, b: number, duration: number): Section | null {
  const [start, end] = [Math.max(0, Math.min(a, b)), Math.min(duration, Math.max(a, b))];
  return end - start >= LOOP_MIN_S ? { start, end } : null;
}
