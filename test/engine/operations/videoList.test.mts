import type { INodeParameters } from 'n8n-workflow';

import { errorOf, itemsOf, jsonOf, runNode } from '../support.mts';
import { useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox();

const getMany = { resource: 'video', operation: 'getAll' };

/** The scripts of the account's videos, newest first: 250 of them, every tenth failed. */
const newestFirst: string[] = [];

beforeAll(async () => {
  for (let batch = 0; batch < 25; batch++) {
    const failed = await sandbox.addVideos(1, { status: 'failed' });
    const completed = await sandbox.addVideos(9);
    newestFirst.unshift(...[...failed, ...completed].map(({ id }) => id).reverse());
  }
});

const idsOf = (run: Awaited<ReturnType<typeof runNode>>) => jsonOf(run).map(({ id }) => id);

test.each<[string, INodeParameters, number, number]>([
  ['50 without a word', {}, 50, 1],
  ['one', { limit: 1 }, 1, 1],
  ['a full page', { limit: 100 }, 100, 1],
  ['one more than a page', { limit: 101 }, 101, 2],
  ['more than there are', { limit: 1_000 }, 250, 3],
  ['all', { returnAll: true }, 250, 3],
])('%s: no page too many, none twice, newest first', async (_, paging, count, requests) => {
  const run = await runNode(sandbox, { ...getMany, ...paging });
  expect(errorOf(run).message).toBe('');
  expect(idsOf(run)).toEqual(newestFirst.slice(0, count));
  expect((await sandbox.stats()).requests).toEqual({ 'GET /videos': requests });
});

test('a list that does not say whether there is more is read to its end', async () => {
  await sandbox.settings({ hasMore: false });
  const run = await runNode(sandbox, { ...getMany, returnAll: '={{ "TRUE" }}' });
  await sandbox.settings({ hasMore: true });
  expect(idsOf(run)).toEqual(newestFirst);
});

test.each(['={{ "false" }}', 'FALSE', 'no', 0])('Return All %j is off', async (returnAll) => {
  const run = await runNode(sandbox, { ...getMany, returnAll } as INodeParameters);
  expect(idsOf(run)).toEqual(newestFirst.slice(0, 50));
});

test.each<[string, INodeParameters, number, number]>([
  ['all failed ones', { returnAll: true, filters: { status: 'failed' } }, 25, 3],
  ['the first five failed ones', { limit: 5, filters: { status: 'failed' } }, 5, 1],
  ['all completed ones', { returnAll: true, filters: { status: 'completed' } }, 225, 3],
  [
    'queued ones, of which there are none',
    { returnAll: true, filters: { status: 'queued' } },
    0,
    3,
  ],
])('%s', async (_, parameters, count, requests) => {
  const run = await runNode(sandbox, { ...getMany, ...parameters });
  const { status } = parameters.filters as { status: string };
  expect(jsonOf(run)).toHaveLength(count);
  expect(jsonOf(run).every((video) => video.status === status)).toBe(true);
  expect((await sandbox.stats()).requests).toEqual({ 'GET /videos': requests });
});

test('every video is paired with the item that asked for it', async () => {
  const run = await runNode(
    sandbox,
    { ...getMany, limit: '={{ $json.wanted }}' },
    { items: [{ wanted: 3 }, { wanted: 2 }] },
  );
  expect(itemsOf(run).map(({ pairedItem }) => pairedItem)).toEqual([
    ...Array(3).fill({ item: 0 }),
    ...Array(2).fill({ item: 1 }),
  ]);
});

test('a list that goes in a circle ends with a message and not never', async () => {
  await sandbox.fault({ on: 'GET /videos', type: 'ignoreCursor', times: 'always' });
  const run = await runNode(sandbox, { ...getMany, returnAll: true });
  const { message, description } = errorOf(run);
  expect(message).toBe(
    'The list from iTeraBiz stopped after 100 entries although it says there are more',
  );
  expect(description).toContain('Turn Return All off and set Limit to 100 or less');
  expect((await sandbox.stats()).requests).toEqual({ 'GET /videos': 2 });
});
