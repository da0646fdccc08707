import type { IExecuteSingleFunctions } from 'n8n-workflow';

import { accountOf } from '../../../nodes/ITeraBiz/account/account.ts';

beforeEach(() => void jest.useFakeTimers({ now: 0 }));
afterEach(() => void jest.useRealTimers());

const withCredential = (credential: object) =>
  ({ getCredentials: async () => credential }) as unknown as IExecuteSingleFunctions;

const baseUrl = 'https://api.example/v1';

const account = async (apiKey: string, at = baseUrl) =>
  await accountOf(withCredential({ apiKey, baseUrl: at }));

test('executions with the same key and Base URL share an account', async () => {
  const one = await account('sk_same');
  expect(await account('sk_same')).toBe(one);
  expect(await account(' sk_same ', `${baseUrl}/ `)).toBe(one);
});

test.each([
  ['sk_other', baseUrl],
  ['sk_same', 'https://api.example/v2'],
])('another key or Base URL is another account (%s, %s)', async (key, at) => {
  expect(await account(key, at)).not.toBe(await account('sk_same'));
});

test('a credential that is missing is an error of n8n', async () => {
  const context = {
    getCredentials: async () => await Promise.reject(new Error('no credential')),
  } as unknown as IExecuteSingleFunctions;
  await expect(accountOf(context)).rejects.toThrow('no credential');
});

test('an account is forgotten when nobody used it for ten minutes, and not while it is in use', async () => {
  const idle = await account('sk_idle');
  const busy = await account('sk_busy');
  const held = await account('sk_held');
  const asked = await account('sk_asked');
  await busy.requests.enter(1);
  held.filesFrom('files.example').holdBack(3_600_000);
  await jest.advanceTimersByTimeAsync(9 * 60_000);
  expect(await account('sk_asked')).toBe(asked);
  expect(await account('sk_idle')).toBe(idle);
  await jest.advanceTimersByTimeAsync(10 * 60_000 + 1);
  await account('sk_somebody');
  expect(await account('sk_idle')).not.toBe(idle);
  expect(await account('sk_busy')).toBe(busy);
  expect(await account('sk_held')).toBe(held);
});

test('each host of files has a lane of its own, for as long as it is in use', async () => {
  const { requests, filesFrom } = await account('sk_files');
  const files = filesFrom.bind(await account('sk_files'));
  const lane = files('files.example');
  expect(lane).not.toBe(requests);
  await lane.enter(1);
  expect(files('files.example')).toBe(lane);
  expect(files('other.example')).not.toBe(lane);
  lane.leave();
  files('another.example');
  expect(files('files.example')).not.toBe(lane);
});
