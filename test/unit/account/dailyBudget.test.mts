/** How an account's videos of the last 24 hours are counted, by a clock of the test. */
import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { answered, requesterOf } from '../../shared/fakeRun.mts';

beforeEach(() => void jest.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void jest.useRealTimers());

const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);
const later = async <T,>(ms: number, value: T) =>
  await new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

const EMPTY = { data: [], has_more: false };

/** An account whose list takes so long to answer, and how to use it. */
function slowAccount(
  takes: number,
  answer: (asked: IHttpRequestOptions) => IDataObject = () => answered(EMPTY),
) {
  const account = new Account('one');
  const { context, asked } = requesterOf(async (request) => await later(takes, answer(request)));
  const client = (signal?: AbortSignal) => account.client(context, { priority: 'row', signal });
  const take = (signal?: AbortSignal) => {
    const end: { used?: number; error?: Error } = {};
    account.budget.take(client(signal), 5, 1, true).then(
      ({ used }) => void (end.used = used),
      (error: Error) => void (end.error = error),
    );
    return end;
  };
  return { account, asked, take };
}

test('a list that takes longer to read than a reading serves is read once for all the same', async () => {
  const { asked, take } = slowAccount(20_000);
  const ends = [take(), take()];
  await advance(21_000);
  expect(ends).toEqual([{ used: 0 }, { used: 1 }]);
  expect(asked).toHaveLength(1);
});

test('a reading that began before an execution came does not do for it where it is old by then', async () => {
  const { asked, take } = slowAccount(20_000);
  take();
  await advance(10_000);
  const late = take();
  await advance(11_000);
  expect(late).toEqual({});
  await advance(20_000);
  expect(late).toEqual({ used: 1 });
  expect(asked).toHaveLength(2);
});

test('one that is canceled while another reads does not wait for that', async () => {
  const { take } = slowAccount(20_000);
  const cancel = new AbortController();
  const reader = take();
  const canceled = take(cancel.signal);
  await advance(100);
  cancel.abort(new Error('stopped'));
  await advance(0);
  expect(canceled.error?.message).toBe('stopped');
  await advance(20_000);
  expect(reader).toEqual({ used: 0 });
});
