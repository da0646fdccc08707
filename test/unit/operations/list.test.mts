import type { Item } from '../../../nodes/ITeraBiz/run/item.ts';
import { entriesOf } from '../../../nodes/ITeraBiz/operations/list.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { answered, type Answering, fakeContext } from '../fakeContext.mts';
import { Account } from '../../../nodes/ITeraBiz/account/account.ts';

const STATUSES = ['completed', 'processing', 'failed', 'Success'];

/** A server with so many videos, of one status after the other. */
function server(count: number): Answering {
  const all = Array.from({ length: count }, (_, index) => ({
    id: `v${index}`,
    status: STATUSES[index % STATUSES.length],
  }));
  return ({ qs }) => {
    const { limit, starting_after: after } = qs as { limit: number; starting_after?: string };
    const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    return answered({ data: all.slice(start, start + limit), has_more: start + limit < count });
  };
}

function listing(answer: Answering, limit: number, status?: string, url = '/videos') {
  const { context, asked } = fakeContext({ answer });
  const prepared = { method: 'GET' as const, url, timeout: 9 };
  const run = new NodeRun(1, 0, async () => new Account(), 1);
  const item: Item = { context, index: 3, run, prepared };
  return { asked, entries: entriesOf(item, limit, status) };
}

test.each([
  [
    Infinity,
    250,
    [{ limit: 100 }, { limit: 100, starting_after: 'v99' }, { limit: 100, starting_after: 'v199' }],
  ],
  [
    250,
    250,
    [{ limit: 100 }, { limit: 100, starting_after: 'v99' }, { limit: 50, starting_after: 'v199' }],
  ],
  [101, 101, [{ limit: 100 }, { limit: 1, starting_after: 'v99' }]],
  [100, 100, [{ limit: 100 }]],
  [1, 1, [{ limit: 1 }]],
])('to a limit of %p of 250', async (limit, count, queries) => {
  const { asked, entries } = listing(server(250), limit);
  expect((await entries).map(({ id }) => id)).toEqual(
    Array.from({ length: count }, (_, index) => `v${index}`),
  );
  expect(asked.map(({ qs }) => qs)).toEqual(queries);
  expect(asked[0]).toMatchObject({ method: 'GET', url: '/videos', timeout: 9 });
  expect(asked[0].qs).toStrictEqual({ limit: expect.any(Number) });
});

test('no more than the limit, though the server sends more', async () => {
  const page = { data: [{ id: 'a' }, { id: 'b' }, { id: 'c' }], has_more: false };
  expect(await listing(() => answered(page), 2).entries).toEqual([{ id: 'a' }, { id: 'b' }]);
});

test.each([
  ['completed', ['v0', 'v3', 'v4', 'v7', 'v8']],
  ['failed', ['v2', 'v6', 'v10', 'v14', 'v18']],
  ['success', ['v3', 'v7', 'v11', 'v15', 'v19']],
  ['processing', ['v1', 'v5', 'v9', 'v13', 'v17']],
])('only those that are %s, from whole pages', async (status, expected) => {
  const { asked, entries } = listing(server(250), 5, status);
  expect((await entries).map(({ id }) => id)).toEqual(expected);
  expect(asked.map(({ qs }) => qs)).toEqual([{ limit: 100 }]);
});

test('further pages where the first has too few of a status', async () => {
  const { asked, entries } = listing(server(250), 30, 'failed');
  expect(await entries).toHaveLength(30);
  expect(asked).toHaveLength(2);
});

test('a list that brings nothing new ends with what to do', async () => {
  const page = { data: [{ id: 'a' }, { id: 'b' }], has_more: true };
  const { asked, entries } = listing(() => answered(page), Infinity);
  await expect(entries).rejects.toMatchObject({
    message: 'The list from iTeraBiz stopped after 2 entries although it says there are more',
    description:
      'The next page brought only what was there already. Set Return All off and Limit to 2 or less to get these entries, and tell api@iterabiz.com.',
    context: { itemIndex: 3 },
  });
  expect(asked).toHaveLength(2);
});

test('a refused page ends it', async () => {
  await expect(listing(() => answered({}, 401), 5).entries).rejects.toMatchObject({
    message: 'iTeraBiz does not accept the API key of this credential',
    httpCode: '401',
  });
});

test('a page with a fault on their side is named by what was asked for', async () => {
  await expect(listing(() => answered({}, 500), 5).entries).rejects.toThrow(
    'iTeraBiz could not list the videos because of a fault on its side',
  );
});

test('what is no list is named by what was asked for', async () => {
  await expect(listing(() => answered('<html>'), 5, '', '/avatars').entries).rejects.toMatchObject({
    message: 'The answer to the request to list the avatars does not look like one from iTeraBiz',
    httpCode: '200',
    context: { itemIndex: 3 },
  });
});
