// The line between browser and service, which a test can slow down and cut: a relay of bytes on loopback.

import net from 'node:net';

/**
 * Relays to the host and port of `target` (a URL). `url` is where the browser goes instead.
 * `slow(bytesPerSecond)` bounds what goes up; `cut()` breaks every connection and takes no new one until `mend()`.
 */
export async function openLine(target) {
  const { hostname, port } = new URL(target);
  const pairs = new Set();
  let [isCut, pace] = [false, Infinity];

  const relay = net.createServer((browser) => {
    if (isCut) return browser.destroy();
    const service = net.connect(Number(port || 80), hostname);
    const pair = [browser, service];
    const end = () => {
      pairs.delete(pair);
      pair.forEach((socket) => socket.destroy());
    };
    pairs.add(pair);
    pair.forEach((socket) => socket.setNoDelay(true).on('error', end).on('close', end));
    service.pipe(browser);
    browser.on('data', (bytes) => {
      const taken = service.write(bytes);
      if (taken && pace === Infinity) return;
      browser.pause();
      const goOn = () => browser.resume();
      if (pace === Infinity) service.once('drain', goOn);
      else setTimeout(goOn, (bytes.length / pace) * 1000);
    });
  });

  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${relay.address().port}`,
    slow: (bytesPerSecond) => (pace = bytesPerSecond),
    cut() {
      isCut = true;
      for (const pair of pairs) pair.forEach((socket) => socket.destroy());
    },
    mend: () => (isCut = false),
    async close() {
      this.cut();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}
