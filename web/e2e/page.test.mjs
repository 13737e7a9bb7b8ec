// The page against a running service, as a person uses it: from the one-time link to the download.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessibilityViolations, launch, overflowing, service, watchedContext } from './browser.mjs';
import { testErasing } from './erase.mjs';
import { openLine } from './line.mjs';
import { testAccounts } from './account.mjs';
import { testMixing } from './mix.mjs';
import { testOperating } from './ops.mjs';
import { testPreview } from './preview.mjs';
import { shortSong } from './sound.mjs';

const { url: serviceUrl, signIn, song } = service();
const SONG_BYTES = statSync(song).size;
const MINUTE_MS = 60_000;
const MINUS = '\u2212';
const PHONE = { width: 360, height: 740 };

let line, url, browser, context, page, wrongs;
let jobPath;

before(async () => {
  line = await openLine(serviceUrl);
  url = line.url;
  browser = await launch();
  ({ context, wrongs } = await watchedContext(browser, url, { viewport: { width: 1280, height: 900 } }));
  page = await context.newPage();
  page.setDefaultTimeout(MINUTE_MS);
});

after(async () => {
  await browser?.close();
  await line?.close();
});

const heading = (name) => page.getByRole('heading', { level: 1, name });
const slider = () => page.getByRole('slider', { name: 'Place in the song' });
const side = (name) => page.getByRole('button', { name: new RegExp(`${name} [+${MINUS}]?[0-9.]+\\sdB`) });
const place = async () => Number(await slider().getAttribute('aria-valuenow'));
const graph = () => page.evaluate(() => structuredClone(window.audioGraph));
const json = async (path) => (await context.request.get(url + path)).json();
const report = () => json(`/v1${jobPath}/report`);
const shown = (value) => value.toFixed(1).replace('-', MINUS).replace(`${MINUS}0.0`, '0.0');

/** A screen is only done when axe finds nothing in it, light and dark. */
async function isAccessible(name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.waitForTimeout(200); // The colours fade over to the other scheme.
    assert.deepEqual(await accessibilityViolations(page), [], `${name}, ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

test('without a session the page says where the sign-in link is', async () => {
  await page.goto(url);
  await heading('Sign in').waitFor();
  await page.getByText('printed a link in the terminal').waitFor();
  await isAccessible('signed out');
});

test('the one-time link signs in, once, and leaves the address bar', async () => {
  const link = `${url}/sign-in${new URL(signIn).hash}`;
  await page.goto(link);
  await heading('Master a song').waitFor();
  assert.equal(page.url(), `${url}/`);
  await page.goto(link);
  await heading('You are not signed in').waitFor();
  await isAccessible('a used link');
  await page.goto(url);
  await heading('Master a song').waitFor();
  await isAccessible('home');
});

test('where nothing costs anything the page says so', async () => {
  await page.goto(`${url}/credits`);
  await page.getByText('Payments are off: everything here is free.').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Credits' }).count(), 0);
  await isAccessible('credits');
  await page.goto(url);
  await heading('Master a song').waitFor();
});

testAccounts({
  get browser() {
    return browser;
  },
  get url() {
    return url;
  },
});

test('an upload survives a lost connection and a reload, and sends nothing twice', { timeout: 3 * MINUTE_MS }, async () => {
  line.slow(SONG_BYTES / 12);
  await page.locator('input[type=file]').setInputFiles(song);
  await page.waitForURL(/\/uploads\//);
  await page.getByText(/left$/).waitFor();
  await isAccessible('uploading');

  line.cut();
  await page.getByText(/Connection lost\. Next try in \d+/).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Make the master' }).getAttribute('aria-disabled'));
  line.mend();
  await page.getByText(/left$/).waitFor();

  await page.reload();
  await page.getByText('Choose the same file to go on').waitFor();
  await isAccessible('to be resumed');
  line.slow(Infinity);
  const sent = [];
  page.on('request', (request) => {
    if (request.method() === 'PATCH') sent.push(Number(request.headers()['upload-offset']));
  });
  await page.locator('input[type=file]').first().setInputFiles(song);
  await page.locator('.ruler').waitFor();
  const { received_bytes, size_bytes, state } = await json(`/v1${new URL(page.url()).pathname}`);
  assert.equal(state, 'ready');
  assert.equal(received_bytes, SONG_BYTES);
  assert.equal(size_bytes, SONG_BYTES);
  assert.ok(sent[0] > 0, `resumed from byte ${sent[0]} of ${SONG_BYTES}`);
  assert.deepEqual(sent, [...sent].sort((a, b) => a - b));
  await isAccessible('settings');
});

test('what is finer opens where it is, and every field has a name', async () => {
  for (const name of ['Finer', 'Tags in the files']) {
    await page.locator('summary', { hasText: name.split(' ')[0] }).focus();
    await page.keyboard.press('Enter');
  }
  await page.getByRole('slider', { name: 'Width' }).waitFor();
  await page.getByLabel('ISRC').fill('soon');
  await isAccessible('settings, all open');
  await page.setViewportSize(PHONE);
  assert.deepEqual(await overflowing(page), [], 'settings at 360 px');
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.getByRole('button', { name: 'Make the master' }).click();
  await page.getByText(/isrc is "soon"/).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.value), 'soon', 'the focus is at the field');
  await page.getByLabel('ISRC').fill('US-S1Z-99-00001');
  await page.getByLabel('Artist', { exact: true }).fill('Ada');
});

test('a number the service refuses is explained at its field', async () => {
  const target = page.getByLabel('Target');
  await target.fill('loud');
  await page.getByText('A number above needs a correction.').waitFor();
  await target.fill('12');
  await page.getByRole('button', { name: 'Make the master' }).click();
  await page.locator('[aria-invalid=true]').waitFor();
  assert.match(await page.locator('.field').first().innerText(), /12/);
  assert.match(new URL(page.url()).pathname, /^\/uploads\//);
});

test('the keyboard alone starts the master, and its stages move to the end', { timeout: 5 * MINUTE_MS }, async () => {
  await page.getByRole('radio', { name: /Streaming/ }).focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.getByLabel('Target').inputValue(), `${MINUS}9.0`, 'of the preset Loud');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.getByLabel('Target').inputValue(), `${MINUS}14.0`);
  await page.getByRole('slider', { name: 'Intensity' }).focus();
  await page.keyboard.press('ArrowLeft');
  for (const name of [/FLAC 24-bit/, /MP3 320/]) {
    await page.getByRole('checkbox', { name }).focus();
    await page.keyboard.press('Space');
  }
  await page.getByRole('button', { name: 'Make the master' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/jobs\//);
  jobPath = new URL(page.url()).pathname;
  const { recipe } = await json(`/v1${jobPath}`);
  assert.deepEqual(recipe, {
    preset: 'streaming',
    intensity: 0.45,
    tone: 0.7,
    dynamics: 0.5,
    width: 0.5,
    loudness_lufs: -14,
    ceiling_dbtp: -1,
    deliver: ['wav24', 'flac24', 'mp3_320'],
    sample_rate_hz: null,
    tags: { artist: 'Ada', isrc: 'USS1Z9900001' },
    space: 0,
    stems: false,
  });

  const bar = page.getByRole('progressbar', { name: 'Progress of the master' });
  const result = page.getByRole('heading', { name: 'What was done' });
  const seen = [];
  while (!(await result.isVisible())) {
    if (await bar.isVisible()) seen.push(Number(await bar.getAttribute('aria-valuenow').catch(() => seen.at(-1))));
    await page.waitForTimeout(50);
  }
  assert.ok(seen.length > 0, 'the bar was seen');
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b), 'the bar never goes back');
});

test('before and after are the numbers of the report', async () => {
  const { before: was, after: is } = await report();
  const text = (await page.locator('dl').first().innerText()).replaceAll(/\s+/g, ' ');
  for (const key of ['integrated_lufs', 'true_peak_dbtp', 'loudness_range_lu', 'plr_lu', 'short_term_max_lufs']) {
    assert.ok(text.includes(`original ${shown(was[key])} master ${shown(is[key])}`), `${key} in ${text}`);
  }
  await page.getByText(/^deletes \d+ \w+( \d{4})?, in \d+ days/).waitFor();
});

test('switching sides while playing changes two gains and nothing else', async () => {
  await page.waitForFunction(() => !document.querySelector('.play').disabled);
  await isAccessible('compare');
  const { before: was, after: is } = await report();
  const difference = was.integrated_lufs - is.integrated_lufs;
  assert.ok(Math.abs(difference) > 0.5, `the case must be real: ${difference} LU apart`);

  await page.keyboard.press('Space');
  await page.waitForFunction(() => window.audioGraph.starts.length === 2);
  const { starts } = await graph();
  assert.deepEqual(starts[0], starts[1], 'both start at one time, from one frame, with one length');
  assert.equal(starts[0].rate, starts[0].context, 'nothing is resampled');

  const [from, at] = [await place(), Date.now()];
  for (const key of ['a', 'b', 'a', 'b']) {
    const count = (await graph()).gains.length;
    await page.keyboard.press(key);
    const [{ end: original, duration }, { end: master }] = (await graph()).gains.slice(count);
    assert.equal(duration, 0.01);
    const heard = key === 'a' ? original : master;
    const expected = Math.min(0, key === 'a' ? -difference : difference);
    assert.equal(key === 'a' ? master : original, 0, 'the other side is silent');
    assert.ok(Math.abs(20 * Math.log10(heard) - expected) < 0.01, 'the heard side has the matching gain');
    const name = key === 'a' ? 'Original' : 'Master';
    assert.equal(await side(name).getAttribute('aria-pressed'), 'true');
    assert.match(await side(name).innerText(), new RegExp(shown(expected).replace('.', '\\.')), 'the gain is shown');
    await page.waitForTimeout(250);
  }
  const [moved, passed] = [(await place()) - from, (Date.now() - at) / 1000];
  assert.ok(Math.abs(moved - passed) <= 1.1, `${moved} s on the playhead in ${passed} s`);
  assert.equal((await graph()).starts.length, 2, 'no source was started again');

  await page.keyboard.press('m');
  assert.match(await side('Master').innerText(), /0\.0\sdB/);
  assert.equal((await graph()).gains.at(-1).end, 1, 'unmatched is unchanged');
  await page.keyboard.press('m');
  await page.keyboard.press('Space');
});

test('the playhead obeys the keys, and a dragged section loops', async () => {
  await slider().focus();
  await page.keyboard.press('Home');
  assert.equal(await place(), 0);
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await place(), 5);
  await page.keyboard.press('PageUp');
  assert.equal(await place(), 20);
  await page.keyboard.press('End');
  assert.equal(await place(), Number(await slider().getAttribute('aria-valuemax')));

  const box = await page.locator('.wave canvas').boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.25, box.y + 60, { steps: 5 });
  await page.mouse.up();
  const length = Number(await slider().getAttribute('aria-valuemax'));
  await page.getByRole('button', { name: /^Loop \d+:\d\d to/ }).waitFor();
  await page.keyboard.press('Space');
  await page.waitForTimeout(300);
  await page.keyboard.press('Space');
  const { starts } = await graph();
  assert.ok(Math.abs(starts.at(-1).offset - length * 0.25) < 1, 'playing enters the loop at its start');
  await page.keyboard.press('l');
  await page.getByRole('button', { name: 'Loop', exact: true }).waitFor();
});

test('the list of keys opens with ? and gives the focus back', async () => {
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).focus();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await isAccessible('keys');
  const { starts } = await graph();
  await page.keyboard.press('a');
  assert.equal((await graph()).starts.length, starts.length, 'keys under the dialog rest');
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('every download is the file whose SHA-256 is shown', async () => {
  const job = await json(`/v1${jobPath}`);
  const delivered = job.artifacts.filter(({ kind }) => kind === 'master');
  assert.deepEqual(delivered.map(({ format }) => format).sort(), ['flac24', 'mp3_320', 'wav24']);
  for (const name of ['WAV 24-bit', 'FLAC 24-bit', 'MP3 320']) {
    const row = page.getByRole('listitem').filter({ has: page.getByRole('link', { name }) });
    const [download] = await Promise.all([page.waitForEvent('download'), row.getByRole('link', { name }).click()]);
    const hash = createHash('sha256');
    for await (const block of createReadStream(await download.path())) hash.update(block);
    const digest = hash.digest('hex');
    assert.equal(await row.locator('code').innerText(), digest);
    assert.ok(delivered.some(({ sha256 }) => sha256 === digest));
  }
});

test('at 360 px everything stacks, and A and B stay under the thumb', async () => {
  await page.setViewportSize(PHONE);
  for (const path of ['/', jobPath]) {
    await page.goto(url + path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByText(/^deletes/).first().waitFor();
    await page.waitForTimeout(500);
    assert.deepEqual(await overflowing(page), [], path);
    await isAccessible(`${path} at 360 px`);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('button, .button, table a, .match')]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
        .map((element) => `${element.className} ${element.textContent.trim()} ${element.getBoundingClientRect().height}`),
    );
    assert.deepEqual(small, [], `targets under 44 px on ${path}`);
  }
  for (const top of [0, 10_000]) {
    await page.evaluate((y) => scrollTo(0, y), top);
    for (const name of ['Original', 'Master']) {
      const box = await side(name).boundingBox();
      assert.ok(box.y > PHONE.height - 140 && box.y + box.height <= PHONE.height, `${name} at ${box.y}`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

test('the file dialog opens from the keyboard, and what is no audio is refused with a reason', async () => {
  await page.goto(url);
  await heading('Master a song').waitFor();
  const chosen = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose a file' }).focus();
  await page.keyboard.press('Enter');
  const notes = { name: 'notes.wav', mimeType: 'audio/wav', buffer: Buffer.from('dear producer, these are words') };
  await (await chosen).setFiles(notes);
  await page.waitForURL(/\/uploads\//);
  await page.getByRole('alert').waitFor();
  await page.getByRole('link', { name: 'Choose another song' }).waitFor();
  await isAccessible('rejected');
});

test('songs that belong together become an album, in the order they are put in', { timeout: 3 * MINUTE_MS }, async () => {
  await page.goto(url);
  await heading('Master a song').waitFor();
  const songs = [['01 Rain.wav', 0.1], ['02 Sun.wav', 0.4]];
  const files = songs.map(([name, level]) => ({ name, mimeType: 'audio/wav', buffer: shortSong(5, level) }));
  await page.locator('input[type=file]').setInputFiles(files);
  for (const name of ['01 Rain.wav', '02 Sun.wav']) await page.getByLabel(`${name} for an album`).check();
  await isAccessible('songs ticked');
  await page.getByRole('button', { name: 'Master as an album' }).click();
  await heading('Master an album').waitFor();
  const titles = () => page.getByLabel(/^Title of track/).evaluateAll((all) => all.map(({ value }) => value));
  assert.deepEqual(await titles(), ['Rain', 'Sun']);
  await page.getByRole('button', { name: 'Move Rain down' }).focus();
  await page.keyboard.press('Enter');
  assert.deepEqual(await titles(), ['Sun', 'Rain']);
  await page.reload();
  await page.getByRole('button', { name: 'Move Sun down' }).waitFor();
  assert.deepEqual(await titles(), ['Sun', 'Rain'], 'a reload keeps the order');
  await page.getByLabel('Title of track 1').fill('Sunshine');
  await page.getByRole('textbox', { name: 'Album', exact: true }).first().fill('Weather');

  await page.getByText('From earlier uploads').click();
  await page.getByRole('button', { name: 'Add Night Drive.wav' }).last().click();
  await page.getByLabel('As loud as the reference').waitFor();
  assert.equal(await page.getByLabel('Target').count(), 0, 'the reference decides');
  await isAccessible('album');
  await page.setViewportSize(PHONE);
  assert.deepEqual(await overflowing(page), [], 'album at 360 px');
  await page.setViewportSize({ width: 1280, height: 900 });

  await page.getByRole('button', { name: 'Make the masters' }).click();
  await page.waitForURL(/\/jobs\//);
  await page.getByRole('heading', { name: 'Files of track 1' }).waitFor();
  const job = await json(`/v1${new URL(page.url()).pathname}`);
  assert.equal(job.recipe.loudness_lufs, null);
  assert.equal(job.references.length, 1);
  const names = job.artifacts.filter(({ kind }) => kind === 'master').map(({ name }) => name);
  assert.deepEqual(names, ['01 Sunshine (master).wav', '02 Rain (master).wav']);
  await page.getByRole('button', { name: 'Rain', exact: true }).click();
  await page.getByRole('heading', { name: 'Files of track 2' }).waitFor();
  await page.waitForFunction(() => document.querySelector('.play')?.disabled === false);
  await isAccessible('album result');
  await page.setViewportSize(PHONE);
  assert.deepEqual(await overflowing(page), [], 'album result at 360 px');
  await page.setViewportSize({ width: 1280, height: 900 });
});

const stage = {
  get page() {
    return page;
  },
  get context() {
    return context;
  },
  get url() {
    return url;
  },
  get line() {
    return line;
  },
  get jobPath() {
    return jobPath;
  },
  json,
  isAccessible,
};

testMixing(stage);
testOperating(stage);
testPreview(() => browser, { signIn: process.env.MIXRUNNERS_SHOP_SIGN_IN, song });

test('a master is deleted only after asking, and is gone then', async () => {
  await page.goto(url + jobPath);
  await page.getByRole('button', { name: 'Delete now' }).click();
  await isAccessible('asking');
  await page.getByRole('button', { name: 'Keep it' }).click();
  assert.equal((await context.request.get(`${url}/v1${jobPath}`)).status(), 200);
  await page.getByRole('button', { name: 'Delete now' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete now' }).click();
  await heading('Master a song').waitFor();
  assert.equal((await context.request.get(`${url}/v1${jobPath}`)).status(), 404);
  await page.goto(url + jobPath);
  await page.getByRole('alert').waitFor();
  await page.getByRole('heading', { name: 'It was deleted' }).waitFor();
  await page.getByText(/^Its owner asked for it\. Since \d+ \w+ \d{4} nobody can read it\./).waitFor();
  await isAccessible('deleted');
});

testErasing(stage);

test('nothing was asked of another origin, blocked by the content policy or thrown', () => {
  assert.deepEqual(wrongs, []);
});
