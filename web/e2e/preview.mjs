// A preview on a service that takes money: a part of the master, heard for nothing, and the way to the whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessibilityViolations, overflowing, watchedContext } from './browser.mjs';

const MINUTE_MS = 60_000;

/** `shots`, if given, is a folder for pictures of what is seen. */
export function testPreview(browserOf, { signIn, song, shots = process.env.SHOTS }) {
  test('where masters cost something, 30 s of one are heard for nothing', { timeout: 4 * MINUTE_MS }, async () => {
    assert.ok(signIn, 'MIXRUNNERS_SHOP_SIGN_IN (the one-time link of a service that takes money) must be set');
    const url = new URL(signIn).origin;
    const { context, wrongs } = await watchedContext(browserOf(), url, { viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(MINUTE_MS);
    const look = async (name) => {
      for (const [width, height] of [[1280, 900], [390, 844]]) {
        await page.setViewportSize({ width, height });
        assert.deepEqual(await overflowing(page), [], `${name} at ${width} px`);
        if (shots) await page.screenshot({ path: `${shots}/${name}-${width}.png`, fullPage: true });
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      assert.deepEqual(await accessibilityViolations(page), [], name);
    };
    const json = async (path) => (await context.request.get(url + path)).json();

    await page.goto(signIn);
    await page.locator('input[type=file]').setInputFiles(song);
    await page.waitForURL(/\/uploads\//);
    const preview = page.getByRole('button', { name: 'Preview 30 s, free' });
    await page.getByText(/^Costs 3 credits/).waitFor();
    await look('preview-order');
    const upload = page.url();
    await preview.click();
    await page.waitForURL(/\/jobs\//);
    const path = `/v1${new URL(page.url()).pathname}`;
    await page.getByRole('heading', { name: 'This is a preview' }).waitFor();
    const job = await json(path);
    assert.deepEqual([job.preview, job.credits, job.money], [{ start_s: null, length_s: 30 }, 0, 'none']);
    assert.deepEqual(job.artifacts.map(({ kind }) => kind), ['preview', 'preview', 'report']);
    const { preview: part } = await json(`${path}/report`);
    assert.equal(part.length_s, 30);
    await page.getByText(/, its loudest part, exactly as it will be\./).waitFor();
    assert.equal(await page.getByRole('heading', { name: 'Files' }).count(), 0, 'there is nothing to take home');

    await page.waitForFunction(() => !document.querySelector('.play').disabled);
    await page.keyboard.press('Space');
    await page.waitForFunction(() => window.audioGraph.starts.length === 2);
    const { starts } = await page.evaluate(() => structuredClone(window.audioGraph));
    for (const { frames, rate } of starts) assert.equal(frames, 30 * rate, 'both sides are 30 s');
    await page.keyboard.press('Space');
    await look('preview-heard');

    await page.getByRole('button', { name: 'Make the master' }).click();
    await page.getByText('This costs 3 credits; you have 0.').waitFor();
    await page.goto(`${url}/credits`);
    const tick = page.getByRole('checkbox', { name: /parent’s permission to pay$/ });
    await tick.waitFor();
    assert.equal(await tick.isChecked(), false, 'nobody said it yet');
    const typed = page.locator('input, textarea, select, iframe, [contenteditable]');
    assert.deepEqual(await typed.evaluateAll((nodes) => nodes.map(({ type }) => type)), ['checkbox'], 'BP-18: no card here');
    await page.getByRole('button', { name: /^10 credits for/ }).press('Enter');
    await page.getByText('Only whoever may pay can buy.').waitFor();
    assert.ok(await tick.evaluate((node) => node === document.activeElement), 'the tick has the keyboard');
    await look('credits-unsaid');
    await page.keyboard.press('Space');
    assert.equal(await page.getByText('Only whoever may pay can buy.').count(), 0);
    await page.goto(`${url}/`);
    await page.getByRole('cell', { name: /^Preview, streaming/ }).waitFor();
    await look('preview-home');

    await page.goto(upload);
    await page.getByRole('combobox', { name: 'Part to preview' }).selectOption('from 0:15');
    await preview.click();
    await page.waitForURL(/\/jobs\//);
    const chosen = await json(`/v1${new URL(page.url()).pathname}`);
    assert.deepEqual(chosen.preview, { start_s: 15, length_s: 30 });
    assert.deepEqual(wrongs, []);
    await context.close();
  });
}
