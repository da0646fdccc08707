import fc from 'fast-check';

import { look } from '../../../nodes/ITeraBiz/account/look.ts';
import type { Reader } from '../../../nodes/ITeraBiz/account/videos.ts';

/** An API with these videos, newest first, that counts what it is asked. */
class Api implements Reader {
  readonly asked: string[] = [];

  constructor(
    private readonly ids: string[],
    private readonly size = 100,
    private readonly unlisted: string[] = [],
    private readonly ignoresCursor = false,
  ) {}

  async byId(id: string) {
    this.asked.push(id);
    return this.ids.includes(id) ? { id, status: 'processing' } : undefined;
  }

  async page(after?: string) {
    this.asked.push(after === undefined ? 'list' : `list after ${after}`);
    const all = this.ids.filter((id) => !this.unlisted.includes(id));
    const start = after === undefined || this.ignoresCursor ? 0 : all.indexOf(after) + 1;
    const data = all.slice(start, start + this.size).map((id) => ({ id, status: 'processing' }));
    return { data, has_more: this.ignoresCursor || start + this.size < all.length };
  }
}

const found = (...ids: string[]) => new Map(ids.map((id) => [id, { id, status: 'processing' }]));

test('nothing is asked for nothing', async () => {
  const api = new Api(['a']);
  expect(await look([], api, new Set())).toEqual(new Map());
  expect(api.asked).toEqual([]);
});

test('one video is asked for by its ID', async () => {
  const api = new Api(['a', 'b']);
  expect(await look(['a'], api, new Set())).toEqual(found('a'));
  expect(api.asked).toEqual(['a']);
});

test('many are read from the list, and no further than needed', async () => {
  const api = new Api(['new', 'b', 'a', 'old', 'older'], 2);
  expect(await look(['a', 'b'], api, new Set())).toEqual(found('a', 'b'));
  expect(api.asked).toEqual(['list', 'list after b']);
});

test('two on the first page take one request', async () => {
  const api = new Api(['b', 'a', 'x', 'y'], 2);
  expect(await look(['a', 'b'], api, new Set())).toEqual(found('a', 'b'));
  expect(api.asked).toEqual(['list']);
});

test('the list is left when it has cost as much as asking one by one', async () => {
  const api = new Api(['v', 'w', 'x', 'y', 'z', 'b', 'a'], 1);
  const hidden = new Set<string>();
  expect(await look(['a', 'b'], api, hidden)).toEqual(new Map());
  expect(api.asked).toEqual(['list', 'list after v']);
  expect([...hidden]).toEqual(['a', 'b']);

  expect(await look(['a', 'b'], api, hidden)).toEqual(found('a', 'b'));
  expect(api.asked.slice(2)).toEqual(['a', 'b']);
});

test('a video that the list does not show is asked for by ID, at once and from then on', async () => {
  const api = new Api(['c', 'b', 'a'], 100, ['b']);
  const hidden = new Set<string>();
  expect(await look(['a', 'b', 'c'], api, hidden)).toEqual(found('c', 'a', 'b'));
  expect(api.asked).toEqual(['list', 'b']);
  expect([...hidden]).toEqual(['b']);

  api.asked.length = 0;
  expect(await look(['a', 'b', 'c'], api, hidden)).toEqual(found('c', 'a', 'b'));
  expect(api.asked).toEqual(['list', 'b']);
});

test('one listed beside hidden ones is asked for by ID, without the list', async () => {
  const api = new Api(['c', 'b', 'a']);
  expect(await look(['a', 'b', 'c'], api, new Set(['a', 'b']))).toEqual(found('c', 'a', 'b'));
  expect(api.asked).toEqual(['c', 'a', 'b']);
});

test('hidden ones that are no longer waited for are not asked for', async () => {
  const api = new Api(['c', 'b', 'a']);
  expect(await look(['a'], api, new Set(['b', 'a', 'c']))).toEqual(found('a'));
  expect(api.asked).toEqual(['a']);
});

test('the list leaves enough requests for all that were hidden before', async () => {
  const api = new Api(['n0', 'n1', 'd', 'c', 'b', 'a'], 1, ['a', 'b']);
  const hidden = new Set(['a', 'b']);
  expect(await look(['a', 'b', 'c', 'd'], api, hidden)).toEqual(found('a', 'b'));
  expect(api.asked).toEqual(['list', 'list after n0', 'a', 'b']);
  expect([...hidden]).toEqual(['a', 'b', 'c', 'd']);
});

test('one the API does not know is reported as unknown, which is not the same as not asked', async () => {
  const seen = await look(['gone', 'a'], new Api(['a']), new Set());
  expect(seen).toEqual(new Map([...found('a'), ['gone', undefined]]));
  expect(seen.has('gone')).toBe(true);
});

test('a list that ignores its cursor ends the list, not the look', async () => {
  const api = new Api(['n', 'b', 'a'], 1, [], true);
  const hidden = new Set<string>();
  expect(await look(['a', 'b', 'n'], api, hidden)).toEqual(found('n', 'a'));
  expect(api.asked).toEqual(['list', 'list after n', 'a']);
  expect([...hidden]).toEqual(['a', 'b']);
});

test('a refused request is for the caller to judge', async () => {
  const reader: Reader = {
    byId: async () => await Promise.reject(new Error('refused')),
    page: async () => await Promise.reject(new Error('refused')),
  };
  await expect(look(['a'], reader, new Set())).rejects.toThrow('refused');
  await expect(look(['a', 'b'], reader, new Set())).rejects.toThrow('refused');
});

test('never more requests than videos, nothing untrue, and each is seen at the second look at the latest', async () => {
  const id = fc.nat(40).map((number) => `v${number}`);
  const scene = fc.record({
    all: fc.uniqueArray(id, { maxLength: 40 }),
    unlisted: fc.uniqueArray(id, { maxLength: 10 }),
    wanted: fc.uniqueArray(id, { minLength: 1, maxLength: 12 }),
    size: fc.integer({ min: 1, max: 10 }),
    ignoresCursor: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ all, unlisted, wanted, size, ignoresCursor }) => {
      const api = new Api(all, size, unlisted, ignoresCursor);
      const hidden = new Set<string>();
      const ever = new Set<string>();
      for (let turn = 0; turn < 2; turn++) {
        api.asked.length = 0;
        const seen = await look(wanted, api, hidden);
        expect(api.asked.length).toBeLessThanOrEqual(wanted.length);
        for (const [one, video] of seen) {
          expect(wanted).toContain(one);
          expect(video?.id).toBe(all.includes(one) ? one : undefined);
          ever.add(one);
        }
      }
      expect([...ever].sort()).toEqual([...wanted].sort());
    }),
  );
});
