import fc from 'fast-check';

import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import type { Video } from '../../../nodes/ITeraBiz/api/video.ts';
import { RequestFailed } from '../../../nodes/ITeraBiz/client/apiClient.ts';
import { fetchStep, type Poll } from '../../../nodes/ITeraBiz/polling/fetch.ts';
import { MAX_PENDING, type Progress } from '../../../nodes/ITeraBiz/polling/progress.ts';
import { cases } from '../../shared/cases.mts';

const PAGE = 100;

/** As many of the newest may a list show late. */
const LATE = 15;

/** @param tries 0: the time was up before it was sent */
const unanswered = (tries: number) =>
  new RequestFailed({
    outcome: new NetworkError('', false, 'late'),
    decision: 'retry',
    tries,
    seconds: 0,
  });

const refused = (status: number) =>
  new RequestFailed({
    outcome: { status, headers: {}, body: {} },
    decision: 'refused',
    tries: 1,
    seconds: 0,
  });

interface Job {
  id: string;
  status: 'queued' | 'completed' | 'failed';
  created_at: string;
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
  readonly warnings: string[] = [];
  /** Has to come out exactly once */
  readonly due = new Set<string>();
  /** Said to have been too many to wait for */
  readonly dropped = new Set<string>();
  /** Must never come out */
  readonly history = new Set<string>();
  private made = 0;

  make(count: number, isLate: boolean): void {
    for (let one = 0; one < count; one++) {
      const listedFrom = isLate && one === 0 && count <= LATE ? this.polls + 2 : 0;
      this.now += 300;
      const created_at = new Date(this.now).toISOString();
      const id = `v${++this.made}`;
      this.jobs.unshift({ id, status: 'queued', created_at, listedFrom, hasLink: true });
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
    const listed = this.jobs.filter(
      ({ listedFrom }, index) => listedFrom <= this.polls || index >= LATE,
    );
    const byId = new Map(this.jobs.map((job) => [job.id, job]));
    const client = {
      page: async (_: string, after?: string) => {
        take();
        const start = listed.findIndex(({ id }) => id === after) + 1;
        if (after !== undefined && start === 0) throw refused(400);
        const data = listed.slice(start, start + PAGE).map(toVideo);
        return { page: { data, has_more: start + PAGE < listed.length }, headers: {} };
      },
      video: async (id: string) => {
        take();
        const job = byId.get(id);
        if (!job) throw refused(404);
        return toVideo(job);
      },
    };
    const warn = (text: string) => void this.warnings.push(text);
    const poll: Poll = { account: 'a', client, warn, snapshot: new Map() };
    const before = this.stored ? (JSON.parse(this.stored) as Progress) : undefined;
    const step = await fetchStep(poll, before).catch((error: unknown) => {
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

const toVideo = ({ id, status, created_at, hasLink }: Job): Video => ({
  id,
  status,
  created_at,
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
    if ('wait' in deed) {
      world.now += deed.wait * 60_000;
      // A list that is more than an hour late is more than a poll allows for.
      world.jobs.forEach((job) => (job.listedFrom = 0));
    }
    if ('requests' in deed && world.stored) await world.poll(deed.requests, deed.isKilled);
  }
}

describe('the account above', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
    jest.spyOn(Date, 'now').mockImplementation(() => world.now);
  });
  const begin = async () => {
    world.make(1, false);
    await world.poll();
  };
  const finishAll = () => world.finish(0, Infinity, 'failed', false);
  const missing = () => [...world.due].filter((id) => !world.came.includes(id));

  test('shows a video late that stands on the page after the known ones', async () => {
    await begin();
    world.make(LATE, true);
    await world.poll();
    world.make(PAGE - LATE + 1, false);
    finishAll();
    await world.poll();
    expect(missing()).toEqual([]);
  });

  test('gets more than there is time to list: each poll brings what it came to', async () => {
    await begin();
    world.make(250, false);
    finishAll();
    const counts: number[] = [];
    for (const requests of [1, 2, 1, 3, 1]) {
      await world.poll(requests);
      counts.push(world.came.length);
    }
    expect(counts).toEqual([100, 200, 200, 251, 251]);
    expect([missing(), world.warnings]).toEqual([[], []]);
  });

  test('has more than the first poll can list: it waits for those that it saw, and says so', async () => {
    world.make(250, false);
    await world.poll(2);
    expect(world.warnings).toEqual([unlisted(200)]);
    finishAll();
    await world.poll();
    expect(world.came).toHaveLength(200);
  });

  test('has more than the first poll can list: the others are history', async () => {
    world.make(250, false);
    finishAll();
    await world.poll(1);
    world.make(90, false);
    finishAll();
    await world.poll();
    expect(new Set(world.came)).toEqual(world.due);
    expect(world.came).toHaveLength(90);
  });

  test('is read on for pending videos that stand far down', async () => {
    world.make(3, false);
    await world.poll();
    world.make(250, false);
    finishAll();
    // The three are on the third page: no request by ID is needed.
    await world.poll(3);
    expect(missing()).toEqual([]);
  });
});

const unlisted = (count: number) =>
  `only the newest ${count} videos could be listed. Older ones that are still running may not start the workflow`;

/** A poll of a list in pages, for a new key. @param read what is answered by ID */
function pollOf(listed: Video[][], read: (id: string) => Video | undefined = () => undefined) {
  const left = [...listed];
  const asked: string[] = [];
  const warnings: string[] = [];
  const client = {
    page: async () => {
      const data = left.shift() ?? [];
      return { page: { data, has_more: left.length > 0 }, headers: {} };
    },
    video: async (id: string) => {
      asked.push(id);
      const video = read(id);
      if (!video) throw refused(404);
      return video;
    },
  };
  const warn = (text: string) => void warnings.push(text);
  const poll: Poll = { account: 'new', client, warn, snapshot: new Map() };
  return { poll, asked, warnings, left };
}

const failed = (id: string): Video => ({ id, status: 'failed' });
const queued = (id: string): Video => ({ id, status: 'queued' });
const nothing: Progress = { recent: [], pending: [] };

describe('videos that are asked for by their IDs', () => {
  const before = { recent: [], pending: ['a', 'b', 'c'] };
  const step = async (read: (id: string) => Video | undefined, progress: Progress = before) => {
    const { poll, warnings } = pollOf([], read);
    const { finished, progress: after } = await fetchStep(poll, progress);
    return { came: finished.map(({ id }) => id), pending: after.pending, warnings };
  };
  const unless = (refusal: () => Error) => (id: string) => {
    if (id === 'a') throw refusal();
    return failed(id);
  };

  test('one that is never answered keeps no other one from its turn', async () => {
    expect(await step(unless(() => unanswered(6)))).toEqual({
      ...{ came: ['b', 'c'], pending: ['a'], warnings: [] },
    });
  });

  test('one that is refused keeps no other one from its turn, and the log says why, once', async () => {
    const { came, pending, warnings } = await step((id) => {
      if (id !== 'c') throw refused(400);
      return failed(id);
    });
    expect([came, pending]).toEqual([['c'], ['a', 'b']]);
    expect(warnings).toEqual([expect.stringMatching(/^iTeraBiz could not read a video.*\. \S/)]);
  });

  test('have their turn next time where the time was up', async () => {
    const progress = { recent: [], pending: ['c', 'a', 'b'] };
    expect(
      await step(
        unless(() => unanswered(0)),
        progress,
      ),
    ).toEqual({
      ...{ came: ['c'], pending: ['a', 'b'], warnings: [] },
    });
  });

  test('are asked for in turns, fifty by each poll', async () => {
    const pending = Array.from({ length: 70 }, (_, n) => `v${n}`);
    let progress: Progress = { recent: [], pending };
    const asked: string[] = [];
    for (let polls = 0; polls < 7; polls++) {
      const one = pollOf([], queued);
      ({ progress } = await fetchStep(one.poll, progress));
      expect(one.asked).toHaveLength(50);
      asked.push(...one.asked);
    }
    const five = Array.from({ length: 5 }, () => pending).flat();
    expect(asked).toEqual(five);
  });

  test('that the API does not know, but the list shows, are judged by the list', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(5);
    const { poll } = pollOf([[{ id: 'a' }]]);
    const { progress } = await fetchStep(poll, { recent: [], pending: ['a', 'b'] });
    expect(progress.surprises).toEqual({ b: { unknownSince: 5 } });
  });

  test('an error that is no refusal ends the poll', async () => {
    await expect(step(unless(() => new Error('broken')))).rejects.toThrow('broken');
  });
});

describe('what a list shows', () => {
  const linkless = (id: string): Video => ({ id, status: 'completed' });
  const linked = (id: string) => ({ ...linkless(id), video_url: 'https://cdn.example/video.mp4' });
  const old = { ...nothing, account: 'old' };

  test.each<[string, Progress, string[], boolean]>([
    ['none known of an older version', nothing, ['a'], true],
    ['the same', { ...nothing, account: 'new' }, ['a'], true],
    ['another', { ...old, recent: ['b'] }, ['a'], false],
    ['another, after none', old, ['a'], false],
    ['one with a new key', { ...old, recent: ['a'] }, ['c', 'a'], true],
    ['one with a new key, with a video of then', { ...old, pending: ['a'] }, ['c', 'a'], true],
    [
      'one with a new key, while there was no time',
      { ...old, reading: { seen: ['a'] } },
      ['c', 'a'],
      true,
    ],
  ])('tells the account: %s', async (_case, before, listed, isSame) => {
    const { finished, progress } = await fetchStep(pollOf([listed.map(failed)]).poll, before);
    expect(finished.length > 0).toBe(isSame);
    expect(progress.account).toBe('new');
  });

  test('without its link comes once it was asked for', async () => {
    const many = Array.from({ length: 60 }, (_, n) => linkless(`v${n}`));
    const at = Date.parse('2026-01-05T10:00:00Z');
    const clock = jest.spyOn(Date, 'now').mockReturnValue(at);
    const first = await fetchStep(pollOf([many], linked).poll, nothing);
    expect(first.finished).toHaveLength(50);
    clock.mockReturnValue(at + 120_000);
    const late = pollOf([many], () => {
      throw unanswered(6);
    });
    const none = await fetchStep(late.poll, first.progress);
    expect(none.finished).toEqual([]);
    clock.mockReturnValue(at + 240_000);
    const last = await fetchStep(pollOf([many], linked).poll, none.progress);
    expect(last.finished.map(({ video_url }) => typeof video_url)).toEqual(
      Array(10).fill('string'),
    );
  });

  test('without a status is asked for; what is whole is not', async () => {
    const { poll, asked } = pollOf([[{ id: 'a' }, failed('b'), linked('c'), queued('d')]], linked);
    const { finished } = await fetchStep(poll, nothing);
    expect(asked).toEqual(['a']);
    expect(finished).toEqual([linked('c'), failed('b'), linked('a')]);
  });

  test('is read until twenty known videos were seen', async () => {
    const known = Array.from({ length: 30 }, (_, n) => failed(`v${n}`));
    const pages = [known.slice(0, 19), known.slice(19, 20), known.slice(20)];
    const { poll, left } = pollOf(pages);
    await fetchStep(poll, { recent: known.map(({ id }) => String(id)), pending: [] });
    expect(left).toEqual([known.slice(20)]);
  });

  test('has more pages than one poll reads: the newest come, and the log says so', async () => {
    const all = Array.from({ length: 101 }, (_, n) => [failed(`v${n}`)]);
    const { poll, warnings, left } = pollOf(all);
    const { finished, progress } = await fetchStep(poll, { ...nothing, recent: ['v100'] });
    expect([finished.length, left.length, warnings]).toEqual([100, 1, [unlisted(100)]]);
    expect(progress).toMatchObject({ recent: expect.arrayContaining(['v99']), reading: undefined });
  });

  test('shows known videos: a poll reads on for pending ones, to the same bound', async () => {
    const known = Array.from({ length: 120 }, (_, n) => `v${n}`);
    const { poll, warnings, left } = pollOf(
      known.map((id) => [queued(id)]),
      queued,
    );
    const pending = Array.from({ length: 150 }, (_, n) => `far${n}`);
    await fetchStep(poll, { recent: known, pending });
    expect([left.length, warnings]).toEqual([20, []]);
  });

  test('brings what was listed late among the known ones, and nothing from below them', async () => {
    const known = Array.from({ length: 21 }, (_, n) => failed(`v${n}`));
    const first = [...known.slice(0, 19), failed('late'), known[19], failed('old')];
    const { poll } = pollOf([first, [failed('older'), known[20]]]);
    const recent = known.map(({ id }) => String(id));
    const { finished } = await fetchStep(poll, { recent, pending: ['far1', 'far2'] });
    expect(finished).toEqual([failed('late')]);
  });

  test.each([
    ['until all were seen', ['far0', 'far1', 'far2', 'far3'], 2],
    ['for as many pages as there are', ['gone0', 'gone1', 'gone2'], 1],
  ])('is read on for pending ones %s', async (_, pending, pagesLeft) => {
    const known = Array.from({ length: 20 }, (_video, n) => queued(`v${n}`));
    const far = Array.from({ length: 4 }, (_video, n) => queued(`far${n}`));
    const { poll, left } = pollOf([known, far, [queued('x')], [queued('y')]], queued);
    await fetchStep(poll, { recent: known.map(({ id }) => String(id)), pending });
    expect(left).toHaveLength(pagesLeft);
  });

  test('has no first page in time: the next poll begins with the same progress', async () => {
    const { poll } = pollOf([]);
    poll.client.page = async () => await Promise.reject(unanswered(6));
    await expect(fetchStep(poll, nothing)).rejects.toThrow(RequestFailed);
  });

  test('is refused: nothing is told, whatever was seen', async () => {
    for (const requests of [0, 1]) {
      const { poll } = pollOf([[failed('a')], [failed('b')]]);
      const { page } = poll.client;
      let count = 0;
      poll.client.page = async (path, after) => {
        if (count++ === requests) throw refused(400);
        return await page(path, after);
      };
      await expect(fetchStep(poll, nothing)).rejects.toThrow(RequestFailed);
    }
  });

  test.each<[string, string[], boolean]>([
    ['the newest', ['2026-01-05', '2026-01-04'], false],
    ['the oldest', ['2026-01-04', '2026-01-05'], true],
    ['any', ['2026-01-04', '2026-01-03', '2026-01-05'], true],
    ['any of one moment', ['2026-01-05', '2026-01-05'], false],
    ['nothing', [], false],
  ])('begins with %s: the first poll says what is wrong', async (_, days, isWrong) => {
    const videos = days.map((day, n) => ({ ...failed(`v${n}`), created_at: `${day}T10:00:00Z` }));
    const first = pollOf([videos]);
    await fetchStep(first.poll);
    const warning =
      'the list of videos does not begin with the newest, so videos may not start the workflow';
    expect(first.warnings).toEqual(isWrong ? [warning] : []);
    const next = pollOf([videos]);
    await fetchStep(next.poll, nothing);
    expect(next.warnings).toEqual([]);
  });

  test('says that there is more, but not what: it goes on with the newest, and says so', async () => {
    const { poll, warnings } = pollOf([]);
    poll.client.page = async () => ({ page: { data: [failed('a')], has_more: true }, headers: {} });
    expect((await fetchStep(poll, nothing)).finished).toEqual([failed('a')]);
    expect(warnings).toEqual([
      expect.stringMatching(/^only the newest 1 videos could be listed\./),
    ]);
  });
});

// The last, as it takes the longest.
test('each video that ends after the beginning comes out exactly once, and none of before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act), fc.array(act, { maxLength: 60 }), async (before, after) => {
      const world = new World();
      jest.spyOn(Date, 'now').mockImplementation(() => world.now);
      await run(world, before);
      world.jobs.forEach((job) => (job.listedFrom = 0));
      await world.poll();
      await run(world, after);
      for (let polls = 0; polls < 40; polls++) await world.poll();
      const came = new Set(world.came);
      expect(world.came).toHaveLength(came.size);
      const missing = [...world.due].filter((id) => !came.has(id));
      expect(missing.filter((id) => !world.dropped.has(id))).toEqual([]);
      expect([...world.history].filter((id) => came.has(id))).toEqual([]);
      expect(JSON.parse(world.stored!)).not.toHaveProperty('reading');
    }),
    { numRuns: cases(40) },
  );
});

afterEach(() => void jest.restoreAllMocks());
