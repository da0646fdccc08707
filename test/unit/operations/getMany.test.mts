import type { IDataObject } from 'n8n-workflow';

import { avatarReader, idOfAvatar } from '../../../nodes/ITeraBiz/operations/avatarByName.ts';
import { getMany } from '../../../nodes/ITeraBiz/operations/getMany.ts';
import { fakeRun } from '../../shared/fakeRun.mts';
import { type Asked, type Reply, useLittleApi } from '../../shared/littleApi.mts';

const api = useLittleApi();

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());
const STATUSES = ['completed', 'processing', 'failed', 'Success'];

/** A server with so many videos, of one status after the other. */
function server(count: number): (asked: Asked) => Reply {
  const all = Array.from({ length: count }, (_, index) => ({
    id: `v${index}`,
    status: STATUSES[index % STATUSES.length],
  }));
  return ({ query: { limit, starting_after: after } }) => {
    const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    const end = start + Number(limit);
    return { body: { data: all.slice(start, end), has_more: end < count } };
  };
}

async function listing(parameters: IDataObject, url = '/videos', items: IDataObject[] = [{}]) {
  const { run } = fakeRun({ api, parameters, items });
  const output = await getMany(run, { doing: 'list', url, fields: [] });
  return output.map(({ json }) => json);
}

const queries = () => api.asked.map(({ query }) => query);
const upTo = (limit: number, after?: string) => ({
  limit: String(limit),
  ...(after && { starting_after: after }),
});

test.each<[IDataObject, number, object[]]>([
  [{ returnAll: true, limit: 2 }, 250, [upTo(100), upTo(100, 'v99'), upTo(100, 'v199')]],
  [{ returnAll: 'true' }, 250, [upTo(100), upTo(100, 'v99'), upTo(100, 'v199')]],
  [{ limit: 101 }, 101, [upTo(100), upTo(1, 'v99')]],
  [{ limit: '100' }, 100, [upTo(100)]],
  [{ limit: 1, returnAll: 'false' }, 1, [upTo(1)]],
  [{}, 50, [upTo(50)]],
])('of 250, with %j: %i, and no page further', async (parameters, count, asked) => {
  api.reply = server(250);
  expect((await listing(parameters)).map(({ id }) => id)).toEqual(
    Array.from({ length: count }, (_, index) => `v${index}`),
  );
  expect(queries()).toEqual(asked);
});

test('each item lists for itself', async () => {
  api.reply = server(3);
  expect(await listing({ limit: 2 }, '/videos', [{}, {}])).toHaveLength(4);
});

test.each(['ten', 0, -1, 2.5, Number.NaN])('a limit of %p asks nothing', async (limit) => {
  await expect(listing({ limit })).rejects.toThrow(/^"Limit"/);
  expect(api.asked).toEqual([]);
});

test('Return All is on or off', async () => {
  await expect(listing({ returnAll: 'maybe' })).rejects.toThrow(
    '"Return All": "maybe" is neither on nor off',
  );
});

test('no more than the limit, though the server sends more', async () => {
  const data = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
  api.reply = () => ({ body: { data, has_more: false } });
  expect(await listing({ limit: 2 })).toEqual([{ id: 'a' }, { id: 'b' }]);
});

test.each([
  ['completed', ['v0', 'v3', 'v4', 'v7', 'v8']],
  ['failed', ['v2', 'v6', 'v10', 'v14', 'v18']],
  // Another word for the same.
  ['success', ['v0', 'v3', 'v4', 'v7', 'v8']],
  ['processing', ['v1', 'v5', 'v9', 'v13', 'v17']],
])('only those that are %s, from whole pages', async (status, expected) => {
  api.reply = server(250);
  const videos = await listing({ limit: 5, filters: { status } });
  expect(videos.map(({ id }) => id)).toEqual(expected);
  expect(queries()).toEqual([upTo(100)]);
  await listing({ limit: 30, filters: { status } });
  expect(api.asked.length).toBeGreaterThan(1);
});

test('those that are being made, whatever iTeraBiz calls that', async () => {
  const words = ['queued', 'in_progress', 'rendering', 'Processing', 'completed', 'Queued'];
  const data = words.map((status) => ({ id: status, status }));
  api.reply = () => ({ body: { data, has_more: false } });
  const listed = async (status: string) =>
    (await listing({ returnAll: true, filters: { status } })).map(({ id }) => id);
  expect(await listed('processing')).toEqual(['in_progress', 'rendering', 'Processing']);
  expect(await listed('queued')).toEqual(['queued', 'Queued']);
});

test('a list that brings nothing new after one entry says so', async () => {
  api.reply = () => ({ body: { data: [{ id: 'a' }], has_more: true } });
  await expect(listing({ returnAll: true })).rejects.toMatchObject({
    message: 'The list from iTeraBiz stopped after 1 entry although it says there are more',
  });
});

test('a list that brings nothing new ends with what to do', async () => {
  api.reply = () => ({ body: { data: [{ id: 'a' }, { id: 'b' }], has_more: true } });
  await expect(listing({ returnAll: true })).rejects.toMatchObject({
    message: 'The list from iTeraBiz stopped after 2 entries although it says there are more',
    description: expect.stringMatching(/Turn Return All off and set Limit to 2 or less/),
    context: { itemIndex: 0 },
  });
  expect(api.asked).toHaveLength(2);
});

test('the way out that this names works with a status, too', async () => {
  const data = Array.from({ length: 100 }, (_, n) => ({ id: `v${n}`, status: STATUSES[n % 4] }));
  api.reply = () => ({ body: { data, has_more: true } });
  const filters = { status: 'failed' };
  const advice = await listing({ filters }).then(String, (error) => String(error.description));
  const limit = /set Limit to (\d+) or less/.exec(advice)![1];
  expect(await listing({ filters, limit })).toHaveLength(25);
});

test.each([
  [401, {}, '/videos', 'iTeraBiz does not accept the API key of this credential'],
  [500, {}, '/videos', expect.stringMatching(/^iTeraBiz could not list the videos.*fault/)],
  [
    ...([200, '<html>', '/avatars'] as const),
    'The answer to the request to list the avatars does not look like one from iTeraBiz',
  ],
])('a page of %i with %j ends it', async (status, body, url, message) => {
  api.reply = () => ({ status, body });
  await expect(listing({}, url)).rejects.toMatchObject({ message, httpCode: String(status) });
});

describe('An avatar by its name', () => {
  const avatars = [
    { id: 'a1', name: 'Anna' },
    { id: 'b1', name: 'Bo  Ek' },
    { id: 'b2', name: 'bo ek' },
  ];
  const finder = async () => {
    const read = avatarReader(await fakeRun({ api }).run.client());
    return async (name: string) => idOfAvatar(name, await read());
  };
  beforeEach(() => (api.reply = () => ({ body: { data: avatars, has_more: false } })));

  test('is found however it is capitalized, and the list is read once, at the first name', async () => {
    const find = await finder();
    expect(api.asked).toEqual([]);
    expect(await Promise.all(['Anna', ' anna ', 'ANNA'].map(find))).toEqual(['a1', 'a1', 'a1']);
    expect(api.asked).toHaveLength(1);
  });

  test.each([
    ['Ann', 'No avatar is called "Ann"', 'Your avatars are: "Anna"; "Bo  Ek"; "bo ek".'],
    ['Bo Ek', '2 avatars are called "Bo Ek"', 'By ID: "b1"; "b2".'],
    ['x'.repeat(9_000), `No avatar is called "${'x'.repeat(60)}…"`, 'Your avatars are: '],
  ])('"%s": %s', async (name, message, advice) => {
    await expect((await finder())(name)).rejects.toMatchObject({
      message: `"Avatar": ${message} in your iTeraBiz account`,
      description: expect.stringContaining(advice),
    });
  });

  test('is not found among many, of which the message names 20, by ID those without a name', async () => {
    const many = Array.from({ length: 22 }, (_, n) => (n === 1 ? { id: 'x' } : { name: `A${n}` }));
    api.reply = () => ({ body: { data: many, has_more: false } });
    await expect((await finder())('Bo')).rejects.toMatchObject({
      description: expect.stringMatching(
        /Your avatars are: "A0"; "x"; "A2"; .*; "A19" and 2 more\. Nothing was sent for this item\.$/,
      ),
    });
  });

  test('is not found in an account without avatars', async () => {
    api.reply = () => ({ body: { data: [], has_more: false } });
    await expect((await finder())('Bo')).rejects.toMatchObject({
      message: '"Avatar": No avatar is called "Bo" in your iTeraBiz account',
      description:
        'Your account has no avatars yet: create one with Avatar: Create. Nothing was sent for this item.',
    });
  });

  test.each<[string, Reply, object]>([
    [
      'has no end',
      { body: { data: avatars, has_more: true } },
      {
        message: 'The list from iTeraBiz stopped after 3 entries although it says there are more',
        description: 'By Name needs the whole list: choose the avatar From List or By ID instead.',
      },
    ],
    [
      'cannot be read',
      { body: '<html>' },
      {
        message:
          'The answer to the request to list the avatars does not look like one from iTeraBiz',
        description: 'By Name needs the whole list: choose the avatar From List or By ID instead.',
      },
    ],
    [
      'is refused',
      { status: 403 },
      { description: expect.stringMatching(/^By Name needs /), status: 403 },
    ],
    [
      'needs another key',
      { status: 401 },
      { description: expect.stringMatching(/^Compare the key/) },
    ],
    [
      'is out of reach',
      { status: 500 },
      { description: expect.stringMatching(/^iTeraBiz gave no/) },
    ],
  ])('cannot be found where the list %s, and says what helps', async (_, reply, failure) => {
    api.reply = () => reply;
    await expect((await finder())('Anna')).rejects.toMatchObject({ failure });
  });
});
