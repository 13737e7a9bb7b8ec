// The operators' page: a real queue that is paused, emptied and resumed, and one in trouble that a test makes up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overflowing } from './browser.mjs';
import { answerWith, id, troubled } from './queue.mjs';

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** `stage` is asked anew each time: what it holds is not there before the tests begin. */
export function testOperating(stage) {
  const button = (name) => stage.page.getByRole('button', { name });
  const dialog = () => stage.page.getByRole('dialog');
  const live = () => stage.page.getByText('live', { exact: true });
  const open = async (hash = '') => {
    await stage.page.goto(`${stage.url}/ops${hash}`);
    await stage.page.getByRole('heading', { level: 1, name: 'Queue' }).waitFor();
    await live().waitFor();
  };

  test('an operator pauses the queue with a reason, and with none nothing is done', async () => {
    const { page } = stage;
    await page.goto(stage.url);
    await page.getByRole('link', { name: 'Queue', exact: true }).click();
    await live().waitFor();
    await stage.isAccessible('a quiet queue');
    await button('Pause…').focus();
    await page.keyboard.press('Enter');
    await dialog().waitFor();
    await page.getByLabel('Reason').focus();
    await page.keyboard.press('Enter');
    await page.getByText('Say why; nothing was done yet.').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), 'act-reason', 'the focus is at the field');
    await stage.isAccessible('a reason is missing');
    assert.equal((await stage.json('/v1/ops/queue')).pause, null);
    await page.keyboard.type('a new disk');
    await page.keyboard.press('Enter');
    await page.getByText('The queue stands still: a new disk').waitFor();
    assert.equal((await stage.json('/v1/ops/queue')).pause.reason, 'a new disk');
  });

  test('what is ordered appears by itself, without its name, and is cancelled with a reason', async () => {
    const { page, context, url } = stage;
    const { inputs } = await stage.json(`/v1${stage.jobPath}`);
    await page.getByRole('link', { name: 'Waiting', exact: true }).click();
    await page.getByText('Nothing waits.').waitFor();
    const data = { kind: 'master', title: 'Secret Song', inputs: [{ upload: inputs[0].upload }] };
    const job = await (await context.request.post(`${url}/v1/jobs`, { data })).json();
    const row = page.getByRole('row').filter({ hasText: job.id });
    await row.getByText('waits its turn').waitFor();
    await stage.isAccessible('a job waits');
    assert.doesNotMatch(await page.locator('body').innerText(), /Secret Song|Night Drive/);
    await row.getByRole('button', { name: /^Cancel/ }).click();
    await page.getByLabel('Reason').fill('in the way');
    await dialog().getByRole('button', { name: 'Cancel the job' }).click();
    await page.getByText(`${job.id} is over.`).first().waitFor();
    await page.getByText('Nothing waits.').waitFor();
    assert.equal((await stage.json(`/v1/jobs/${job.id}`)).state, 'cancelled');
    await button('Resume…').click();
    await page.getByLabel('Reason').fill('it is in');
    await dialog().getByRole('button', { name: 'Resume the queue' }).click();
    await button('Pause…').waitFor();
    const told = await page.getByRole('region', { name: 'What operators did last' }).getByRole('row').allInnerTexts();
    for (const [at, part] of [[1, 'it is in'], [2, 'in the way'], [3, 'a new disk']]) assert.ok(told[at].includes(part), told[at]);
  });

  test('a lost connection leaves the figures there, with the time they are of', async () => {
    const { page, line } = stage;
    line.cut();
    await page.getByText(/^as it was at \d\d:\d\d:\d\d$/).waitFor();
    await page.getByText('The service does not answer').waitFor();
    line.mend();
    await live().waitFor();
    assert.equal(await page.getByText('The service does not answer').count(), 0);
  });

  test('a queue in trouble says so in words, on a desk and on a phone', async () => {
    const { page } = stage;
    const state = troubled();
    const refused = { title: 'An input cannot be used', detail: 'there is no such upload', code: 'input_rejected', request_id: 'req_1' };
    const acts = [];
    await answerWith(page, state, (name, body) => {
      acts.push([name, body]);
      return { status: 409, contentType: 'application/problem+json', body: JSON.stringify(refused) };
    });
    for (const [size, hash] of [[DESK, ''], [DESK, '#queued'], [DESK, '#failed'], [PHONE, ''], [PHONE, '#queued'], [PHONE, '#failed']]) {
      await page.setViewportSize(size);
      await open(hash);
      await page.getByText('Late: five minutes or more').waitFor();
      await page.getByText(/^silent for 5/).waitFor();
      await page.getByText('3, overdue').waitFor();
      await page.getByText('the clock was set by').waitFor();
      await page.getByText('1 place could not be emptied').waitFor();
      await stage.isAccessible(`trouble ${hash} at ${size.width} px`);
      assert.deepEqual(await overflowing(page), [], `${hash} at ${size.width} px`);
    }
    const small = await page.evaluate(() =>
      [...document.querySelectorAll('main button, main a')]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
        .map((element) => element.textContent.trim()),
    );
    assert.deepEqual(small, [], 'targets under 44 px');
    await page.setViewportSize(DESK);

    state.queue.oldest_wait_s = 121;
    await page.getByText('Slow: two minutes or more').waitFor();
    state.queue.oldest_wait_s = 119;
    await page.getByText('as it should be').waitFor();

    const retry = page.getByRole('button', { name: `Retry it… ${id(6)}` });
    await retry.focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Reason').fill('once more');
    await dialog().getByRole('button', { name: 'Try again' }).click();
    await dialog().getByText('there is no such upload').waitFor();
    await stage.isAccessible('refused');
    assert.deepEqual(acts, [[`jobs/${id(6)}/retry`, { reason: 'once more' }]]);
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    assert.match(await page.evaluate(() => document.activeElement.textContent), /^Retry it/, 'the focus is back');
    await page.unroute('**/v1/ops/**');
  });

  test('who is no operator finds no such page', async () => {
    const { page, url } = stage;
    await page.route('**/v1/account', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), roles: ['producer'] } });
    });
    await page.goto(`${url}/ops`);
    await page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'Queue', exact: true }).count(), 0);
    await page.unroute('**/v1/account');
  });
}
