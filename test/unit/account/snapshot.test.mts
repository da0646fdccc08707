import fc from 'fast-check';

import {
  endingIn,
  fetchSnapshot,
  isRefusedForGood,
  TOLERANCE,
  type Refusals,
  type Snapshot,
  type Surprises,
  type VideoReader,
} from '../../../nodes/ITeraBiz/account/snapshot.ts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import type { Video } from '../../../nodes/ITeraBiz/api/video.ts';
import { RequestFailed } from '../../../nodes/ITeraBiz/client/apiClient.ts';

const refused = (status: number) =>
  new RequestFailed({
    outcome: { status, headers: {}, body: '' },
    ...{ decision: status < 500 ? 'refused' : 'retry', tries: 1, seconds: 0 },
  });

/** An API with these videos, newest first, that counts what it is asked. */
class Api implements VideoReader {
  readonly asked: string[] = [];

  constructor(
    private readonly ids: string[],
    private readonly size = 100,
    private readonly unlisted: string[] = [],
    private readonly ignoresCursor = false,
  ) {}

  async video(id: string) {
    this.asked.push(id);
    if (!this.ids.includes(id)) throw refused(404);
    return { id, status: 'processing' };
  }

  async page(_: string, after?: string) {
    this.asked.push(after === undefined ? 'list' : `list after ${after}`);
    const all = this.ids.filter((id) => !this.unlisted.includes(id));
    const start = after === undefined || this.ignoresCursor ? 0 : all.indexOf(after) + 1;
    const data = all.slice(start, start + this.size).map((id) => ({ id, status: 'processing' }));
    const has_more = this.ignoresCursor || start + this.size < all.length;
    return { data, has_more, headers: {} };
  }
}

const found = (...ids: string[]) => new Map(ids.map((id) => [id, { id, status: 'processing' }]));

test('nothing is asked for nothing', async () => {
  const api = new Api(['a']);
  expect(await fetchSnapshot([], api, new Set())).toEqual(new Map());
  expect(api.asked).toEqual([]);
});

test('one video is asked for by its ID', async () => {
  const api = new Api(['a', 'b']);
  expect(await fetchSnapshot(['a'], api, new Set())).toEqual(found('a'));
  expect(api.asked).toEqual(['a']);
});

test('many are read from the list, and no further than needed', async () => {
  const api = new Api(['new', 'b', 'a', 'old', 'older'], 2);
  expect(await fetchSnapshot(['a', 'b'], api, new Set())).toEqual(found('a', 'b'));
  expect(api.asked).toEqual(['list', 'list after b']);
});

test('two on the first page take one request', async () => {
  const api = new Api(['b', 'a', 'x', 'y'], 2);
  expect(await fetchSnapshot(['a', 'b'], api, new Set())).toEqual(found('a', 'b'));
  expect(api.asked).toEqual(['list']);
});

test('the list is left when it has cost as much as asking one by one', async () => {
  const api = new Api(['v', 'w', 'x', 'y', 'z', 'b', 'a'], 1);
  const unlisted = new Set<string>();
  expect(await fetchSnapshot(['a', 'b'], api, unlisted)).toEqual(new Map());
  expect(api.asked).toEqual(['list', 'list after v']);
  expect([...unlisted]).toEqual(['a', 'b']);

  expect(await fetchSnapshot(['a', 'b'], api, unlisted)).toEqual(found('a', 'b'));
  expect(api.asked.slice(2)).toEqual(['a', 'b']);
});

test('a video that the list does not show is asked for by ID, at once and from then on', async () => {
  const api = new Api(['c', 'b', 'a'], 100, ['b']);
  const unlisted = new Set<string>();
  expect(await fetchSnapshot(['a', 'b', 'c'], api, unlisted)).toEqual(found('c', 'a', 'b'));
  expect(api.asked).toEqual(['list', 'b']);
  expect([...unlisted]).toEqual(['b']);

  api.asked.length = 0;
  expect(await fetchSnapshot(['a', 'b', 'c'], api, unlisted)).toEqual(found('c', 'a', 'b'));
  expect(api.asked).toEqual(['list', 'b']);
});

test('one that the list shows late is read from the list from then on', async () => {
  const unlisted = new Set(['a', 'b']);
  const api = new Api(['d', 'c', 'b', 'a'], 2, ['a']);
  const all = found('d', 'c', 'b', 'a');
  expect(await fetchSnapshot(['a', 'b', 'c', 'd'], api, unlisted)).toEqual(all);
  expect(api.asked).toEqual(['list', 'a', 'b']);

  api.asked.length = 0;
  const late = new Api(['d', 'c', 'b', 'a'], 3, ['a']);
  expect(await fetchSnapshot(['a', 'b', 'c', 'd'], late, unlisted)).toEqual(all);
  expect(late.asked).toEqual(['list', 'a']);
  expect([...unlisted]).toEqual(['a']);
});

test('if the list was late for more than a page of them, it is read again', async () => {
  const ids = Array.from({ length: 250 }, (_, n) => `v${n}`);
  const api = new Api(ids);
  const unlisted = new Set(ids);
  expect(await fetchSnapshot(ids, api, unlisted)).toEqual(found(...ids));
  expect(api.asked).toEqual(['list', 'list after v99', 'list after v199']);
  expect(unlisted.size).toBe(0);
});

test('one listed beside unlisted ones is asked for by ID, without the list', async () => {
  const api = new Api(['c', 'b', 'a']);
  expect(await fetchSnapshot(['a', 'b', 'c'], api, new Set(['a', 'b']))).toEqual(
    found('c', 'a', 'b'),
  );
  expect(api.asked).toEqual(['c', 'a', 'b']);
});

test('unlisted ones that are no longer waited for are not asked for', async () => {
  const api = new Api(['c', 'b', 'a']);
  expect(await fetchSnapshot(['a'], api, new Set(['b', 'a', 'c']))).toEqual(found('a'));
  expect(api.asked).toEqual(['a']);
});

test('the list leaves enough requests for all that were unlisted before', async () => {
  const api = new Api(['n0', 'n1', 'd', 'c', 'b', 'a'], 1, ['a', 'b']);
  const unlisted = new Set(['a', 'b']);
  expect(await fetchSnapshot(['a', 'b', 'c', 'd'], api, unlisted)).toEqual(found('a', 'b'));
  expect(api.asked).toEqual(['list', 'list after n0', 'a', 'b']);
  expect([...unlisted]).toEqual(['a', 'b', 'c', 'd']);
});

test('one that cannot be read holds up no other: what was seen counts, and the others come first', async () => {
  const api = new Api(['d', 'c', 'b', 'a'], 100, ['a', 'b', 'c']);
  const { video } = api;
  api.video = async (id) =>
    id === 'a' ? await Promise.reject(refused(500)) : await video.call(api, id);
  const unlisted = new Set<string>();
  const all = ['a', 'b', 'c', 'd'];
  expect(await fetchSnapshot(all, api, unlisted)).toEqual(found('d', 'b', 'c'));
  expect([...unlisted]).toEqual(['b', 'c', 'a']);
  expect(await fetchSnapshot(['a', 'b'], api, new Set(['a', 'b']))).toEqual(found('b'));
  // Where nothing was seen, it is the poll that was refused.
  await expect(fetchSnapshot(['a'], api, unlisted)).rejects.toMatchObject({ status: 500 });
});

test.each([503, 401])(
  'a later page that is refused with %i takes nothing from what was seen',
  async (status) => {
    const api = new Api(['c', 'x', 'b', 'a', 'd'], 2, ['d']);
    const { page } = api;
    api.page = async (url, after) => {
      const reply = await page.call(api, url, after);
      return after === undefined ? reply : await Promise.reject(refused(status));
    };
    const unlisted = new Set(['d']);
    expect(await fetchSnapshot(['a', 'b', 'c', 'd'], api, unlisted)).toEqual(found('c', 'd'));
    expect(api.asked).toEqual(['list', 'list after x', 'd']);
    // The rest may be listed: the next poll reads it from there.
    expect([...unlisted]).toEqual(['d']);
    // Where nothing was seen, it is the poll that was refused.
    await expect(fetchSnapshot(['a', 'b'], api, new Set())).rejects.toMatchObject({ status });
  },
);

test('a list that fails for a moment leaves most of many videos for the next poll', async () => {
  const ids = Array.from({ length: 250 }, (_, n) => `v${n}`);
  const api = new Api(ids);
  api.page = async () => await Promise.reject(refused(502));
  const unlisted = new Set<string>();
  expect((await fetchSnapshot(ids, api, unlisted)).size).toBe(100);
  expect([api.asked.length, unlisted.size]).toEqual([100, 150]);
  api.page = async () => await Promise.reject(refused(403));
  expect((await fetchSnapshot(ids, api, new Set())).size).toBe(250);
});

test('one the API does not know is reported as unknown, which is not the same as not asked', async () => {
  const seen = await fetchSnapshot(['gone', 'a'], new Api(['a']), new Set());
  expect(seen).toEqual(new Map([...found('a'), ['gone', undefined]]));
  expect(seen.has('gone')).toBe(true);
});

test('a list that ignores its cursor ends the list, not the look', async () => {
  const api = new Api(['n', 'b', 'a'], 1, [], true);
  const unlisted = new Set<string>();
  expect(await fetchSnapshot(['a', 'b', 'n'], api, unlisted)).toEqual(found('n', 'a'));
  expect(api.asked).toEqual(['list', 'list after n', 'a']);
  expect([...unlisted]).toEqual(['a', 'b']);
});

test.each([
  [[{ id: 'a', status: 'completed' }], ['a']],
  [[{ id: 'a', status: 'completed', video_url: 'https://a.example' }], []],
  [[{ id: 'a', status: 'processing' }], []],
])(
  'one that the list calls completed without its link is asked for by ID next: %j',
  async (data, expected) => {
    const unlisted = new Set<string>();
    const api = new Api(['a', 'b']);
    api.page = async () => ({
      data: [...data, { id: 'b', status: 'queued' }],
      has_more: false,
      headers: {},
    });
    const first = await fetchSnapshot(['a', 'b'], api, unlisted);
    expect([...unlisted]).toEqual(expected);
    // One request is left for it, so it is asked at once.
    expect(first.get('a')).toEqual(
      expected.length > 0 ? { id: 'a', status: 'processing' } : data[0],
    );
  },
);

const unanswered = (tries: number) =>
  new RequestFailed({
    outcome: new NetworkError('ECONNABORTED', true, 'late'),
    ...{ decision: 'retry', tries, seconds: 0 },
  });

test.each<[string, RequestFailed]>([
  ['is refused', refused(404)],
  ['fails', refused(500)],
  ['is answered by a proxy', refused(511)],
  ['is not answered', unanswered(1)],
])('where the list %s, all are asked for by ID, in each poll', async (_case, failure) => {
  const api = new Api(['c', 'b', 'a']);
  api.page = async () => await Promise.reject(failure);
  const unlisted = new Set<string>();
  for (let polls = 0; polls < 2; polls++) {
    expect(await fetchSnapshot(['a', 'b', 'c'], api, unlisted)).toEqual(found('a', 'b', 'c'));
  }
});

test.each<[string, RequestFailed, number]>([
  ['is too busy for the list', refused(503), 0],
  ['refuses the key', refused(401), 0],
  ['was not asked for lack of time', unanswered(0), 0],
  ['is out of reach', unanswered(1), 2],
])('an API that %s is left alone', async (_case, failure, requests) => {
  const api = new Api([]);
  api.page = async () => await Promise.reject(failure);
  const video = jest.spyOn(api, 'video').mockRejectedValue(failure);
  const ids = Array.from({ length: 50 }, (_, n) => `v${n}`);
  await expect(fetchSnapshot(ids, api, new Set())).rejects.toBe(failure);
  expect(video).toHaveBeenCalledTimes(requests);
});

test.each([400, 500])(
  'a list that ends midway with %i, in each poll, costs one request more, and leaves none unseen',
  async (status) => {
    const api = new Api(['x', 'y', 'c', 'b', 'a'], 1);
    const { page } = api;
    api.page = async (url, after) => {
      const reply = await page.call(api, url, after);
      return after === undefined ? reply : await Promise.reject(refused(status));
    };
    const unlisted = new Set<string>();
    const seen = new Set<string>();
    for (let polls = 0; polls < 2; polls++) {
      api.asked.length = 0;
      (await fetchSnapshot(['a', 'b', 'c'], api, unlisted)).forEach((_, id) => seen.add(id));
      expect(api.asked).toHaveLength(4);
    }
    expect([...seen].sort()).toEqual(['a', 'b', 'c']);
  },
);

test('what the list says without a status is not seen until it is read by ID', async () => {
  const api = new Api(['b', 'a']);
  const data = ['b', 'a'].map((id) => ({ id, status: '' }));
  api.page = async () => ({ data, has_more: false, headers: {} });
  const unlisted = new Set<string>();
  // The list has taken one of the two requests.
  expect(await fetchSnapshot(['a', 'b'], api, unlisted)).toEqual(found('b'));
  expect(await fetchSnapshot(['a', 'b'], api, unlisted)).toEqual(found('b', 'a'));
});

test('a refused request is for the caller to judge', async () => {
  const reader: VideoReader = {
    video: async () => await Promise.reject(refused(500)),
    page: async () => await Promise.reject(refused(404)),
  };
  await expect(fetchSnapshot(['a'], reader, new Set())).rejects.toMatchObject({ status: 500 });
  await expect(fetchSnapshot(['a', 'b'], reader, new Set())).rejects.toMatchObject({ status: 404 });
});

describe('What a poll means for a wait', () => {
  const link = { video_url: 'https://files.example/a.mp4' };
  const seen = (video?: object): Snapshot => new Map([['a', video as Video | undefined]]);

  test.each<[string, object, string | undefined]>([
    ['running', { status: 'processing' }, undefined],
    ['of a status nobody knows', { status: 'rendering' }, undefined],
    ['failed', { status: 'failed' }, 'ended'],
    ['completed, with its link', { status: 'completed', ...link }, 'ended'],
    ['completed, without its link', { status: 'completed' }, undefined],
  ])('a video that is %s', (_, video, ending) => {
    expect(endingIn(seen({ id: 'a', ...video }), 'a', {}, 0)).toBe(ending);
  });

  /** What polls at these moments mean, one after the other. */
  const over = (polls: [at: number, snapshot: ReturnType<typeof seen>][]) => {
    const surprises: Surprises = {};
    return polls.map(([at, snapshot]) => endingIn(snapshot, 'a', surprises, at));
  };
  const running = seen({ id: 'a', status: 'queued' });
  const bare = seen({ id: 'a', status: 'completed' });
  const nothing: Snapshot = new Map();

  test('a gateway that says 404 of all videos for four minutes ends no wait', () => {
    const surprises: Surprises = {};
    const seen: Snapshot = new Map([['a', undefined]]);
    expect(endingIn(seen, 'a', surprises, 0)).toBeUndefined();
    expect(endingIn(seen, 'a', surprises, 4 * 60_000)).toBeUndefined();
  });

  test('one that is unknown is gone after some time, however many polls that takes', () => {
    const end = 1_000 + TOLERANCE.unknown;
    expect(over([1_000, 1_001, 1_002, end - 1].map((at) => [at, seen()]))).toEqual(
      Array(4).fill(undefined),
    );
    expect(
      over([
        [1_000, seen()],
        [end, seen()],
      ]),
    ).toEqual([undefined, 'gone']);
  });

  test('its time begins anew when it was seen, and not when it was not asked for', () => {
    const { unknown } = TOLERANCE;
    expect(
      over([
        [0, seen()],
        [1, running],
        [unknown, seen()],
        [2 * unknown - 1, seen()],
      ]),
    ).toEqual(Array(4).fill(undefined));
    expect(
      over([
        [0, seen()],
        [1, nothing],
        [unknown, seen()],
      ]),
    ).toEqual([undefined, undefined, 'gone']);
  });

  test('one that is completed waits for its link for some time, and is given out without it then', () => {
    const { withoutLink } = TOLERANCE;
    expect(
      over([
        [5, bare],
        [withoutLink + 4, bare],
        [withoutLink + 5, bare],
      ]),
    ).toEqual([undefined, undefined, 'ended']);
    expect(
      over([
        [5, bare],
        [6, seen({ id: 'a', status: 'completed', ...link })],
      ]),
    ).toEqual([undefined, 'ended']);
    // Rendered again meanwhile, it gets its time anew.
    expect(
      over([
        [5, bare],
        [6, running],
        [withoutLink + 5, bare],
      ]),
    ).toEqual([undefined, undefined, undefined]);
  });
});

describe('A refused poll', () => {
  /** Whether polls refused like this at these moments end a wait. */
  const over = (polls: [at: number, status: number][]) => {
    const refusals: Refusals = { count: 0, since: 0 };
    return polls.map(([at, status]) => isRefusedForGood(refused(status), refusals, at));
  };
  const late = 7 + TOLERANCE.refused;

  test.each([401, 403])(
    'with %i ends a wait when it is the third, and not within a minute',
    (status) => {
      expect(over([[7, status]])).toEqual([false]);
      expect(
        over([
          [7, status],
          [late, status],
        ]),
      ).toEqual([false, false]);
      expect(over([7, 8, 9, late - 1].map((at) => [at, status]))).toEqual(Array(4).fill(false));
      expect(
        over([
          [7, status],
          [8, 401],
          [late, status],
        ]),
      ).toEqual([false, false, true]);
    },
  );

  test.each([400, 402, 404, 429, 500, 502, 503])(
    'with %i never does, and ends the row',
    (status) => {
      expect(over([7, 8, late].map((at) => [at, status]))).toEqual([false, false, false]);
      expect(
        over([
          [7, 401],
          [8, 401],
          [9, status],
          [late, 401],
          [late + 1, 401],
        ]),
      ).toEqual(Array(5).fill(false));
    },
  );
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
        const seen = await fetchSnapshot(wanted, api, hidden);
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
