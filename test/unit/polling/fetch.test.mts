import fc from 'fast-check';

import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import type { Video } from '../../../nodes/ITeraBiz/api/video.ts';
import { RequestFailed } from '../../../nodes/ITeraBiz/client/apiClient.ts';
import {
  fetchFirst,
  fetchNext,
  isSameAccount,
  type Poll,
} from '../../../nodes/ITeraBiz/polling/fetch.ts';
import { MAX_PENDING, type Progress } from '../../../nodes/ITeraBiz/polling/progress.ts';
import { cases } from '../../shared/cases.mts';

const PAGE = 100;

/** As many of the newest may a list show late. */
const LATE = 150;

/** @param tries 0: the time was up before it was sent */
const unanswered = (tries: number) =>
  new RequestFailed({
    outcome: new NetworkError('', false, 'late'),
    decision: 'retry',
    tries,
    seconds: 0,
  });

const unknownCursor = () => refused(400);

const refused = (status: number) =>
  new RequestFailed({
    outcome: { status, headers: {}, body: {} },
    decision: 'refused',
    tries: 1,
    seconds: 0,
  });

const NOW = Date.parse('2026-01-05T10:00:00Z');

/**
 * A poll of a list in pages. It records which cursors and IDs were asked for, and what was written to the log.
 *
 * @param failures instead of the first pages that are asked for
 */
function pollOfPages(
  pages: Video[][],
  failures: (Error | undefined)[] = [],
  byId: Record<string, Video | Error> = {},
) {
  const asked: (string | undefined)[] = [];
  const log: unknown[][] = [];
  const client = {
    page: async (_: string, after?: string) => {
      const failure = failures[asked.push(after) - 1];
      const index = pages.findIndex((page) => page.at(-1)?.id === after) + 1;
      if (failure) throw failure;
      if (after !== undefined && index === 0) throw unknownCursor();
      const current = after === undefined ? 0 : index;
      return { data: pages[current], has_more: current < pages.length - 1, headers: {} };
    },
    video: async (id: string) => {
      const answer = byId[id] ?? { id, status: 'queued' };
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const warn = (...entry: unknown[]) => void log.push(entry);
  const poll: Poll = { account: 'a', client, warn, snapshot: new Map() };
  return { poll, asked, log };
}

/** Running videos with these numbers; a higher one is newer. */
const queued = (...numbers: number[]): Video[] =>
  numbers.map((number) => ({
    id: `v${number}`,
    status: 'queued',
    created_at: new Date(NOW + (number - 10_000) * 10_000).toISOString(),
  }));
const names = (...numbers: number[]) => numbers.map((number) => `v${number}`);
const down = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, n) => from - n);

describe('a reading of the list', () => {
  beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(NOW));

  const known = down(30, 11);
  const older = [10, 9, 8, 7, 6].map((number) => queued(number));
  const oldestFirst = [0, 1, 2, 3, 4, 5, 6].map((n) =>
    queued(...down(100 * n + 100, 100 * n + 1).reverse()),
  );
  // The first two of a page alone do not tell its order.
  oldestFirst[0].splice(0, 2, ...queued(2, 1));
  const sameTime = queued(...known).map((one) => ({ ...one, created_at: '2026-01-05' }));
  const campaign = [0, 1, 2, 3, 4, 5].map((n) =>
    queued(...down(600 - 100 * n, 501 - 100 * n)).map((one) => ({
      ...one,
      created_at: '2026-01-05',
    })),
  );
  const progressOf = (...recent: number[]): Progress => ({
    recent: names(...recent),
    pending: [],
    hidden: [],
  });
  const unlisted = (count: number) =>
    `only the newest ${count} videos could be listed. Older ones that are still running may not start the workflow`;

  it.each<[string, number, Video[][], Partial<Progress>]>([
    ['twenty known videos', 1, [queued(32, 31, ...known), ...older], {}],
    [
      'no sooner than that',
      2,
      [queued(31, ...known.slice(1)), ...older],
      { recent: names(...known, 10) },
    ],
    ['known ones, though all are of one time', 1, [sameTime, ...older], {}],
    [
      'known ones, though some are pending that it does not show',
      1,
      [queued(...known), ...older],
      { pending: names(3, 2, 1), hidden: names(3, 2, 1) },
    ],
    [
      'all that are pending',
      2,
      [queued(...known), queued(10, 9, 8), ...older.slice(3)],
      { pending: names(8, 9, 10) },
    ],
    ['more than some of them', 2, [queued(...known, 1), ...older], { pending: names(1, 2) }],
    ['as many pages as are pending', 3, [queued(...known), ...older], { pending: names(1, 2, 3) }],
    [
      'as many as are remembered, if it begins with the oldest',
      5,
      oldestFirst,
      { recent: names(...down(100, 1)) },
    ],
    [
      'three hundred of one minute, if there is a new one',
      4,
      campaign,
      { recent: names(...down(599, 1)) },
    ],
    ['twenty of one minute, if there is none', 1, campaign, { recent: names(...down(600, 1)) }],
    ['a page that brings nothing new', 2, [queued(31), [], ...older], {}],
    ['a hundred pages', 100, down(1_101, 1_001).map((number) => queued(number)), {}],
  ])('goes down to %s', async (_case, count, pages, before) => {
    const { poll, asked } = pollOfPages(pages);
    await fetchNext(poll, { ...progressOf(...known), ...before });
    const cursors = pages.map((page) => page.at(-1)?.id);
    expect(asked).toEqual([undefined, ...cursors].slice(0, count));
  });

  it('goes on in the next poll where the time was up, after the newest', async () => {
    const pages = [queued(...down(80, 61)), queued(...down(60, 41)), queued(36, 35), queued(34, 1)];
    const first = pollOfPages(pages, [undefined, undefined, unanswered(0)]);
    const { progress } = await fetchNext(first.poll, progressOf(1));
    const reading = { after: 'v41', seen: names(...down(80, 41)) };
    expect(progress).toMatchObject({ recent: ['v1'], reading });
    const second = pollOfPages([queued(81), ...pages]);
    const next = await fetchNext(second.poll, progress);
    expect(second.asked.slice(0, 5)).toEqual([undefined, 'v81', 'v41', 'v35', undefined]);
    expect(next.progress).toMatchObject({
      recent: names(...down(81, 41), 36, 35, 34, 1),
      pending: names(...down(60, 41).reverse(), ...down(80, 61).reverse(), 81, 34, 35, 36),
      reading: undefined,
    });
    expect([...first.log, ...second.log]).toEqual([]);
  });

  it('goes on from the last page of one poll', async () => {
    const { poll } = pollOfPages(down(1_101, 1_001).map((number) => queued(number)));
    const { progress } = await fetchNext(poll, progressOf(1));
    expect(progress).toMatchObject({ recent: ['v1'], reading: { after: 'v1002' } });
  });

  it('starts over if the video is no more where it was cut off', async () => {
    const { poll, asked } = pollOfPages([queued(40, 39, 1)]);
    const reading = { after: 'v38', seen: names(40, 39, 38) };
    const { progress } = await fetchNext(poll, { ...progressOf(1), reading });
    expect(asked.slice(0, 3)).toEqual([undefined, 'v38', undefined]);
    expect(progress).toMatchObject({ recent: names(40, 39, 1, 38), reading: undefined });
  });

  const readBefore = { after: 'v39', seen: names(40, 39) };

  it.each<[string, Error]>([
    ['has no time for it', unanswered(0)],
    ['gets no answer', unanswered(6)],
  ])('is left for the next poll where one that goes on %s', async (_case, failure) => {
    const { poll, asked } = pollOfPages([queued(41, 40)], [undefined, failure]);
    const { progress } = await fetchNext(poll, { ...progressOf(1), reading: readBefore });
    expect(asked).toEqual([undefined, 'v39']);
    const reading = { after: 'v39', seen: names(41, 40, 39) };
    expect(progress).toMatchObject({ recent: ['v1'], pending: ['v41'], reading });
  });

  it('goes on from the newest where not even these could be read in one poll', async () => {
    const pages = [queued(50, 49), queued(48, 40), queued(39, 1)];
    const { poll, asked } = pollOfPages(pages, [undefined, unanswered(0)]);
    const { progress } = await fetchNext(poll, { ...progressOf(1), reading: readBefore });
    expect(asked).toEqual([undefined, 'v49']);
    const reading = { after: 'v49', seen: names(50, 49, 40, 39) };
    expect(progress).toMatchObject({ recent: ['v1'], reading });
    const next = await fetchNext(pollOfPages(pages).poll, progress);
    expect(next.progress).toMatchObject({ pending: names(49, 50, 48), reading: undefined });
  });

  it('goes on before pending videos are looked for in what was read', async () => {
    const seen = down(60, 41);
    const pages = [queued(...seen), queued(40), queued(39), queued(38, 1)];
    const { poll, asked } = pollOfPages(pages);
    const reading = { after: 'v39', seen: names(...seen, 40, 39) };
    await fetchNext(poll, { ...progressOf(1), pending: names(40, 39), reading });
    expect(asked.slice(0, 2)).toEqual([undefined, 'v39']);
  });

  it('is refused where one that goes on meets a fault of ours', async () => {
    const failure = new TypeError('a fault');
    const { poll } = pollOfPages([queued(40)], [undefined, failure]);
    const before = { ...progressOf(1), reading: readBefore };
    await expect(fetchNext(poll, before)).rejects.toBe(failure);
  });

  it.each<[string, (Error | undefined)[]]>([
    ['its first page gets no answer', [unanswered(6)]],
    ['its first page is refused', [refused(401)]],
    ['another page is refused', [undefined, refused(422)]],
    ['the key is refused', [undefined, refused(401)]],
    ['it meets a fault of ours', [undefined, new TypeError('a fault')]],
  ])('is refused if %s', async (_case, failures) => {
    const { poll } = pollOfPages([queued(40), queued(39)], failures);
    await expect(fetchNext(poll, progressOf(1))).rejects.toBe(failures.at(-1));
  });

  it.each<[string, Error]>([
    ['the time is up', unanswered(0)],
    ['a page is refused', refused(422)],
  ])('is whole if %s after known videos', async (_case, failure) => {
    const pages = [queued(40, ...known), queued(3), queued(2)];
    const { poll, log } = pollOfPages(pages, [undefined, failure]);
    const before = { ...progressOf(...known), pending: names(1, 2, 3) };
    const { progress } = await fetchNext(poll, before);
    expect(progress).toMatchObject({ recent: names(40, ...known), reading: undefined });
    expect(log).toEqual([]);
  });

  it('is whole if an empty page follows known videos', async () => {
    const { poll } = pollOfPages([queued(40, 1), []]);
    const { progress } = await fetchNext(poll, progressOf(1));
    expect(progress).toMatchObject({ recent: names(40, 1), reading: undefined });
  });

  it('at the beginning is whole if an empty page follows', async () => {
    const { poll, log } = pollOfPages([queued(40, 39), []]);
    const { progress } = await fetchFirst(poll);
    expect(progress).toMatchObject({ recent: names(40, 39), pending: names(39, 40), hidden: [] });
    expect(log).toEqual([]);
  });

  it.each([fetchFirst, fetchNext])(
    'is refused below known videos if the key is (%p)',
    async (fetch) => {
      const { poll } = pollOfPages([queued(40, ...known), queued(3)], [undefined, refused(401)]);
      const before = { ...progressOf(...known), pending: names(1, 2, 3) };
      await expect(fetch(poll, before)).rejects.toMatchObject({ statusClass: 'badKey' });
    },
  );

  it.each<[string, Error]>([
    ['it had no time for', unanswered(0)],
    ['it was refused', refused(422)],
  ])('at the beginning says what %s', async (_case, failure) => {
    const { poll, log } = pollOfPages([queued(40, 39), queued(38)], [undefined, failure]);
    expect((await fetchFirst(poll)).progress.pending).toEqual(names(39, 40));
    expect(log).toEqual([[unlisted(2)]]);
  });

  it('says so, and is taken for whole, if the list gets no further', async () => {
    const { poll, log } = pollOfPages([queued(40, 39), [], queued(38)]);
    const { progress } = await fetchNext(poll, progressOf(1));
    expect(progress).toMatchObject({ recent: names(40, 39, 1), reading: undefined });
    expect(log).toEqual([[unlisted(2)]]);
  });

  it('says nothing if the list gets no further than known videos', async () => {
    const { poll, asked, log } = pollOfPages([queued(...known), [], ...older]);
    await fetchNext(poll, { ...progressOf(...known), pending: names(1, 2, 3) });
    expect([asked, log]).toEqual([[undefined, 'v11'], []]);
  });

  it('says once that the list begins with the oldest', async () => {
    const { poll, log } = pollOfPages(oldestFirst);
    await fetchNext(poll, progressOf(...down(100, 1)));
    const text =
      'the list of videos does not begin with the newest. Only its first 500 are checked, so other videos may not start the workflow';
    expect(log).toEqual([[text, true]]);
  });

  it('says nothing of a list that begins with the newest', async () => {
    const { poll, log } = pollOfPages([queued(31, ...known)]);
    await fetchNext(poll, progressOf(...known));
    expect(log).toEqual([]);
  });
});

describe('a video that the API refuses to show', () => {
  const listed: Video = { id: 'a', status: 'completed' };
  const before: Progress = { recent: ['a'], pending: ['a', 'b', 'c'], hidden: [] };

  it('comes as it is listed, once it was refused for a while', async () => {
    const clock = jest.spyOn(Date, 'now').mockReturnValue(NOW);
    const poll = () => pollOfPages([[listed]], [], { a: refused(400) }).poll;
    const first = await fetchNext(poll(), { ...before, pending: ['a'] });
    expect(first.finished).toEqual([]);
    clock.mockReturnValue(NOW + 60_000);
    expect((await fetchNext(poll(), first.progress)).finished).toEqual([listed]);
  });

  it('is told with the reason, the first of several', async () => {
    const answers = { a: unanswered(6), b: refused(403), c: refused(400) };
    const { poll, log } = pollOfPages([[]], [], answers);
    const { progress } = await fetchNext(poll, before);
    expect(progress.pending).toEqual(['a', 'b', 'c']);
    expect(log).toEqual([['iTeraBiz does not allow this API key to read a video']]);
  });

  it('is not told if it only got no answer', async () => {
    const { poll, log } = pollOfPages([[listed]], [], { a: unanswered(6), b: unanswered(0) });
    await fetchNext(poll, before);
    expect(log).toEqual([]);
  });
});

interface Job {
  id: string;
  status: 'queued' | 'completed' | 'failed';
  at: number;
  /** Number of the poll from which on the list shows it */
  listedFrom: number;
  hasLink: boolean;
}

/** An account that lists as assumed, newest first, and a trigger that polls it. */
class World {
  now = Date.parse('2026-01-05T10:00:00Z');
  jobs: Job[] = [];
  polls = 0;
  stored: string | undefined;
  readonly came: string[] = [];
  /** Has to come out exactly once */
  readonly due = new Set<string>();
  /** Said to have been too many to wait for */
  readonly dropped = new Set<string>();
  /** Must never come out */
  readonly history = new Set<string>();
  /** Or answers an empty page */
  refusesCursor = true;
  /** ID of a video that the API cannot show: each page with it fails */
  broken?: string;
  private made = 0;

  make(count: number, isLate: boolean): void {
    for (let one = 0; one < count; one++) {
      const listedFrom = isLate && one === 0 && count <= LATE ? this.polls + 2 : 0;
      this.now += 300;
      const id = `v${++this.made}`;
      this.jobs.unshift({ id, status: 'queued', at: this.now, listedFrom, hasLink: true });
    }
  }

  finish(which: number, count: number, status: 'completed' | 'failed', hasLink: boolean): void {
    const running = this.jobs.filter((job) => job.status === 'queued');
    for (let one = 0; one < Math.min(count, running.length); one++) {
      const job = running[(which + one) % running.length];
      Object.assign(job, { status, hasLink });
      (this.stored ? this.due : this.history).add(job.id);
    }
  }

  delete(which: number): void {
    const [gone] = this.jobs.splice(which % Math.max(1, this.jobs.length), 1);
    if (gone) this.due.delete(gone.id);
  }

  /**
   * @param requests for so many there is time
   * @param isKilled n8n ends before it stores what came of it
   */
  async poll(requests = Infinity, isKilled = false): Promise<void> {
    this.polls++;
    this.now += 60_000;
    let left = requests;
    const take = () => {
      if (left-- <= 0) throw unanswered(0);
    };
    const client = {
      page: async (_: string, after?: string) => {
        take();
        const listed = this.jobs.filter(
          ({ listedFrom }, index) => listedFrom <= this.polls || index >= LATE,
        );
        const start = listed.findIndex(({ id }) => id === after) + 1;
        if (after !== undefined && start === 0) {
          if (this.refusesCursor) throw unknownCursor();
          return { data: [], has_more: false, headers: {} };
        }
        const data = listed.slice(start, start + PAGE).map(toVideo);
        if (data.some(({ id }) => id === this.broken)) throw unanswered(6);
        return { data, has_more: start + PAGE < listed.length, headers: {} };
      },
      video: async (id: string) => {
        take();
        const job = this.jobs.find((one) => one.id === id);
        if (!job) throw refused(404);
        if (id === this.broken) throw unanswered(6);
        return toVideo(job);
      },
    };
    const poll: Poll = { account: 'a', client, warn: () => undefined, snapshot: new Map() };
    const before = this.stored && (JSON.parse(this.stored) as Progress);
    const read = before ? fetchNext(poll, before) : fetchFirst(poll);
    const step = await read.catch((error: unknown) => {
      if (!(error instanceof RequestFailed)) throw error;
    });
    if (!step || isKilled) return;
    this.stored = JSON.stringify(step.progress);
    this.came.push(...step.finished.map(({ id }) => String(id)));
    if (step.dropped.length === 0) return;
    expect(step.progress.pending).toHaveLength(MAX_PENDING);
    step.dropped.forEach((id) => this.dropped.add(id));
  }
}

const toVideo = ({ id, status, at, hasLink }: Job): Video => ({
  id,
  status,
  created_at: new Date(at).toISOString(),
  video_url: status === 'completed' && hasLink ? 'https://cdn.example/video.mp4' : null,
});

const act = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ make: fc.integer({ min: 1, max: 40 }), isLate: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ make: fc.constant(450), isLate: fc.constant(false) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      finish: fc.nat(2_000),
      count: fc.constantFrom(1, 3, 200),
      status: fc.constantFrom('completed' as const, 'failed' as const),
      hasLink: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ delete: fc.nat(2_000) }) },
  { weight: 1, arbitrary: fc.record({ deleteNewest: fc.integer({ min: 1, max: 50 }) }) },
  { weight: 1, arbitrary: fc.record({ break: fc.option(fc.nat(600)) }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 1, max: 300 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      requests: fc.constantFrom(0, 1, 2, 3, 5, Infinity, Infinity),
      isKilled: fc.boolean(),
    }),
  },
);

async function run(world: World, deeds: Record<string, unknown>[]): Promise<void> {
  for (const deed of deeds as Record<string, never>[]) {
    if ('make' in deed) world.make(deed.make, deed.isLate);
    if ('finish' in deed) world.finish(deed.finish, deed.count, deed.status, deed.hasLink);
    if ('delete' in deed) world.delete(deed.delete);
    if ('deleteNewest' in deed) for (let n = 0; n < deed.deleteNewest; n++) world.delete(0);
    if ('break' in deed) world.broken = world.jobs[deed.break ?? -1]?.id;
    if ('wait' in deed) {
      world.now += deed.wait * 60_000;
      // A list that is more than an hour late is more than a poll allows for.
      world.jobs.forEach((job) => (job.listedFrom = 0));
    }
    if ('requests' in deed && world.stored) await world.poll(deed.requests, deed.isKilled);
  }
}

test('each video that ends after the beginning comes out exactly once, and none of before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act), fc.array(act, { maxLength: 60 }), async (before, after) => {
      const world = new World();
      jest.spyOn(Date, 'now').mockImplementation(() => world.now);
      await run(world, before);
      world.jobs.forEach((job) => (job.listedFrom = 0));
      world.broken = undefined;
      await world.poll();
      await run(world, after);
      world.broken = undefined;
      for (let polls = 0; polls < 40; polls++) {
        // What is listed late, below the first page, comes with the next newer one.
        if (polls < 3) world.make(1, false);
        await world.poll();
      }
      const came = new Set(world.came);
      expect(world.came).toHaveLength(came.size);
      const missing = [...world.due].filter((id) => !came.has(id));
      expect(missing.filter((id) => !world.dropped.has(id))).toEqual([]);
      expect([...world.history].filter((id) => came.has(id))).toEqual([]);
      expect(JSON.parse(world.stored!)).not.toHaveProperty('reading');
    }),
    { numRuns: cases(20, 400) },
  );
});

describe('the account above', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    jest.spyOn(Date, 'now').mockImplementation(() => world.now);
    world.make(1, false);
    await world.poll();
  });
  const finishAll = () => world.finish(0, Infinity, 'failed', false);
  const missing = () => [...world.due].filter((id) => !world.came.includes(id));

  test.each([
    ['on the page after the known ones', 15, PAGE - 15 + 1],
    ['a page below the first known ones, in a campaign', 120, 75],
  ])('shows a video late that stands %s', async (_, before, since) => {
    world.make(before, true);
    await world.poll();
    world.make(since, false);
    finishAll();
    await world.poll();
    expect(missing()).toEqual([]);
  });

  test('gets more videos than one poll reads', async () => {
    world.make(25_000, false);
    finishAll();
    for (let polls = 0; polls < 3; polls++) await world.poll();
    expect(world.came).toHaveLength(25_001);
    expect(new Set(world.came)).toEqual(world.due);
  });

  test('cannot show a page: newer videos come all the same, and the others once it can', async () => {
    world.make(1_500, false);
    world.broken = world.jobs[1_200].id;
    finishAll();
    await world.poll();
    for (const count of [1, 90, 400, 1]) {
      world.make(count, false);
      finishAll();
      await world.poll();
      await world.poll(1);
      const newest = world.jobs.slice(0, count).map(({ id }) => id);
      expect(newest.filter((id) => !world.came.includes(id))).toEqual([]);
    }
    world.broken = undefined;
    for (let polls = 0; polls < 3; polls++) await world.poll();
    expect([...world.came].sort()).toEqual([...world.due].sort());
    expect(JSON.parse(world.stored!)).not.toHaveProperty('reading');
  });

  test('answers an empty page after a video that is no more', async () => {
    world.make(250, false);
    finishAll();
    await world.poll(1);
    world.refusesCursor = false;
    world.delete(PAGE - 1);
    await world.poll();
    expect(missing()).toEqual([]);
  });
});

describe('videos that are asked for by their IDs', () => {
  const before = { recent: [], pending: ['a', 'b', 'c'], hidden: [] };

  /** A poll of a list that shows nothing. */
  async function poll(video: (id: string) => Video, progress: Progress) {
    const client = {
      page: async () => ({ data: [], has_more: false, headers: {} }),
      video: async (id: string) => video(id),
    };
    const warn = () => undefined;
    return await fetchNext({ account: 'a', client, warn, snapshot: new Map() }, progress);
  }
  const failed = (id: string): Video => ({ id, status: 'failed' });

  test('one that is never answered keeps no other one from its turn', async () => {
    const step = await poll((id) => {
      if (id === 'a') throw unanswered(6);
      return failed(id);
    }, before);
    expect(step.finished).toEqual([failed('b'), failed('c')]);
    expect(step.progress).toMatchObject({ pending: ['a'], hidden: ['a'] });
  });

  test('have their turn next time where the time was up, longest unasked first', async () => {
    const step = await poll(
      (id) => {
        if (id === 'a') throw unanswered(0);
        return failed(id);
      },
      { ...before, hidden: ['c', 'a', 'b'] },
    );
    expect(step.finished).toEqual([failed('c')]);
    expect(step.progress).toMatchObject({ pending: ['a', 'b'], hidden: ['a', 'b'] });
  });

  test('are asked for in turns', async () => {
    const pending = Array.from({ length: 70 }, (_, n) => `v${n}`);
    const asked: string[] = [];
    let progress: Progress = { recent: [], pending, hidden: pending };
    for (let polls = 0; polls < 7; polls++) {
      ({ progress } = await poll((id) => {
        asked.push(id);
        return { id, status: 'queued' };
      }, progress));
    }
    expect([...asked].sort()).toEqual(
      Array.from({ length: 5 }, () => pending)
        .flat()
        .sort(),
    );
  });
});

describe('what a list shows', () => {
  const linkless = (id: string): Video => ({ id, status: 'completed' });
  const finished = (id: string): Video => ({ id, status: 'failed' });
  /** A poll of a list in pages; by ID, videos have their link unless they are refused. */
  const pollOf = (pages: Video[][], isRefused = false): Poll => {
    const left = [...pages];
    const client = {
      page: async () => {
        const data = left.shift() ?? [];
        return { data, has_more: left.length > 0, headers: {} };
      },
      video: async (id: string) => {
        if (isRefused) throw unanswered(6);
        return { ...linkless(id), video_url: 'https://cdn.example/video.mp4' };
      },
    };
    return { account: 'new', client, warn: () => undefined, snapshot: new Map() };
  };
  const nothing: Progress = { recent: [], pending: [], hidden: [] };
  const many = Array.from({ length: 60 }, (_, n) => linkless(`v${n}`));

  test.each<[string, Progress, string[], boolean]>([
    ['none known of an older version', nothing, ['a'], true],
    ['the same', { ...nothing, account: 'new' }, ['a'], true],
    ['another', { ...nothing, account: 'old', recent: ['b'] }, ['a'], false],
    ['another, after none', { ...nothing, account: 'old' }, ['a'], false],
    ['one with a new key', { ...nothing, account: 'old', recent: ['a'] }, ['c', 'a'], true],
    [
      'one with a new key, while a reading is cut off',
      { ...nothing, account: 'old', reading: { after: 'a', seen: ['a'] } },
      ['a'],
      true,
    ],
  ])('tells the account: %s', async (_case, before, listed, isSame) => {
    expect(await isSameAccount(pollOf([listed.map(finished)]), before)).toBe(isSame);
  });

  describe('to a new key', () => {
    const since = Date.parse(String(queued(4)[0].created_at));
    const before = { ...nothing, account: 'old', recent: names(5), since };

    test('is read until a known video shows', async () => {
      const { poll, asked } = pollOfPages([queued(30, 29), queued(28, 5), queued(2)]);
      expect(await isSameAccount(poll, before)).toBe(true);
      expect(asked).toEqual([undefined, 'v29']);
    });

    test('is read to a page on which all are older than what is known', async () => {
      const { poll, asked } = pollOfPages([queued(30, 29), queued(28, 3), queued(2, 1), queued(5)]);
      expect(await isSameAccount(poll, before)).toBe(false);
      expect(asked).toEqual([undefined, 'v29', 'v3']);
    });

    test('is read no further than 100 pages', async () => {
      const { poll, asked } = pollOfPages(down(300, 150).map((number) => queued(number)));
      expect(await isSameAccount(poll, before)).toBe(false);
      expect(asked).toHaveLength(100);
    });
  });

  test('without its link comes once it was asked for', async () => {
    const at = Date.parse('2026-01-05T10:00:00Z');
    const clock = jest.spyOn(Date, 'now').mockReturnValue(at);
    const refused = await fetchNext(pollOf([many], true), nothing);
    expect(refused.finished).toEqual([]);
    clock.mockReturnValue(at + 120_000);
    const last = await fetchNext(pollOf([many]), refused.progress);
    expect(last.finished.map(({ video_url }) => typeof video_url)).toEqual(
      Array(60).fill('string'),
    );
  });

  test('is no longer asked for by its ID, after a time in which the list failed', async () => {
    const running = Array.from({ length: 300 }, (_, n): Video => ({
      id: `v${n}`,
      status: 'queued',
    }));
    const pending = running.map(({ id }) => String(id)).reverse();
    const pages = [0, 100, 200].map((first) => running.slice(first, first + 100));
    const poll = pollOf(pages);
    const video = jest.spyOn(poll.client, 'video');
    const recent = pending.slice(-50);
    const { progress } = await fetchNext(poll, { recent, pending, hidden: pending });
    expect(video).not.toHaveBeenCalled();
    expect(progress).toMatchObject({ pending, hidden: [] });
  });

  test('without their links, after a standstill, all come at once, even more than can be pending', async () => {
    const all = Array.from({ length: MAX_PENDING + 100 }, (_, n) => linkless(`v${n}`));
    const step = await fetchNext(pollOf([all]), nothing);
    expect([step.finished.length, step.dropped]).toEqual([all.length, []]);
  });

  test('without their links comes later if there is no time to ask for all of them', async () => {
    const all = Array.from({ length: 3_500 }, (_, n) => linkless(`v${n}`));
    let progress = nothing;
    const came = new Set<unknown>();
    for (let polls = 0; polls < 4; polls++) {
      const poll = pollOf([all]);
      const video = jest.spyOn(poll.client, 'video');
      const { video: read } = pollOf([]).client;
      video.mockImplementation(async (id) => {
        if (video.mock.calls.length > 1_000) throw unanswered(0);
        return await read(id);
      });
      const step = await fetchNext(poll, progress);
      expect(step.dropped).toEqual([]);
      ({ progress } = step);
      step.finished.forEach(({ id }) => came.add(id));
    }
    expect(came.size).toBe(all.length);
  });

  test('without a status is asked for', async () => {
    const { finished: came } = await fetchNext(pollOf([[{ id: 'a' }]]), nothing);
    expect(came).toMatchObject([{ id: 'a', status: 'completed' }]);
  });

  test('before an empty page, and nothing known, is a part of it', async () => {
    const before = { ...nothing, recent: ['a'] };
    const { progress } = await fetchNext(pollOf([[finished('c')], []]), before);
    expect(progress.reading).toEqual({ after: 'c', seen: ['c'] });
    const again = await fetchNext(
      pollOf([[], [finished('c'), finished('b'), finished('a')]]),
      progress,
    );
    expect(again.finished).toEqual([finished('b')]);
    expect(again.progress).toMatchObject({ recent: ['c', 'b', 'a'], reading: undefined });
  });

  test('in no order is read as far as is remembered, though its first page may seem to be in order', async () => {
    const jobs = Array.from({ length: 250 }, (_, n): Video => ({
      ...finished(`v${n}`),
      created_at: new Date(NOW - ((n * 97) % 251) * 60_000).toISOString(),
    }));
    const [first, last] = [jobs[0].created_at, jobs[99].created_at];
    expect(String(first) > String(last)).toBe(true);
    const pages = [jobs.slice(0, 100), jobs.slice(100, 200), jobs.slice(200)];
    const recent = jobs.map(({ id }) => String(id)).filter((id) => id !== 'v230');
    const { finished: came } = await fetchNext(pollOf(pages), { ...nothing, recent });
    expect(came.map(({ id }) => id)).toEqual(['v230']);
  });
});

afterEach(() => void jest.restoreAllMocks());
