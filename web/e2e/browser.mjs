// A browser on a running service, and what it must never do while it is there.

import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The service under test. All are required; nothing is skipped for want of them. */
export function service() {
  const { MIXRUNNERS_URL: url, MIXRUNNERS_SIGN_IN: signIn, MIXRUNNERS_MAIL: mail, SONG: song } = process.env;
  if (!url || !signIn || !mail || !song) {
    throw new Error('MIXRUNNERS_URL, MIXRUNNERS_SIGN_IN (the one-time link), MIXRUNNERS_MAIL (a folder) and SONG (a WAV file) must be set');
  }
  return { url: url.replace(/\/$/, ''), signIn, mail, song };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
}

/** A context that notes every request elsewhere, every break of the content policy and every uncaught error. */
export async function watchedContext(browser, url, options = {}) {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const wrongs = [];
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && origin !== new URL(url).origin) wrongs.push(`asked ${request.url()}`);
  });
  context.on('weberror', (error) => wrongs.push(`uncaught ${error.error().message}`));
  context.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) wrongs.push(message.text());
  });
  await context.addInitScript(recordAudioGraph);
  return { context, wrongs };
}

/**
 * Notes what the page asks of Web Audio, without changing it: when and from where each source starts, and where each
 * gain ends. Runs in the page before its own code.
 */
function recordAudioGraph() {
  const seen = { starts: [], gains: [] };
  Object.assign(window, { audioGraph: seen });
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (when, offset) {
    seen.starts.push({ when, offset, frames: this.buffer.length, rate: this.buffer.sampleRate, context: this.context.sampleRate });
    return start.call(this, when, offset);
  };
  const { setValueCurveAtTime } = AudioParam.prototype;
  AudioParam.prototype.setValueCurveAtTime = function (curve, when, duration) {
    seen.gains.push({ end: curve[curve.length - 1], duration, highest: Math.max(...curve) });
    return setValueCurveAtTime.call(this, curve, when, duration);
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Violations of WCAG 2.2 A and AA and of axe's best practices on the screen as it is now. */
export async function accessibilityViolations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, any }) => `${target.join(' ')} ${any[0]?.message ?? ''}`).join('; ')}`);
}

/** What sticks out of the window to the side, by name. */
export function overflowing(page) {
  return page.evaluate(() =>
    document.documentElement.scrollWidth <= innerWidth
      ? []
      : [...document.querySelectorAll('body *')]
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
          .map((element) => `${element.tagName}.${element.className} ${element.getBoundingClientRect().right}`),
  );
}
