/** Bytes per second over the last few seconds, so that a stall shows soon and a burst does not jump. */

const WINDOW_MS = 5000;

export class Speed {
  #seen: { at: number; bytes: number }[] = [];

  /** `now` in milliseconds on any steady clock. */
  add(bytes: number, now: number): void {
    this.#seen.push({ at: now, bytes });
    while (this.#seen.length > 2 && now - (this.#seen[1] as { at: number }).at > WINDOW_MS) this.#seen.shift();
  }

  /** `null` until there is half a second to judge by. */
  bytesPerSecond(): number | null {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)];
    if (!first || !last || last.at - first.at < 500) return null;
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
  }

  reset(): void {
    this.#seen = [];
  }
}
