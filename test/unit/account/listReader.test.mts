/** How far back a list is read. */
import type { IDataObject } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { readBack } from '../../../nodes/ITeraBiz/account/listReader.ts';
import { answered, requesterOf } from '../../shared/fakeRun.mts';

const NOW = 1_800_000_000_000;

beforeEach(() => void jest.useFakeTimers({ now: NOW }));
afterEach(() => void jest.useRealTimers());

/** Reads a list of these pages back to 10 seconds ago; entries are given by their age in seconds. */
async function read(pages: (number | null)[][], maxPages = 9, date?: string) {
  let count = 0;
  const { context, asked } = requesterOf(() => {
    const data = pages[asked.length - 1].map((age) => ({
      id: `video ${++count}`,
      created_at: age === null ? null : new Date(NOW - age * 1_000).toISOString(),
    }));
    return answered({ data, has_more: asked.length < pages.length }, 200, date ? { date } : {});
  });
  const client = new Account('one').client(context, { priority: 'row' });
  const ages: number[] = [];
  const isComplete = await readBack(client, '/videos', NOW - 10_000, maxPages, ({ at }) => {
    ages.push((NOW - at) / 1_000);
  });
  return { isComplete, pages: asked.length, ages };
}

test.each<[string, (number | null)[][], number]>([
  ['to the page that goes further back', [[1, 2], [3, 11], [12]], 2],
  ['beyond one that ends at that moment', [[1, 10], [12, 13], [14]], 2],
  ['also where some were made in one moment', [[1, 1, 11, 11], [12]], 1],
  ['to its end if a page is not sorted', [[1, 12, 11], [2]], 2],
  ['if one is sorted the other way', [[12, 11], [2]], 2],
  ['if all of a page are of one moment, so that nothing shows an order', [[11, 11], [2]], 2],
  ['if one does not say when it was made', [[1, null, 12], [2]], 2],
  ['if the first does not', [[null, 12], [2]], 2],
])('a list is read %s', async (_, list, pages) => {
  expect(await read(list)).toEqual({
    ...{ isComplete: true, pages },
    ages: list
      .slice(0, pages)
      .flat()
      .map((age) => age ?? NaN),
  });
});

test('a list is read no further than so many pages', async () => {
  const list = [[1], [2], [3]];
  expect(await read(list, 3)).toMatchObject({ isComplete: true, ages: [1, 2, 3] });
  expect(await read(list, 2)).toMatchObject({ isComplete: false, ages: [1, 2] });
});

test('a list that shows the same page again is stuck', async () => {
  const { context } = requesterOf(() => answered({ data: [{ id: 'a' }], has_more: true }));
  const client = new Account('one').client(context, { priority: 'row' });
  const seen: IDataObject[] = [];
  const collect = ({ entry }: { entry: IDataObject }) => void seen.push(entry);
  expect(await readBack(client, '/videos', 0, 9, collect)).toBe(false);
  expect(seen).toEqual([{ id: 'a' }]);
});

test('an entry that takes long is awaited, so that n8n can do other work meanwhile', async () => {
  const { context } = requesterOf(() => answered({ data: [{ id: 'a' }, { id: 'b' }] }));
  const client = new Account('one').client(context, { priority: 'row' });
  const seen: string[] = [];
  await readBack(client, '/videos', 0, 9, async ({ entry }) => {
    seen.push(`${String(entry.id)} begins`);
    await Promise.resolve();
    seen.push(`${String(entry.id)} ends`);
  });
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
});

test('times are by our clock, where the answer tells the time of theirs', async () => {
  const ahead = new Date(NOW + 5_000).toUTCString();
  expect((await read([[1, 2]], 9, ahead)).ages).toEqual([6, 7]);
  expect((await read([[1, 2]], 9, 'today')).ages).toEqual([1, 2]);
});
