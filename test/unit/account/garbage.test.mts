/** What an account keeps of executions that are over, while it goes on for others: nothing. */
import { setTimeout as sleep } from 'node:timers/promises';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { now } from '../../../nodes/ITeraBiz/client/time.ts';
import { collectGarbage } from '../../shared/collectGarbage.mts';
import { answered, type Answering, requesterOf } from '../../shared/fakeRun.mts';

const VIDEOS = ['staying', 'finished', 'canceled', 'doubted', 'queued'].map((id) => ({
  id,
  status: id === 'finished' ? 'failed' : 'processing',
}));

/** One execution asks for all that wait. */
const api: Answering = ({ url }) => {
  const id = url.split('/')[2];
  return answered(id ? VIDEOS.find((one) => one.id === id) : { data: VIDEOS, has_more: false });
};

const TURN = { priority: 'row', concurrency: 1 } as const;

/** An execution of an account. Its context is all that n8n has of it. */
function execution(account: Account) {
  const controller = new AbortController();
  const { signal } = controller;
  const { context } = requesterOf(api);
  const client = account.client(context, { ...TURN, signal });
  const wait = async (id: string) => {
    const request = { id, interval: 2_000, deadline: now() + 600_000, last: { id } };
    await account.poller.wait([request], client, () => undefined);
  };
  return { context: new WeakRef(context), controller, client, wait };
}

/** Lets executions be over in each way, and gives what n8n would have of them. */
async function executionsThatAreOver(account: Account) {
  const finished = execution(account);
  await finished.wait('finished');

  const canceled = execution(account);
  const wait = canceled.wait('canceled');
  await sleep(50);
  canceled.controller.abort(new Error('canceled'));
  await expect(wait).rejects.toThrow('canceled');

  const doubted = execution(account);
  const order = { url: '/videos', body: { script: 'Hi' } };
  const finding = account.reconcilers['/videos'].find(doubted.client, order, Date.now(), false);
  await sleep(50);
  doubted.controller.abort(new Error('canceled'));
  await expect(finding).rejects.toThrow('canceled');

  const queued = execution(account);
  let end: () => void = () => undefined;
  const busy = account.queue.run(async () => await new Promise<void>((done) => (end = done)), TURN);
  const turn = queued.client.request({ method: 'GET', url: '/videos' });
  await sleep(10);
  queued.controller.abort(new Error('canceled'));
  await expect(turn).rejects.toThrow('canceled');
  end();
  await busy;

  const files = execution(account);
  await account
    .fileClient('files.example', files.context.deref()!, TURN)
    .schedule('GET', async () => ({ status: 200, headers: {}, body: {} }));

  return [finished, canceled, doubted, queued, files].map(({ context }) => context);
}

test('an account keeps nothing of executions that are over, while another one waits', async () => {
  const account = new Account('one');
  const staying = execution(account);
  const stays = staying.wait('staying').catch((error: Error) => error.message);
  const over = await executionsThatAreOver(account);
  // What was used in this turn of the event loop is kept until its end.
  await sleep(1_500);
  collectGarbage();
  expect(over.map((one) => one.deref())).toEqual(over.map(() => undefined));
  expect(account.poller.isIdle).toBe(false);
  staying.controller.abort(new Error('over'));
  expect(await stays).toBe('over');
});
