// The end: the account of the journey erases itself.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overflowing } from './browser.mjs';

export function testErasing(stage) {
  const heading = (name) => stage.page.getByRole('heading', { level: 1, name });

  test('an account is erased only by typing its address, and the receipt is all that is left', async () => {
    const { page, context, url } = stage;
    await page.goto(`${url}/account`);
    await page.getByRole('link', { name: 'Erase my account' }).click();
    await heading('Erase account').waitFor();
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      assert.deepEqual(await overflowing(page), [], `erase at ${width} px`);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/erase-${width}.png` });
    }
    await stage.isAccessible('before erasing');
    const button = page.getByRole('button', { name: 'Erase my account' });
    assert.equal(await button.isDisabled(), true);
    await page.getByRole('textbox').fill('somebody@else.example');
    assert.equal(await button.isDisabled(), true);
    await page.getByRole('textbox').fill('owner@localhost');
    await button.click();
    await heading('Your account is erased').waitFor();
    await stage.isAccessible('after erasing');
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/erased.png` });
    const receipt = await page.locator('code').textContent();
    const told = await (await context.request.get(receipt)).json();
    assert.deepEqual([told.removed, told.cause], ['account', 'erasure']);
    assert.equal((await context.request.get(`${url}/v1/account`)).status(), 401);
    await page.getByRole('button', { name: 'Done' }).click();
    await heading('Sign in').waitFor();
  });
}
