// Signing up by mail and looking after an account: the mails are read where the service wrote them.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { accessibilityViolations, overflowing, service, watchedContext } from './browser.mjs';

const { mail: folder } = service();
const PHONE = { width: 390, height: 844 };
const DESK = { width: 1280, height: 900 };
const TABLET = 'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36';
const SHOTS = process.env.SHOTS;

/** All mails there are, the oldest first. */
function mails() {
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith('.eml')).map((name) => join(folder, name));
    return files.sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs).map((file) => readFileSync(file, 'utf8'));
  } catch {
    return [];
  }
}

/** Waits for the next mail after the first `count`. */
async function nextMail(count) {
  for (let looks = 0; looks < 300; looks += 1) {
    const all = mails();
    if (all.length > count) return all[count];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no mail came after ${count}`);
}

const linkIn = (mail) => new URL(/^http\S+#mx\S+/m.exec(mail)[0]);

/** `stage` is asked anew each time: what it holds is not there before the tests begin. */
export function testAccounts(stage) {
  const contexts = [];
  let page, wrongs;

  const open = async (options = {}) => {
    const watched = await watchedContext(stage.browser, stage.url, { viewport: DESK, ...options });
    contexts.push(watched);
    const opened = await watched.context.newPage();
    opened.setDefaultTimeout(60_000);
    return { ...watched, page: opened };
  };
  const heading = (name, on = page) => on.getByRole('heading', { level: 1, name });
  const isFine = async (name) => {
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(200); // The colours fade over to the other scheme.
      assert.deepEqual(await accessibilityViolations(page), [], `${name}, ${colorScheme}`);
    }
    await page.emulateMedia({ colorScheme: 'light' });
    for (const viewport of [PHONE, DESK]) {
      await page.setViewportSize(viewport);
      if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name.replaceAll(' ', '-')}-${viewport.width}.png`), fullPage: true });
      assert.deepEqual(await overflowing(page), [], `${name} at ${viewport.width} px`);
    }
  };
  /** Asks for a link as a person does, and opens it. */
  const signIn = async (on, address) => {
    const count = mails().length;
    await on.goto(stage.url);
    await on.getByLabel('Your e-mail address').fill(address);
    await on.getByLabel('I am 16 or older').check();
    await on.getByRole('button', { name: 'Mail me a link' }).click();
    await heading('Look into your mail', on).waitFor();
    const link = linkIn(await nextMail(count));
    await on.goto(stage.url + link.pathname + link.hash);
    await heading('Master a song', on).waitFor();
  };

  test('mc_2 the form asks for an address and an age, says what is missing, and is worked by keyboard alone', async () => {
    ({ page, wrongs } = await open());
    await page.goto(stage.url);
    await heading('Sign in').waitFor();
    await isFine('the sign-in form');
    await page.getByRole('button', { name: 'Mail me a link' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Type your address').waitFor();
    await page.getByText('Accounts are for people of 16 or older.').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.type), 'email', 'the focus is at the field');
    await isFine('what is missing');
    await page.keyboard.type('anna@example.org');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement.type === 'checkbox');
    assert.equal(mails().length, 0, 'nothing was asked for yet');
    await page.keyboard.press('Space');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await heading('Look into your mail').waitFor();
    await page.getByText('anna@example.org').waitFor();
    await isFine('look into your mail');
  });

  test('mr_3b the link in the mail makes the account and signs in', async () => {
    const mail = await nextMail(0);
    assert.match(mail, /^To: anna@example\.org\r$/m);
    const link = linkIn(mail);
    assert.match(link.href, /\/sign-in#mxl_[\w-]{43}$/);
    await page.goto(stage.url + link.pathname + link.hash);
    await heading('Master a song').waitFor();
    assert.equal(page.url(), `${stage.url}/`);
    await page.getByRole('link', { name: 'Account, anna@example.org' }).click();
    await heading('Account').waitFor();
    await page.getByText('this one').waitFor();
    await isFine('the account');
  });

  test('mc_17 another browser is told of by mail, and ends the first one', async () => {
    const other = await open({ userAgent: TABLET });
    const count = mails().length;
    await signIn(other.page, 'anna@example.org');
    assert.match(await nextMail(count + 1), /Subject: A new browser signed in[\s\S]*Chrome on Android/);
    await page.reload();
    await page.getByText('Chrome on Android').first().waitFor();
    await isFine('two browsers');
    await other.page.goto(`${stage.url}/account`);
    const first = other.page.getByRole('button', { name: 'Sign out Chrome on Linux' });
    await first.click();
    await first.waitFor({ state: 'detached' });
    await page.reload();
    await heading('Sign in').waitFor();
    assert.deepEqual(other.wrongs, []);
    await other.context.close();
    await signIn(page, 'anna@example.org');
  });

  test('an API key is shown once, works, and does not once it is revoked', async () => {
    await page.goto(`${stage.url}/account`);
    await page.getByText('Make a key').click();
    await page.getByRole('button', { name: 'Make the key' }).click();
    await page.getByText('The name must').waitFor();
    await page.getByLabel('What it is for').fill('the studio script');
    await page.getByLabel('Look at the account').check();
    await isFine('a key to be made');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const secret = await page.getByLabel('The secret of “the studio script”').inputValue();
    assert.match(secret, /^mxk_[\w-]{43}$/);
    await isFine('a key that is made');
    const ask = async () => (await fetch(`${stage.url}/v1/account`, { headers: { Authorization: `Bearer ${secret}` } })).status;
    assert.equal(await ask(), 200);
    await page.reload();
    await page.getByText('the studio script').first().waitFor();
    assert.doesNotMatch(await page.content(), new RegExp(secret), 'never again');
    await page.getByRole('button', { name: 'Revoke the studio script' }).click();
    await page.getByRole('button', { name: 'Revoke the studio script' }).waitFor({ state: 'detached' });
    assert.equal(await ask(), 401);
  });

  test('mr_13b another address proves itself by its link, and the old one hears of it', async () => {
    const count = mails().length;
    await page.goto(`${stage.url}/account`);
    await page.getByRole('button', { name: 'Mail a link there' }).click();
    await page.getByText('Type the new address').waitFor();
    await page.getByLabel('New address').fill('anna@example.org');
    await page.keyboard.press('Enter');
    await page.getByText('The address is the address of this account already.').waitFor();
    await page.getByLabel('New address').fill('ada@example.org');
    await page.keyboard.press('Enter');
    await page.getByText(/A link is on its way to/).waitFor();
    await isFine('a link to the new address');
    const mail = await nextMail(count);
    assert.match(mail, /^To: ada@example\.org\r$/m);
    const link = linkIn(mail);
    assert.match(link.href, /\/account#mxa_[\w-]{43}$/);
    await page.goto(stage.url + link.pathname + link.hash);
    await page.getByText('Your address is ada@example.org now.').first().waitFor();
    assert.equal(page.url(), `${stage.url}/account`, 'the link leaves the address bar');
    assert.match(await nextMail(count + 1), /^To: anna@example\.org\r$/m);
    await page.goto(stage.url + link.pathname + link.hash);
    await page.getByRole('alert').getByText('This link was used').waitFor();
    await isFine('a used link of an address');
  });

  test('where a mail scanner could open a link, the last step is a person’s', async () => {
    const far = await stage.browser.newContext({ viewport: DESK });
    contexts.push({ context: far });
    // The service under the name of another host, as behind a proxy.
    await far.route('https://mix.example/**', async (route) => {
      const { pathname, search } = new URL(route.request().url());
      const headers = { ...route.request().headers(), 'sec-fetch-site': 'same-origin' };
      await route.fulfill({ response: await route.fetch({ url: stage.url + pathname + search, headers }) });
    });
    const count = mails().length;
    const asked = await fetch(`${stage.url}/v1/sign-in`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'eva@example.org', age_confirmed: true, terms_version: await termsVersion() }),
    });
    assert.equal(asked.status, 202);
    const there = await far.newPage();
    await there.goto(`https://mix.example/sign-in${linkIn(await nextMail(count)).hash}`);
    await heading('Sign in to mixrunners', there).waitFor();
    await there.waitForLoadState('networkidle');
    await there.getByRole('button', { name: 'Sign in' }).click();
    await heading('Master a song', there).waitFor();
  });

  const termsVersion = async () => (await (await fetch(`${stage.url}/v1/policies`)).json()).data[0].version;

  test('terms and times are there for everybody, with their version', async () => {
    const stranger = await open();
    const before = page;
    page = stranger.page;
    await page.goto(`${stage.url}/terms`);
    await heading('Terms').waitFor();
    await page.getByText(`Version ${await termsVersion()}.`).waitFor();
    await isFine('terms');
    await page.getByRole('link', { name: 'what happens to your data' }).click();
    await heading('What happens to your data').waitFor();
    await page.waitForFunction(() => document.activeElement.tagName === 'H1');
    const rows = await page.getByRole('row').allInnerTexts();
    assert.ok(rows.some((row) => /Masters, mixes, stems and reports/.test(row) && /120 days/.test(row)), rows.join('\n'));
    await isFine('privacy');
    assert.deepEqual(stranger.wrongs, []);
    page = before;
  });

  test('the account asked nothing of another origin', async () => {
    assert.deepEqual(wrongs, []);
    await Promise.all(contexts.map((one) => one.context.close()));
  });
}
