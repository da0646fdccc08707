/** What the account has already is used, where the user wants that. */
import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import type { Reply } from '../../shared/littleApi.mts';
import { until } from '../../shared/until.mts';
import { accepted, api, breaks, entriesOf, errorOf, refused, running } from './ordering.mts';

describe('Where what exists is to be used', () => {
  const options = { whenVideoExists: 'reuse' };
  const there = {
    id: 'there_1',
    script: 'Hi',
    status: 'completed',
    created_at: new Date(Date.now() - 60_000).toISOString(),
  };

  test('a job that is there is used, on record, and marked as there already', async () => {
    const place = running({ options, listed: [there] });
    expect(await place.output).toEqual([{ ...there, _iteraBizReused: true }]);
    expect(place.posts).toEqual([]);
    expect(Object.values(entriesOf(place.memory))).toMatchObject([
      { state: 'accepted', answer: there, reused: true },
    ]);
  });

  test.each([[[there]], [[]]])('a retry knows whether it was there already: %j', async (listed) => {
    const account = new Account('one');
    const { memory, output } = running({ options, listed, account });
    await output;
    const again = running({ options, memory, account, answer: breaks });
    expect(await again.output).toMatchObject([{ _iteraBizReused: listed.length > 0 }]);
    expect([again.posts, again.looks]).toEqual([[], []]);
  });

  test('what is not there is ordered, under a key that all have who want the same', async () => {
    const places = [1, 2].map(() => running({ options }));
    expect((await Promise.all(places.map(({ output }) => output)))[0]).toMatchObject([
      { _iteraBizReused: false },
    ]);
    const keys = api.by('POST').map(({ headers }) => headers['idempotency-key']);
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
  });

  test('what was refused is sent under another key by a later run: an API may repeat its answer', async () => {
    const account = new Account('one');
    await errorOf(running({ options, account, answer: refused }));
    await running({ options, account }).output;
    const keys = api.by('POST').map(({ headers }) => headers['idempotency-key']);
    expect([keys.length, new Set(keys).size]).toEqual([2, 2]);
  });

  test('executions whose orders have nothing in common do not wait for each other', async () => {
    const account = new Account('one');
    let answer: (reply: Reply) => void = () => undefined;
    const slow = running({
      ...{ options, account, scripts: ['a'] },
      answer: () => new Promise<Reply>((resolve) => (answer = resolve)),
    });
    await until('the first is on its way', () => slow.posts.length === 1, { every: 5 });
    const quick = running({ options, account, scripts: ['b'], concurrency: 6 });
    api.reply = (asked) => (asked.method === 'GET' ? { body: { data: [] } } : accepted(asked));
    expect(await quick.output).toMatchObject([{ id: 'video_b' }]);
    answer({ status: 201, body: { id: 'video_a' } });
    expect(await slow.output).toMatchObject([{ id: 'video_a' }]);
  });

  test('two equal rows need a job each, and get keys of their own', async () => {
    const place = running({ options, scripts: ['Hi', 'Hi', 'Hi'], listed: [there] });
    expect((await place.output).map(({ _iteraBizReused }) => _iteraBizReused)).toEqual([
      true,
      false,
      false,
    ]);
    expect(new Set(place.posts.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
  });

  test.each<[string, Reply]>([
    ['says too little', { body: { data: [{ ...there, script: null }], has_more: false } }],
    ['cannot be read', { status: 403 }],
    ['goes in circles', { body: { data: [{ id: 'a', script: 'x' }], has_more: true } }],
  ])('nothing is sent where the list %s', async (_, list) => {
    const place = running({ options, list });
    await errorOf(place);
    expect(place.posts).toEqual([]);
  });

  test('one that failed is no question, however little the list says of it', async () => {
    const place = running({ options, listed: [{ ...there, script: null, status: 'failed' }] });
    expect(await place.output).toMatchObject([{ _iteraBizReused: false }]);
  });

  test('a job that this process made, and that failed since, is not used', async () => {
    const account = new Account('one');
    await running({ options, account }).output;
    const listed = [{ ...there, id: 'video_Hi', status: 'failed' }];
    const again = running({ options, account, listed });
    expect(await again.output).toMatchObject([{ _iteraBizReused: false }]);
    expect(again.posts).toHaveLength(1);
  });

  test('nothing is marked where the user did not choose so, and no list is read', async () => {
    const place = running({ listed: [there] });
    expect(await place.output).toEqual([{ id: 'video_Hi', status: 'queued' }]);
    expect(place.looks).toEqual([]);
  });
});
