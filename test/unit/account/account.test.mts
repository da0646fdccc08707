import type { IExecuteSingleFunctions } from 'n8n-workflow';

import {
  accountOf,
  credentialOf,
  dependsOnItem,
  itemOfAnother,
  queuedAccountOf,
} from '../../../nodes/ITeraBiz/account/account.ts';
import type { ApiClient } from '../../../nodes/ITeraBiz/client/apiClient.ts';
import { answered, requesterOf } from '../../shared/fakeRun.mts';

const DAY = 24 * 60 * 60_000;
const TURN = { priority: 'row', concurrency: 5, retry: false } as const;

beforeEach(() => void jest.useFakeTimers({ now: 0 }));
afterEach(() => void jest.useRealTimers());

const withCredential = (credential: object) =>
  ({
    getCredentials: async () => credential,
    getNode: () => ({}),
  }) as unknown as IExecuteSingleFunctions;

const baseUrl = 'https://api.example/v1';

const account = async (apiKey: string, at = baseUrl) =>
  await accountOf(withCredential({ apiKey, baseUrl: at }));

test('executions with the same key and Base URL share an account', async () => {
  const one = await account('sk_same');
  expect(await account('sk_same')).toBe(one);
  expect(await account(' sk_same ', `${baseUrl}/ `)).toBe(one);
  expect(await account('sk_same', 'HTTPS://API.example/v1')).toBe(one);
});

test('a request while someone waits comes first, is sent once, and is given up in time', async () => {
  const { context } = requesterOf(() => answered({}));
  const { settings } = (await account('sk_picker')).interactiveClient(context, 5_000);
  expect(settings).toEqual({ priority: 'interactive', retry: false, deadline: 5_000 });
});

test.each([
  ['sk_other', baseUrl],
  ['sk_same', 'https://api.example/v2'],
  ['sk_same', 'https://other.example/v1'],
  ['sk_same', 'http://api.example/v1'],
  ['sk_same', 'https://api.example/V1'],
])('another key or Base URL is another account (%s, %s)', async (key, at) => {
  expect(await account(key, at)).not.toBe(await account('sk_same'));
});

test('a credential that is missing is an error of n8n', async () => {
  const context = {
    getCredentials: async () => await Promise.reject(new Error('no credential')),
  } as unknown as IExecuteSingleFunctions;
  await expect(accountOf(context)).rejects.toThrow('no credential');
});

test('a credential that this process has seen leads to its account without asking n8n again, unless that pauses', async () => {
  const ask = jest.fn(async () => ({ apiKey: 'sk_seen', baseUrl }));
  const contextOf = (id?: string) =>
    ({
      getCredentials: ask,
      getNode: () => ({ credentials: { iTeraBizApi: { id } } }),
    }) as unknown as IExecuteSingleFunctions;
  const known = await accountOf(contextOf('5'));
  expect(await queuedAccountOf(contextOf('5'))).toBe(known);
  expect(ask).toHaveBeenCalledTimes(1);
  expect(await queuedAccountOf(contextOf('6'))).toBe(known);
  expect(await queuedAccountOf(contextOf())).toBe(known);
  expect(ask).toHaveBeenCalledTimes(3);
  known.queue.pauseFor(1_000);
  ask.mockResolvedValue({ apiKey: 'sk_changed', baseUrl });
  expect(await queuedAccountOf(contextOf('5'))).not.toBe(known);
});

test('an account is forgotten when nothing has used it for a day, and not while it is in use', async () => {
  const idle = await account('sk_idle');
  const busy = await account('sk_busy');
  const held = await account('sk_held');
  const asked = await account('sk_asked');
  const waits = await account('sk_waits');
  const { context } = requesterOf(() => answered({}));
  void busy.queue.run(async () => await new Promise(() => undefined), TURN);
  await held.fileClient('files.example', context, TURN).schedule('GET', async () => ({
    status: 429,
    headers: { 'retry-after': '200000' },
    body: {},
  }));
  const cancel = new AbortController();
  const request = { id: 'a', interval: 1e7, deadline: 1e9, last: {} };
  const client = waits.client(context, { ...TURN, signal: cancel.signal });
  const wait = waits.poller.wait([request], client, () => undefined).catch(() => undefined);
  await jest.advanceTimersByTimeAsync(DAY - 60_000);
  expect(await account('sk_asked')).toBe(asked);
  expect(await account('sk_idle')).toBe(idle);
  await jest.advanceTimersByTimeAsync(DAY + 1);
  await account('sk_somebody');
  expect(await account('sk_idle')).not.toBe(idle);
  expect(await account('sk_busy')).toBe(busy);
  expect(await account('sk_held')).toBe(held);
  expect(await account('sk_waits')).toBe(waits);
  cancel.abort();
  await wait;
});

test('files of each host queue apart from the API and from other hosts, for as long as they are used', async () => {
  const files = await account('sk_files');
  const { context } = requesterOf(() => answered({}));
  const asks = (client: ApiClient) => {
    let isAsked = false;
    void client.schedule('GET', async () => {
      isAsked = true;
      return await new Promise(() => undefined);
    });
    return async () => {
      await jest.advanceTimersByTimeAsync(1);
      return isAsked;
    };
  };
  const from = (host: string) => files.fileClient(host, context, { ...TURN, concurrency: 1 });
  expect(await asks(from('files.example'))()).toBe(true);
  expect(await asks(from('files.example'))()).toBe(false);
  expect(await asks(from('other.example'))()).toBe(true);
  expect(await asks(files.client(context, { ...TURN, concurrency: 1 }))()).toBe(true);
});

test('an account is kept while a run holds it, and a day from then on', async () => {
  const held = await account('sk_run');
  const release = held.hold();
  await jest.advanceTimersByTimeAsync(2 * DAY);
  expect(await account('sk_run')).toBe(held);
  await jest.advanceTimersByTimeAsync(2 * DAY);
  release();
  expect(held.isExpired).toBe(false);
  await jest.advanceTimersByTimeAsync(DAY);
  expect(held.isExpired).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  expect(held.isExpired).toBe(true);
});

test('two executions that hold an account keep it until both have ended', async () => {
  const held = await account('sk_runs');
  const releases = [held.hold(), held.hold()];
  releases[0]();
  await jest.advanceTimersByTimeAsync(2 * DAY);
  expect(held.isExpired).toBe(false);
  releases[1]();
  await jest.advanceTimersByTimeAsync(2 * DAY);
  expect(held.isExpired).toBe(true);
});

test('unknown outcomes are looked up in the list that shows them', async () => {
  const { reconcilers } = await account('sk_lists');
  for (const [list, reconciler] of Object.entries(reconcilers)) {
    const { context, asked } = requesterOf(() => answered({ data: [], has_more: false }));
    const client = (await account('sk_lists')).client(context, TURN);
    await reconciler.find(client, { url: list, body: {} }, Date.now(), true);
    expect(asked.map(({ url }) => url)).toEqual([list]);
  }
});

test('hosts are not case-sensitive, paths and keys are', async () => {
  const one = await account('sk_case', 'https://API.example/V1');
  expect(await account('sk_case', 'HTTPS://api.EXAMPLE/V1')).toBe(one);
  expect(await account('sk_case', 'https://api.example/v1')).not.toBe(one);
  expect(await account('SK_case', 'https://api.example/V1')).not.toBe(one);
});

test('the limit of a credential is given as the user entered it', async () => {
  const credential = { apiKey: 'sk_limit', baseUrl, maxVideosPerDay: ' 5' };
  const { maxVideosPerDay } = await credentialOf(withCredential(credential));
  expect(maxVideosPerDay).toBe(' 5');
});

describe('A credential', () => {
  /** By item. n8n behavior: an expression about an item that is not there has no value, or cannot be resolved. */
  function byItem(keys: string[], beyond: object | Error = { apiKey: '', baseUrl }) {
    const asked: number[] = [];
    const context = {
      getNode: () => ({}),
      getCredentials: async (_: string, item = 0) => {
        asked.push(item);
        if (item < keys.length) return { apiKey: keys[item], baseUrl };
        if (beyond instanceof Error) throw beyond;
        return beyond;
      },
    } as unknown as IExecuteSingleFunctions;
    return { asked, context };
  }

  const fixed = { apiKey: 'a', baseUrl };

  test.each<[string, string[], object | Error, boolean, number | undefined, number[]]>([
    ['without an expression about the item', ['a', 'a'], fixed, false, undefined, [2]],
    ['with one that is the same for all', ['a', 'a'], {}, true, undefined, [2, 1]],
    ['with one of another account for an item', ['a', 'a', 'b', 'c'], {}, true, 2, [4, 1, 2]],
    ['that n8n cannot read beyond the items', ['a', 'b'], new Error('No'), true, 1, [2, 1]],
  ])('%s', async (_, keys, beyond, depends, other, asking) => {
    const own = await account('a');
    const { context, asked } = byItem(keys, beyond);
    expect(await itemOfAnother(context, own, keys.length)).toBe(other);
    expect(asked).toEqual(asking);
    expect(await dependsOnItem(context, own, keys.length)).toBe(depends);
  });

  test('of a single item is not asked for again', async () => {
    const { context, asked } = byItem(['a']);
    expect(await itemOfAnother(context, await account('a'), 1)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});
