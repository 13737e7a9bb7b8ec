/** When a broken upload tries again, and whether it should at all. */

const FIRST_S = 1;
const LONGEST_S = 30;

/** Seconds to wait before try number `attempt` (from 1): doubles up to half a minute. */
export function retryDelay(attempt: number): number {
  return Math.min(LONGEST_S, FIRST_S * 2 ** (attempt - 1));
}

/**
 * Whether a status may be different next time; `null` is a connection that broke.
 * 409 is an offset that moved and 423 a file still held by the broken request: both heal once it is asked for again.
 */
export function mayRetry(status: number | null): boolean {
  return status === null || status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
}
