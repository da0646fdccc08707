/** What an account keeps of executions that are over, while it goes on for others: nothing. */
import type { IDataObject } from 'n8n-workflow';

import { accountOf, type Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { readerOf } from '../../../nodes/ITeraBiz/account/videos.ts';
import { Waits } from '../../../nodes/ITeraBiz/account/watch.ts';
import { Slots } from '../../../nodes/ITeraBiz/client/slots.ts';
import { collectGarbage } from '../../shared/collectGarbage.mts';
import { answered, type Answering, fakeContext } from '../fakeContext.mts';

const VIDEOS = ['staying', 'finished', 'cancelled', 'released', 'queued'].map((id) => ({
  id,
  status: id === 'finished' ? 'completed' : 'processing',
}));

/** Whoever asks, asks for all who wait. */
const api: Answering = ({ url }) => {
  const id = url.split('/')[2];
  return answered(id ? VIDEOS.find((one) => one.id === id) : { data: VIDEOS, has_more: false });
};

/** An execution that waits for a video. Its context is all that n8n has of it. */
function execution(account: Account, id: string) {
  const controller = new AbortController();
  const { signal } = controller;
  const { context } = fakeContext({ answer: api, signal });
  const slots = new Slots(5, signal, () => account.requests);
  const waits = new Waits(async () => account.watch, readerOf(context, { url: '' }, slots), signal);
  const last = { id, status: 'queued' } as IDataObject;
  const wait = async () =>
    await waits.wait({ id, interval: 2_000, deadline: Date.now() + 600_000, last: last as never });
  return { context: new WeakRef(context), controller, slots, wait, waits };
}

/** Lets executions be over in each way, and gives what n8n would have of them. */
async function executionsThatAreOver(account: Account) {
  const finished = execution(account, 'finished');
  await finished.wait();

  const cancelled = execution(account, 'cancelled');
  const wait = cancelled.wait();
  await new Promise((resolve) => setTimeout(resolve, 50));
  cancelled.controller.abort(new Error('cancelled'));
  await expect(wait).rejects.toThrow('cancelled');

  const released = execution(account, 'released');
  const handedOver = released.wait();
  released.waits.releaseAll();
  await handedOver;

  const queued = execution(account, 'queued');
  for (let row = 0; row < 5; row++) await account.requests.enter(5);
  const turn = queued.slots.run(async () => 'asked');
  queued.controller.abort(new Error('cancelled'));
  await expect(turn).rejects.toThrow('cancelled');
  for (let row = 0; row < 5; row++) account.requests.leave();

  return [finished, cancelled, released, queued].map(({ context }) => context);
}

test('an account keeps nothing of executions that are over, while another one waits', async () => {
  const { context } = fakeContext();
  const account = await accountOf(context);
  const staying = execution(account, 'staying');
  const stays = staying.wait();
  const over = await executionsThatAreOver(account);
  // What was used in this turn of the event loop is kept until its end.
  await new Promise((resolve) => setTimeout(resolve, 200));
  collectGarbage();
  expect(over.map((one) => one.deref())).toEqual(over.map(() => undefined));
  expect(account.watch.isIdle).toBe(false);
  staying.waits.releaseAll();
  await stays;
});
