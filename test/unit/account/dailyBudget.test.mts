/** How an account's videos of the last 24 hours are counted, by a clock of the test. */
import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { CannotCount, type Slot } from '../../../nodes/ITeraBiz/account/dailyBudget.ts';
import { RequestFailed } from '../../../nodes/ITeraBiz/client/apiClient.ts';
import { now } from '../../../nodes/ITeraBiz/client/time.ts';
import { answered, connectionReset, requesterOf } from '../../shared/fakeRun.mts';

beforeEach(() => void jest.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void jest.useRealTimers());

const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);
const later = async <T,>(ms: number, value: T) =>
  await new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

const EMPTY = { data: [], has_more: false };

/** An account whose list takes so long to answer, and how to use it. */
function slowAccount(
  takes: number,
  answer: (asked: IHttpRequestOptions) => IDataObject | Error = () => answered(EMPTY),
) {
  const account = new Account('one');
  const { context, asked } = requesterOf(async (request) => await later(takes, answer(request)));
  const take = (signal?: AbortSignal, deadline?: number) => {
    const end: { used?: number; error?: Error } = {};
    const client = account.client(context, { priority: 'row', signal, deadline });
    account.budget.take(client, 5, 1, true).then(
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

test('a tool whose time is up while it reads does not fail a campaign that came after it', async () => {
  const answers = [connectionReset];
  const { take } = slowAccount(20_000, () => answers.pop() ?? answered(EMPTY));
  const tool = take(undefined, now() + 10_000);
  const campaign = take();
  await advance(60_000);
  expect(tool.error).toBeInstanceOf(RequestFailed);
  expect(campaign).toEqual({ used: 0 });
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

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('The count', () => {
  /** An account with a list of these videos, by how long ago each was made, in milliseconds. */
  function accountOf(ages: Record<string, number> = {}) {
    const start = Date.now();
    const data: IDataObject[] = [];
    const add = (id: string, at: number) =>
      data.unshift({ id, created_at: new Date(at).toISOString() });
    Object.entries(ages).forEach(([id, age]) => add(id, start - age));
    const account = new Account('one');
    let reply = () => answered({ data, has_more: false });
    const { context, asked } = requesterOf(() => reply());
    const client = account.client(context, { priority: 'row', retry: false });
    return {
      ...{ asked, start, add, budget: account.budget },
      replyWith: (body: unknown, status?: number) => void (reply = () => answered(body, status)),
      take: async (limit: number, wanted = 1, isAllOrNothing = true) =>
        await account.budget.take(client, limit, wanted, isAllOrNothing),
      tryStart: async (limit: number, slot: Slot) =>
        await account.budget.tryStart(client, limit, slot),
    };
  }

  describe('of a list of three pages', () => {
    const MINUTE = 60_000;

    /** One video for each five minutes. */
    function longList() {
      const account = new Account('one');
      const made = (minutesAgo: number): IDataObject => ({
        id: `v${minutesAgo}`,
        created_at: new Date(Date.now() - minutesAgo * MINUTE).toISOString(),
      });
      const videos = Array.from({ length: 250 }, (_, n) => made(5 * n + 5));
      let page = 0;
      const { context, asked } = requesterOf(({ qs }) => {
        page = qs?.starting_after === undefined ? 0 : page + 1;
        const data = videos.slice(100 * page, 100 * page + 100);
        return answered({ data, has_more: page < 2 });
      });
      const client = account.client(context, { priority: 'row', retry: false });
      const used = async () => (await account.budget.take(client, 1, 0, true)).used;
      return { account, asked, videos, made, used };
    }

    test('reads only what may have come since', async () => {
      const { asked, videos, made, used } = longList();
      expect([await used(), asked.length]).toEqual([250, 3]);
      await advance(10 * MINUTE);
      videos.unshift(made(0));
      expect([await used(), asked.length]).toEqual([251, 4]);
      await advance(MINUTE);
      // One that was deleted, and one that the list left out at first.
      videos.splice(0, 1, { ...made(4), id: 'late' });
      expect([await used(), asked.length]).toEqual([251, 5]);
      await advance(20 * 60 * MINUTE);
      const isOfToday = ({ created_at }: IDataObject) =>
        Date.parse(String(created_at)) >= Date.now() - 24 * 60 * MINUTE;
      expect([await used(), asked.length]).toEqual([videos.filter(isOfToday).length, 6]);
    });

    test('reads all of it after the computer has slept, and remembers no more than a day', async () => {
      const { asked, used, account } = longList();
      expect([await used(), asked.length]).toEqual([250, 3]);
      // The other clock stands still meanwhile.
      jest.setSystemTime(Date.now() + 8 * 60 * MINUTE);
      await advance(MINUTE);
      await used();
      expect(asked).toHaveLength(5);
      for (let hours = 0; hours < 20; hours++) {
        await advance(60 * MINUTE);
        await used();
      }
      expect((account.budget as unknown as { listed: unknown[] }).listed.length).toBeLessThan(110);
    });

    test('reads all of it where an ID is missing', async () => {
      const { asked, videos, made, used } = longList();
      delete videos[150].id;
      expect(await used()).toBe(250);
      await advance(10 * MINUTE);
      videos.unshift({ ...made(0), id: '' });
      expect([await used(), asked.length]).toEqual([251, 6]);
    });
  });

  test('is of the last 24 hours, and says when each stops counting, soonest first', async () => {
    const { take, start } = accountOf({ a: 5, b: DAY, c: DAY + 1, d: MINUTE, e: 10 * MINUTE });
    expect(await take(9)).toEqual({
      used: 4,
      freeAt: [start, start + DAY - 10 * MINUTE, start + DAY - MINUTE, start + DAY - 5],
      slots: [{ at: start }],
    });
  });

  test.each([
    [5, 3, true, 3],
    [5, 4, true, 0],
    [5, 4, false, 3],
    [2, 1, false, 0],
    [1, 1, false, 0],
    [1, 1, true, 0],
  ])('of 2, with a limit of %i, leaves of %i (all or nothing: %s) %i', async (...row) => {
    const [limit, wanted, isAllOrNothing, slots] = row;
    const { take } = accountOf({ a: 1, b: 2 });
    expect((await take(limit, wanted, isAllOrNothing)).slots).toHaveLength(slots);
  });

  test('includes slots until they are given back or a day old', async () => {
    const { take, budget, start } = accountOf();
    const [first, second] = (await take(9, 2)).slots;
    expect((await take(9)).freeAt).toEqual([start + DAY, start + DAY]);
    budget.release(first);
    budget.release(second);
    await advance(DAY);
    expect((await take(9)).used).toBe(1);
    await advance(1);
    expect((await take(9)).used).toBe(1);
  });

  test('does not count twice what is listed, nor leave out what others made', async () => {
    const { take, tryStart, add, start } = accountOf({ before: 2 * MINUTE });
    const { slots } = await take(9, 2);
    await tryStart(9, slots[0]);
    add('in time', start - MINUTE);
    await advance(2_000);
    // One of the two may be the started one's, the other slot has none yet.
    expect((await take(9, 0)).used).toBe(3);
    add('of others', start);
    await advance(2_000);
    expect((await take(9, 0)).used).toBe(4);
    slots[0].id = 'of others';
    expect((await take(9, 0)).used).toBe(4);
    slots[0].id = 'unlisted';
    expect((await take(9, 0)).used).toBe(5);
  });

  test('does not take what is older than the first request for one of its own', async () => {
    const { take, tryStart, start } = accountOf({ old: MINUTE + 1 });
    const { slots } = await take(9, 2);
    for (const slot of slots) {
      await advance(3 * MINUTE);
      await tryStart(9, slot);
    }
    expect(slots.map(({ at }) => at)).toEqual([start + 3 * MINUTE, start + 6 * MINUTE]);
    expect((await take(9, 0)).used).toBe(3);
  });

  test('does not take for its own what was listed before it sent anything', async () => {
    const { take, tryStart, add, start } = accountOf({ '': 2 * MINUTE, a: 10_000, b: 10_000 });
    const { slots } = await take(9, 2);
    for (const slot of slots) await tryStart(9, slot);
    // Read in full the second time, the list shows them again.
    add('c', start - 20_000);
    await advance(3_000);
    expect((await take(9, 0)).used).toBe(5);
    add('', start + 1_000);
    await advance(3_000);
    expect((await take(9, 0)).used).toBe(5);
    await advance(3_000);
    expect((await take(9, 0)).used).toBe(5);
  });

  test('takes as many for its own as it has started, from the first request on', async () => {
    const { take, tryStart, add } = accountOf();
    const { slots } = await take(9, 2);
    for (const slot of slots) {
      await tryStart(9, slot);
      add(`video ${slots.indexOf(slot)}`, Date.now());
      await advance(3 * MINUTE);
    }
    expect((await take(9, 0)).used).toBe(2);
  });

  test('does not take what others made hours ago for what it orders now, though it has an older doubt', async () => {
    const limit = 6;
    const { take, tryStart, add } = accountOf();
    const start = async () => {
      const [slot] = (await take(limit)).slots;
      return slot !== undefined && (await tryStart(limit, slot));
    };
    expect(await start()).toBe(true);
    await advance(60 * MINUTE);
    for (const id of ['a', 'b', 'c', 'd']) add(id, Date.now());
    await advance(60 * MINUTE);
    // One of the four may be the doubt's.
    const started = [await start(), await start(), await start(), await start()];
    expect(started).toEqual([true, true, false, false]);
  });

  test('refuses to start once others have used up the limit', async () => {
    const { take, tryStart, add, asked, start } = accountOf();
    const { slots } = await take(2, 2);
    expect(await tryStart(2, slots[0])).toBe(true);
    expect(asked).toMatchObject([{ method: 'GET', url: '/videos' }]);
    add('of others', start - 2 * MINUTE);
    await advance(15_000);
    expect(await tryStart(2, slots[1])).toBe(false);
    expect(await tryStart(3, slots[1])).toBe(true);
    expect(asked).toHaveLength(2);
  });

  const [video] = [{ id: 'a', created_at: '2027-01-15T07:00:00Z' }];
  test.each<[string, unknown]>([
    ['the list of the account does not say when they were made', { data: [{ id: 'a' }] }],
    ['the list of the account was not read to its end', { data: [video], has_more: true }],
  ])('is impossible where %s', async (message, body) => {
    const { take, replyWith } = accountOf();
    replyWith(body);
    const error = await take(9).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(CannotCount);
    expect(error).toMatchObject({ message });
  });

  test('is impossible where the list does not end', async () => {
    let page = 0;
    const { asked, take } = slowAccount(0, () =>
      answered({ data: [{ ...video, id: `video ${++page}` }], has_more: true }),
    );
    const end = take();
    await advance(200);
    expect(end.error).toEqual(new CannotCount('the list of the account was not read to its end'));
    expect(asked).toHaveLength(101);
  });

  test.each<[string, IDataObject]>([
    ['refused', answered({}, 403)],
    ['without times', answered({ data: [{ id: 'a' }], has_more: false })],
  ])('fails for all that share a list that is %s, and the next asks anew', async (_, bad) => {
    let answer = bad;
    const { asked, take } = slowAccount(100, () => answer);
    const ends = [take(), take()];
    await advance(100);
    expect(ends).toEqual(Array(2).fill({ error: expect.any(Error) }));
    answer = answered(EMPTY);
    const next = take();
    await advance(100);
    expect([next, asked.length]).toEqual([{ used: 0 }, 2]);
  });

  test('of one whose own Timeout is too short for the list costs the others nothing', async () => {
    const account = new Account('one');
    const { context, asked } = requesterOf(async ({ timeout = 0 }) => {
      return timeout < 5_000 ? connectionReset : await later(5_000, answered(EMPTY));
    });
    const take = async (timeout: number) => {
      const settings = { priority: 'row', retry: false, options: { timeout } } as const;
      const client = account.client(context, settings);
      return await account.budget.take(client, 5, 1, true).catch((error: Error) => error);
    };
    const ends = Promise.all([take(1_000), take(9_000), take(9_000)]);
    await advance(5_000);
    expect(await ends).toMatchObject([{ attempt: { tries: 1 } }, { used: 0 }, { used: 1 }]);
    expect(asked).toHaveLength(2);
  });

  test('is the one that was asked for last, also if an earlier one takes longer', async () => {
    const account = new Account('one');
    const made = { id: 'a', created_at: new Date(Date.now()).toISOString() };
    const { context } = requesterOf(async ({ timeout }) => {
      const data = timeout === 9_000 ? [] : [made];
      return await later(timeout === 9_000 ? 5_000 : 0, answered({ data, has_more: false }));
    });
    const by = (timeout: number) =>
      account.client(context, { priority: 'row', options: { timeout } });
    const slow = account.budget.take(by(9_000), 5, 1, true);
    await advance(1_000);
    const quick = account.budget.take(by(8_000), 5, 1, true);
    await advance(4_000);
    await slow;
    const [slot] = (await quick).slots;
    expect(await account.budget.tryStart(by(8_000), 1, slot)).toBe(false);
  });

  test('of one that cannot ask costs the others nothing', async () => {
    const error = new UserError('no credential');
    let count = 0;
    const { take } = slowAccount(100, () =>
      ++count === 1 ? (error as unknown as IDataObject) : answered(EMPTY),
    );
    const ends = [take(), take()];
    await advance(200);
    expect(ends).toEqual([{ error }, { used: 0 }]);
  });

  test('of a tool whose time is up during a pause costs the others nothing', async () => {
    const account = new Account('one');
    const { context } = requesterOf(() => answered(EMPTY));
    const take = async (deadline?: number) => {
      const client = account.client(context, { priority: 'row', deadline });
      return await account.budget.take(client, 5, 1, true).catch((error: Error) => error);
    };
    account.queue.pauseFor(50_000);
    const ends = [take(performance.now() + 45_000), take()];
    await advance(51_000);
    expect(await ends[0]).toBeInstanceOf(RequestFailed);
    expect(await ends[1]).toMatchObject({ used: 0 });
  });
});

test('A preview does not take what an execution beside it may use', async () => {
  const account = new Account('one');
  const { context } = requesterOf(() => answered(EMPTY));
  const client = account.client(context, { priority: 'row' });
  const both = [true, false].map((isPreview) => account.budget.take(client, 3, 3, true, isPreview));
  const taken = await Promise.all(both);
  expect(taken.map(({ used, slots }) => [used, slots.length])).toEqual([
    [0, 3],
    [0, 3],
  ]);
});

test('A slot that is used more than a day after it was taken counts', async () => {
  const account = new Account('one');
  const { context } = requesterOf(() => answered(EMPTY));
  const client = account.client(context, { priority: 'row' });
  const { slots } = await account.budget.take(client, 1, 1, true);
  await advance(25 * 60 * 60_000);
  expect(await account.budget.tryStart(client, 1, slots[0])).toBe(true);
  expect(await account.budget.take(client, 1, 1, true)).toMatchObject({ used: 1, slots: [] });
});

describe('A list that fails while slots are used', () => {
  /** Uses a slot of a list that shows nothing, and fails from then on. */
  async function failing() {
    const account = new Account('one');
    let isDown = false;
    const { context, asked } = requesterOf(() => (isDown ? answered({}, 403) : answered(EMPTY)));
    const client = account.client(context, { priority: 'row' });
    const { slots } = await account.budget.take(client, 9, 9, true);
    isDown = true;
    const isFree = async () => await account.budget.tryStart(client, 9, slots.pop()!);
    return { asked, isFree, recover: () => void (isDown = false) };
  }

  test('is asked every five seconds, and trusted for a minute', async () => {
    const { asked, isFree } = await failing();
    await advance(15_000);
    expect([await isFree(), await isFree(), asked.length]).toEqual([true, true, 2]);
    await advance(5_001);
    expect([await isFree(), asked.length]).toEqual([true, 3]);
    await advance(39_998);
    expect([await isFree(), asked.length]).toEqual([true, 4]);
    await advance(2);
    await expect(isFree()).rejects.toBeInstanceOf(RequestFailed);
  });

  test('is trusted again once it has answered', async () => {
    const { asked, isFree, recover } = await failing();
    await advance(50_000);
    expect(await isFree()).toBe(true);
    recover();
    await advance(6_000);
    expect(await isFree()).toBe(true);
    await advance(50_000);
    expect([await isFree(), asked.length]).toEqual([true, 4]);
  });

  test('does not hide that the execution was stopped', async () => {
    const account = new Account('one');
    const stop = new AbortController();
    let isDown = false;
    const { context } = requesterOf(() => {
      if (isDown) stop.abort(new Error('stopped'));
      return isDown ? answered({}, 403) : answered(EMPTY);
    });
    const client = account.client(context, { priority: 'row', signal: stop.signal });
    const { slots } = await account.budget.take(client, 9, 1, true);
    isDown = true;
    await advance(15_000);
    await expect(account.budget.tryStart(client, 9, slots[0])).rejects.toThrow('stopped');
  });
});
