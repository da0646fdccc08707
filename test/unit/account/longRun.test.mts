/** Max Videos per Day in a run of hours. */
import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { answered, requesterOf } from '../../shared/fakeRun.mts';

beforeEach(() => void jest.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void jest.useRealTimers());

test('a long run counts what was made elsewhere half an hour ago, though some of its own are on their way', async () => {
  const listed: { id: string; created_at: string }[] = [];
  const { context } = requesterOf(() => answered({ data: listed, has_more: false }));
  const account = new Account('one');
  const client = account.client(context, { priority: 'row' });
  const limit = 12;
  const { slots } = await account.budget.take(client, limit, 10, true);
  await jest.advanceTimersByTimeAsync(60 * 60_000);
  const created_at = new Date(Date.now() - 30 * 60_000).toISOString();
  for (let n = 0; n < 5; n++) listed.push({ id: `dashboard_${n}`, created_at });
  let started = 0;
  for (const slot of slots) {
    if (await account.budget.tryStart(client, limit, slot)) started += 1;
  }
  expect(listed.length + started).toBeLessThanOrEqual(limit);
});
