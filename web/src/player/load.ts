/** Fetches and decodes the two listening copies. */

import type { Pair } from './graph';

/**
 * Both copies as buffers at `rate` (Hz), which is their own, so that nothing is resampled.
 * `onProgress` hears the share of bytes that has arrived, 0 to 1. Rejects with a sentence for the listener.
 */
export async function loadPair(
  addresses: { original: string; master: string },
  rate: number,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Pair> {
  const shares = [0, 0];
  const report = (which: number) => (share: number) => {
    shares[which] = share;
    onProgress(((shares[0] as number) + (shares[1] as number)) / 2);
  };
  const [original, master] = await Promise.all([
    bytes(addresses.original, report(0), signal).then((data) => decode(data, rate)),
    bytes(addresses.master, report(1), signal).then((data) => decode(data, rate)),
  ]);
  if (original.length !== master.length) {
    throw new Error(`The two listening copies differ in length: ${original.length} and ${master.length} frames.`);
  }
  return { original, master };
}

/** An offline context decodes without opening the sound card, which a page may not do before a key or a click. */
function decode(data: ArrayBuffer, rate: number): Promise<AudioBuffer> {
  return new OfflineAudioContext(1, 1, rate).decodeAudioData(data);
}

async function bytes(address: string, onProgress: (share: number) => void, signal: AbortSignal): Promise<ArrayBuffer> {
  const response = await fetch(address, { signal });
  if (!response.ok || !response.body) throw new Error(`A listening copy could not be fetched (${response.status}).`);
  const total = Number(response.headers.get('Content-Length') ?? 0);
  const parts: Uint8Array[] = [];
  let received = 0;
  for (const reader = response.body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    received += value.length;
    if (total > 0) onProgress(received / total);
  }
  onProgress(1);
  return new Blob(parts as BlobPart[]).arrayBuffer();
}
