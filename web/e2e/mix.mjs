// Stems to a mix and its master, as a person does it. The tests of `page.test.mjs` sign in; these go on there.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { test } from 'node:test';
import { overflowing } from './browser.mjs';
import { shortSong, stems } from './sound.mjs';

const MINUTE_MS = 60_000;
const SECONDS = 12;
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };
const MINUS = '\u2212';
const [KICK, BASS, KEYS, SNARE] = ['Demo_01 Kick.wav', 'Demo_02 Bass.wav', 'Demo_03 Keys.wav', 'Demo_10 Snare.wav'];
const SHORT = 'Demo_11 Short.wav';

/** `stage` has the page and what all tests share, once `before` is through. */
export function testMixing(stage) {
  const here = () => stage.page;
  const button = (name) => here().getByRole('button', { name, exact: true });
  const heading = (name) => here().getByRole('heading', { level: 1, name });
  const stemRows = () => here().getByRole('list', { name: 'Stems' }).locator(':scope > li');
  const shown = (value) => value.toFixed(1).replace('-', MINUS).replace(`${MINUS}0.0`, '0.0');
  const complete = (count) => here().getByText(new RegExp(`^${count} of 64 stems$`)).waitFor();
  let jobPath;

  async function fitsAPhone(name) {
    await here().setViewportSize(PHONE);
    await here().waitForTimeout(200);
    assert.deepEqual(await overflowing(here()), [], `${name} at 360 px`);
    await stage.isAccessible(`${name} at 360 px`);
    const small = await here().evaluate(() =>
      [...document.querySelectorAll('button, .button, main select, main input[type=text]')]
        .map((element) => element.closest('.box') ?? element)
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
        .map((element) => `${element.className} ${element.textContent.trim()}`),
    );
    assert.deepEqual(small, [], `targets under 44 px in ${name}`);
    await here().setViewportSize(DESK);
  }

  test('stems on their way survive a reload once their files are chosen again', { timeout: 3 * MINUTE_MS }, async () => {
    const page = here();
    await page.goto(stage.url);
    await page.getByRole('link', { name: 'Mix stems' }).click();
    await heading('Mix stems').waitFor();
    await page.getByText('Drop all stems of a song here').waitFor();
    await stage.isAccessible('no stems yet');
    const files = [...stems(SECONDS), { name: SHORT, mimeType: 'audio/wav', buffer: shortSong(5, 0.1) }].reverse();
    const drop = () => page.locator('input[type=file]').first().setInputFiles(files);
    stage.line.slow(100_000);
    await drop();
    await stemRows().getByText(/uploading/).first().waitFor();
    await stemRows().getByText('waiting to be sent').first().waitFor();
    await page.getByLabel(`Role of ${SNARE}`).selectOption('snare');
    await stage.isAccessible('stems on their way');
    await page.reload();
    await stemRows().getByText(/not complete/).first().waitFor();
    await page.getByText('A stem is not complete').waitFor();
    stage.line.slow(Infinity);
    await drop();
    await complete(5);
    assert.equal(await page.getByLabel(`Role of ${SNARE}`).inputValue(), 'snare', 'what was said is still there');
  });

  test('stems stand in the order of their names, with what was found', async () => {
    const page = here();
    const texts = (await stemRows().allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));
    assert.deepEqual(texts.map((text) => /Demo_\d+ \w+\.wav/.exec(text)[0]), [KICK, BASS, KEYS, SNARE, SHORT]);
    assert.match(texts[0], /mono 0:12 44\.1 kHz/);
    assert.match(texts[2], /stereo 0:12/);
    await page.getByText(/caution/).last().click();
    await page.getByText('It is 0:05 long, the longest 0:12').waitFor();
  });

  test('what is said about a stem is set from the keyboard, and a reload keeps it', async () => {
    const page = here();
    await page.getByLabel(`Gain of ${BASS}`).focus();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('PageDown');
    assert.equal(await page.getByLabel(`Gain of ${BASS}`).inputValue(), `${MINUS}2.5`);
    await page.getByRole('slider', { name: `Place of ${BASS}` }).focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await button(`Auto place of ${BASS}`).getAttribute('aria-pressed'), 'false');
    await button(`Auto place of ${KICK}`).focus();
    await page.keyboard.press('Space');
    await button(`Mute ${KEYS}`).focus();
    await page.keyboard.press('Space');
    await page.getByLabel(`Leave the sound of ${KICK} untouched`).check();
    await page.getByRole('slider', { name: 'Space' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.getByLabel('The processed stems too').check();
    await stage.isAccessible('stems set up');
    await fitsAPhone('stems set up');

    await page.reload();
    await complete(5);
    assert.equal(await page.getByLabel(`Role of ${SNARE}`).inputValue(), 'snare');
    assert.equal(await page.getByLabel(`Gain of ${BASS}`).inputValue(), `${MINUS}2.5`);
    assert.equal(await button(`Mute ${KEYS}`).getAttribute('aria-pressed'), 'true');
    assert.equal(await page.getByLabel('Title', { exact: true }).getAttribute('placeholder'), 'Demo');
  });

  test('a gain that cannot be is told at its stem before it is sent', async () => {
    const page = here();
    const gain = page.getByLabel(`Gain of ${SNARE}`);
    await gain.fill('30');
    await page.getByText(`From ${MINUS}40 to +24 dB.`).waitFor();
    assert.equal(await gain.getAttribute('aria-invalid'), 'true');
    await page.getByText('A gain above needs a correction.').waitFor();
    await gain.fill('');
    await page.getByText('A gain above needs a correction.').waitFor({ state: 'detached' });
  });

  test('what the service refuses about a stem lands at its row', async () => {
    const page = here();
    const { data } = await stage.json('/v1/uploads');
    const gone = data.find(({ name }) => name === SHORT);
    const headers = { 'Tus-Resumable': '1.0.0', Origin: stage.url };
    const answer = await stage.context.request.delete(`${stage.url}/v1/uploads/${gone.id}`, { headers });
    assert.equal(answer.status(), 204);
    await button('Mix and master').click();
    await stemRows().nth(4).locator('[data-wrong]').waitFor();
    assert.match(await page.evaluate(() => document.activeElement.innerText), /no such upload/);
    await stage.isAccessible('a stem refused');
    await button(`Take out ${SHORT}`).click();
    await complete(4);
    assert.equal(await page.evaluate(() => document.activeElement.innerText.trim()), `Take out ${SNARE}`);
  });

  test('the mix is ordered as it was set up, and its stages come one after the other', { timeout: 5 * MINUTE_MS }, async () => {
    const page = here();
    await button('Mix and master').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/jobs\//);
    jobPath = new URL(page.url()).pathname;
    const bar = page.getByRole('progressbar', { name: 'Progress of the master' });
    const now = page.locator('[aria-current=step]');
    const [seen, steps] = [[], []];
    while (!(await page.getByRole('heading', { name: 'The whole mix' }).isVisible())) {
      if (await bar.isVisible()) {
        seen.push(Number(await bar.getAttribute('aria-valuenow', { timeout: 500 }).catch(() => seen.at(-1) ?? 0)));
        steps.push(await now.innerText({ timeout: 100 }).catch(() => steps.at(-1)));
      }
      await page.waitForTimeout(30);
    }
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b), 'the bar never goes back');
    const order = ['Fetch', 'Decode', 'Analyse', 'Mix', 'Master', 'Certify', 'Encode', 'Deliver'];
    const places = steps.filter(Boolean).map((step) => order.indexOf(step.trim()));
    assert.ok(places.length > 0 && !places.includes(-1), `stages by name: ${steps}`);
    assert.deepEqual(places, [...places].sort((a, b) => a - b), 'no stage comes back');

    const job = await stage.json(`/v1${jobPath}`);
    assert.deepEqual([job.kind, job.title], ['mix_and_master', 'Demo']);
    assert.deepEqual([job.recipe.space, job.recipe.stems], [0.05, true]);
    assert.deepEqual(
      job.inputs.map(({ upload, ...settings }) => settings),
      [{ pan: 0, untouched: true }, { gain_db: -2.5, pan: 0.05 }, { mute: true }, { role: 'snare' }],
    );
  });

  test('the stems as they came are compared with the master, equally loud', async () => {
    const page = here();
    await page.waitForFunction(() => document.querySelector('.play')?.disabled === false);
    const { sum, result } = await stage.json(`/v1${jobPath}/report`);
    const difference = sum.integrated_lufs - result.after.integrated_lufs;
    assert.ok(Math.abs(difference) > 0.5, `the case must be real: ${difference} LU apart`);
    const side = (name) => page.getByRole('button', { name: new RegExp(`^[AB] ?${name}`) });
    for (const [key, name, gain] of [['a', 'Stems', Math.min(0, -difference)], ['b', 'Master', Math.min(0, difference)]]) {
      await page.keyboard.press(key);
      assert.equal(await side(name).getAttribute('aria-pressed'), 'true');
      assert.match(await side(name).innerText(), new RegExp(shown(gain).replace('.', '\\.')));
    }
    await page.keyboard.press('Space');
    await page.waitForFunction(() => window.audioGraph.starts.length >= 2);
    const { starts } = await page.evaluate(() => structuredClone(window.audioGraph));
    assert.deepEqual(starts.at(-1), starts.at(-2), 'both start at one time, from one frame, with one length');
    await page.keyboard.press('Space');
    const text = (await page.locator('dl').first().innerText()).replaceAll(/\s+/g, ' ');
    const pair = `stems ${shown(sum.integrated_lufs)} master ${shown(result.after.integrated_lufs)}`;
    assert.ok(text.includes(pair), `${pair} in ${text}`);
  });

  test('every stem is in the table, and opens to its decisions', async () => {
    const page = here();
    const { stems: rows } = await stage.json(`/v1${jobPath}/report`);
    assert.deepEqual(rows.map(({ file }) => file), [KICK, BASS, KEYS, SNARE]);
    const text = async (name) => (await page.getByRole('row', { name }).first().innerText()).replaceAll(/\s+/g, ' ');
    assert.match(await text(SNARE), /Snare as you said/);
    assert.match(await text(KEYS), /muted/);
    assert.match(await text(BASS), /R 5$/);
    const bass = rows[1];
    assert.ok((await text(BASS)).includes(shown(bass.loudness_before_lufs)), 'as it came');
    assert.ok(bass.decisions.length > 0, 'the case must be real: something was decided');
    const opener = page.getByRole('button', { name: new RegExp(`^${BASS}`) });
    await opener.focus();
    await page.keyboard.press('Enter');
    assert.equal(await opener.getAttribute('aria-expanded'), 'true');
    for (const { reason } of bass.decisions) await page.getByText(reason).first().waitFor();
    await stage.isAccessible('result of a mix');
    await fitsAPhone('result of a mix');
  });

  test('its files are grouped, and each is the one whose SHA-256 is shown', async () => {
    const page = here();
    const group = (name) => page.getByRole('region', { name, exact: true });
    const wanted = [['Master', 'WAV 24-bit'], ['Mix', 'WAV 32-bit float'], ['Session', 'Session'], ['Reports', /mix report/]];
    for (const [name, link] of wanted) {
      const row = group(name).getByRole('listitem').filter({ has: page.getByRole('link', { name: link }) });
      const [download] = await Promise.all([page.waitForEvent('download'), row.getByRole('link').click()]);
      const hash = createHash('sha256');
      for await (const block of createReadStream(await download.path())) hash.update(block);
      assert.equal(await row.locator('code').innerText(), hash.digest('hex'));
    }
    const { artifacts } = await stage.json(`/v1${jobPath}`);
    const delivered = artifacts.filter(({ kind }) => kind === 'stem').map(({ name }) => name);
    assert.ok(delivered.length > 0, 'the case must be real: stems were delivered');
    assert.deepEqual(await group('Stems').last().getByRole('link').allInnerTexts(), delivered);
  });

  test('it can be changed and mixed again, and stay a mix', { timeout: 5 * MINUTE_MS }, async () => {
    const page = here();
    await page.getByRole('link', { name: 'Change and mix again' }).click();
    await complete(4);
    assert.equal(await page.getByLabel('Title', { exact: true }).inputValue(), 'Demo');
    assert.equal(await page.getByLabel(`Role of ${SNARE}`).inputValue(), 'snare');
    assert.equal(await page.getByLabel(`Gain of ${BASS}`).inputValue(), `${MINUS}2.5`);
    assert.equal(await button(`Mute ${KEYS}`).getAttribute('aria-pressed'), 'true');
    await stemRows().nth(0).getByText(/^taken for/).waitFor();
    await button(`Mute ${KEYS}`).click();
    await button(`Solo ${BASS}`).click();
    await stemRows().nth(0).getByText('not solo').waitFor();
    await button(`Solo ${BASS}`).click();
    await page.getByRole('radio', { name: /^Mix only/ }).check();
    assert.equal(await page.getByLabel('Target').count(), 0, 'a mix has no target');
    await stage.isAccessible('a mix alone');
    await button('Make the mix').click();
    await page.getByRole('heading', { name: 'The whole mix' }).waitFor({ timeout: 4 * MINUTE_MS });
    await page.getByRole('button', { name: /^B ?Mix/ }).waitFor();
    const job = await stage.json(`/v1${new URL(page.url()).pathname}`);
    assert.deepEqual([job.kind, job.inputs[2].mute], ['mix', undefined]);
    assert.equal(await page.getByRole('region', { name: 'Master', exact: true }).count(), 0);
    await page.waitForFunction(() => document.querySelector('.play')?.disabled === false);
    await stage.isAccessible('result of a mix alone');
  });
}
