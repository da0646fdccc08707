/** A retry after the API key was replaced: is what was ordered before in this account? */
import { type IDataObject, UserError } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import type { Asked, Reply } from '../../shared/littleApi.mts';
import { breaks, errorOf, type Given, running } from './ordering.mts';

const SCRIPTS = [...'abcde'];

/** Orders these scripts with one key, and answers the same execution's retry with another one like this. */
async function retrying(
  scripts: string[],
  byId: (id: string) => Reply,
  listed: IDataObject[] = [],
  more: Given = {},
) {
  const first = running({ scripts, account: new Account('old key') });
  await first.output;
  const list = ({ path }: Asked): Reply => {
    const id = /^\/videos\/(.*)/.exec(path)?.[1];
    return id === undefined ? { body: { data: listed, has_more: false } } : byId(id);
  };
  const again = running({
    ...{ scripts, list, concurrency: 1, account: new Account('new key') },
    ...more,
    memory: first.memory,
  });
  const output = await again.output;
  const asked = again.looks.map(({ path }) => path).filter((path) => path.startsWith('/videos/'));
  return { output, asked, posts: again.posts.map(({ body }) => body?.script) };
}

const unknown = (): Reply => ({ status: 404, body: { error: { message: 'No such video' } } });
const there = (id: string): Reply => ({ body: { id, status: 'processing' } });
const ids = SCRIPTS.map((script) => `video_${script}`);

test('what the account has is not ordered again, and one video shows that', async () => {
  const { output, asked, posts } = await retrying(SCRIPTS, there);
  expect(output.map(({ id }) => id)).toEqual(ids);
  expect([asked, posts]).toEqual([['/videos/video_a'], []]);
});

test('what it does not have, neither by its ID nor in its list, was for another account', async () => {
  const others = [{ id: 'other', script: 'z', created_at: new Date().toISOString() }];
  const { output, asked, posts } = await retrying(SCRIPTS, unknown, others);
  expect(output.map(({ id }) => id)).toEqual(ids);
  expect([asked.length, posts]).toEqual([5, SCRIPTS]);
});

test.each([
  ['by its ID', { id: 'video_b', script: 'something else' }],
  ['by what it was made from', { id: 'another', script: 'b' }],
])('one that the list shows %s shows that the account is the same', async (_, shown) => {
  const listed = [{ ...shown, created_at: new Date().toISOString() }];
  expect((await retrying(SCRIPTS, unknown, listed)).posts).toEqual([]);
});

test('the list is read as far back as the order may have been made', async () => {
  const at = (days: number) => new Date(Date.now() - days * 24 * 60 * 60_000).toISOString();
  const newest = Array.from({ length: 100 }, (_, n) => ({
    id: `n${n}`,
    created_at: at(n / 1_000),
  }));
  const list = ({ path, query }: Asked): Reply => {
    if (path !== '/videos') return unknown();
    const isFirst = query.starting_after === undefined;
    const data = isFirst ? newest : [{ id: 'video_a', script: 'a', created_at: at(1) }];
    return { body: { data, has_more: isFirst } };
  };
  expect((await retrying(['a'], unknown, [], { list })).posts).toEqual([]);
});

test('beside one that is there, the others were deleted', async () => {
  const byId = (id: string) => (id === 'video_c' ? there(id) : unknown());
  const { output, asked, posts } = await retrying(SCRIPTS, byId);
  expect(output.map(({ id }) => id)).toEqual(ids);
  expect([asked.length, posts]).toEqual([3, []]);
});

test('one that is there says nothing of what was ordered with a third key', async () => {
  const scripts = ['a', 'b'];
  const { memory, output } = running({ scripts, account: new Account('old key') });
  await output;
  const { entries } = memory.submissions as { entries: Record<string, { answer: IDataObject }> };
  const second = Object.values(entries).find(({ answer }) => answer.id === 'video_b')!;
  Object.assign(second, { account: 'third key' });
  const list = ({ path }: Asked): Reply => {
    if (path === '/videos') return { body: { data: [], has_more: false } };
    return path.endsWith('video_a') ? there('video_a') : unknown();
  };
  const again = running({ scripts, list, account: new Account('new key'), memory });
  await again.output;
  expect(again.posts.map(({ body }) => body?.script)).toEqual(['b']);
});

test('Batching does not hold up what needs no request', async () => {
  const start = performance.now();
  const more = { batching: { size: 1, interval: 20_000 } };
  const { asked, posts } = await retrying(SCRIPTS, there, [], more);
  expect([asked.length, posts, performance.now() - start < 10_000]).toEqual([1, [], true]);
});

test('a refusal would meet all others, so they are not asked for', async () => {
  const { asked, posts } = await retrying(SCRIPTS, () => ({ status: 403, body: {} }));
  expect([asked.length, posts]).toEqual([1, []]);
});

test.each([
  ['each', 3, () => true],
  ['one', 5, (id: string) => id === 'video_b'],
])('a fault may be of one video: with %s of them, %i are asked for', async (_, count, isFaulty) => {
  const byId = (id: string) => (isFaulty(id) ? { status: 500, body: {} } : unknown());
  const { asked, posts } = await retrying(SCRIPTS, byId, [], { options: {} });
  expect(new Set(asked).size).toBe(count);
  // What could not be asked for counts as there.
  expect(posts).toEqual(count === 3 ? [] : ['a', 'c', 'd', 'e']);
});

test('what the list cannot tell counts as there', async () => {
  const first = running({ scripts: ['a'], account: new Account('old key') });
  await first.output;
  const list = ({ path }: Asked) => (path === '/videos' ? { status: 403, body: {} } : unknown());
  const given = { scripts: ['a'], list, account: new Account('new key') };
  const again = running({ ...given, memory: first.memory });
  expect(await again.output).toMatchObject([{ id: 'video_a' }]);
  expect(again.posts).toEqual([]);
});

test('a doubt has no ID to ask for: it is looked up, and stays one', async () => {
  const first = running({ account: new Account('old key'), answer: breaks });
  await errorOf(first);
  const again = running({ account: new Account('new key'), memory: first.memory });
  expect((await errorOf(again)).message).toMatch(/^Check this one/);
  expect(again.posts).toEqual([]);
});

describe('An error from before sending, as of a credential that n8n cannot read any more,', () => {
  const message = 'Credential with ID "7" does not exist';
  const retry = async (more: Given = {}) => {
    const first = running({ scripts: ['a', 'b'], account: new Account('old key') });
    await first.output;
    const account = new Account('new key');
    const gone = async () => new UserError(message);
    return running({ scripts: ['a', 'b'], account, memory: first.memory, api: gone, ...more });
  };

  test('names what was ordered before', async () => {
    const error = await errorOf(await retry());
    expect(error.message).toBe(message);
    expect(error.description).toMatch(/video_a.*video_b/s);
  });

  test('fails each item where the node goes on, with its video', async () => {
    const { output } = await retry({ onError: 'continueRegularOutput' });
    expect(await output).toMatchObject([
      { error: message, details: { videoId: 'video_a' } },
      { error: message, details: { videoId: 'video_b' } },
    ]);
  });

  test.each(['stop', 'continueRegularOutput'] as const)(
    'also if it comes before all else, names what was ordered: %s',
    async (onError) => {
      const place = await retry({ onError, noCredential: new UserError(message) });
      const told = onError === 'stop' ? (await errorOf(place)).description : await place.output;
      expect(JSON.stringify(told)).toMatch(/video_a.*video_b/);
      expect(place.posts).toEqual([]);
    },
  );

  test('also then, names what has no answer', async () => {
    const first = running({ scripts: ['a', 'b'], answer: breaks });
    await errorOf(first);
    const noCredential = new UserError(message);
    const again = running({ scripts: ['a', 'b'], memory: first.memory, noCredential });
    const error = await errorOf(again);
    expect(error.message).toBe(message);
    expect(error.description).toMatch(
      /perhaps accepted .*:\nItem 1: no answer yet\.\nItem 2: no answer yet\./,
    );
  });

  test('is as n8n has it where nothing was ordered, also if it comes before all else', async () => {
    const noCredential = new UserError(message);
    await expect(running({ noCredential }).output).rejects.toBe(noCredential);
  });

  test('is as n8n has it where nothing was ordered', async () => {
    const place = running({ maxVideosPerDay: 5, api: async () => new UserError(message) });
    expect(await errorOf(place)).toMatchObject({ message, description: undefined });
  });

  test('does not cover that the execution was stopped', async () => {
    const stop = new AbortController();
    const stopped = new Error('stopped');
    const api = async () => {
      stop.abort(stopped);
      return new UserError(message);
    };
    expect(await errorOf(await retry({ api, signal: stop.signal }))).toBe(stopped);
  });
});
