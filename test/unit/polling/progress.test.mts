import fc from 'fast-check';
import {
  advance,
  begin,
  isNewestFirst,
  knownIn,
  MOST_PENDING,
  MOST_RECENT,
  type Progress,
} from '../../../nodes/ITeraBiz/polling/progress.ts';
import type { Video } from '../../../nodes/ITeraBiz/api/video.ts';

const at = (seconds: number) => new Date(1_736_937_000_000 + seconds * 1000).toISOString();
const video = (id: string, status = 'completed', seconds = 0): Video => ({
  id,
  status,
  created_at: at(seconds),
});
const ids = (videos: Video[]) => videos.map(({ id }) => id);
const see = (progress: Progress, listed: Video[], asked: [string, Video | undefined][] = []) =>
  advance(progress, { listed, asked: new Map(asked), hidden: new Set(progress.hidden) });
const batch = (count: number, status: string, from = 0) =>
  Array.from({ length: count }, (_, index) =>
    video(`v${from + index}`, status, from + index),
  ).reverse();

describe('the beginning', () => {
  it('takes what is finished for history and waits for what is running', () => {
    const { progress, finished } = begin([video('c', 'queued'), video('b'), video('a', 'failed')]);
    expect(finished).toEqual([]);
    expect(progress).toMatchObject({ recent: ['c', 'b', 'a'], pending: ['c'] });
  });

  it('survives being stored as JSON, also without any video', () => {
    const { progress } = begin([]);
    expect(JSON.parse(JSON.stringify(progress))).toEqual(progress);
    expect(ids(see(progress, [video('a')]).finished)).toEqual(['a']);
  });
});

describe('a step', () => {
  it('brings a new video and a pending one once, oldest first', () => {
    const start = begin([video('b', 'queued', 2), video('a', 'completed', 1)]).progress;
    const listed = [
      video('c', 'failed', 3),
      video('b', 'completed', 2),
      video('a', 'completed', 1),
    ];
    const step = see(start, listed);
    expect(ids(step.finished)).toEqual(['b', 'c']);
    expect(see(step.progress, listed).finished).toEqual([]);
  });

  it('brings a pending video that was asked for by its ID', () => {
    const start = begin([video('a', 'queued')]).progress;
    const step = see(start, [], [['a', video('a')]]);
    expect(ids(step.finished)).toEqual(['a']);
    expect(step.progress.pending).toEqual([]);
  });

  it('waits no longer for a video that is gone', () => {
    const start = begin([video('a', 'queued')]).progress;
    expect(see(start, [], [['a', undefined]])).toMatchObject({
      finished: [],
      progress: { pending: [] },
    });
  });

  it('puts what was just looked at behind what was not', () => {
    const start = begin([
      video('c', 'queued'),
      video('b', 'queued'),
      video('a', 'queued'),
    ]).progress;
    expect(start.pending).toEqual(['a', 'b', 'c']);
    expect(see(start, [], [['a', video('a', 'queued')]]).progress.pending).toEqual(['b', 'c', 'a']);
  });

  it('does not take old videos for new when all newer ones were deleted', () => {
    const hour = 60 * 60;
    const start = begin([video('b', 'completed', 3 * hour), video('a', 'completed', 2 * hour)]);
    expect(see(start.progress, [video('old', 'completed', hour)]).finished).toEqual([]);
  });

  it('takes a video that shows up late for new', () => {
    const start = begin([video('b', 'completed', 60)]).progress;
    const late = [video('b', 'completed', 60), video('a', 'completed', 59)];
    expect(ids(see(start, late).finished)).toEqual(['a']);
  });

  it('passes over entries without an ID', () => {
    expect(see(begin([]).progress, [{ status: 'completed' }])).toMatchObject({ finished: [] });
  });

  it('keeps hidden only what is pending', () => {
    const start = begin([video('a', 'queued'), video('b', 'queued')]).progress;
    const asked = new Map([['a', video('a')]]);
    const { progress } = advance(start, { listed: [], asked, hidden: new Set(['a', 'b']) });
    expect(progress.hidden).toEqual(['b']);
  });
});

describe('the bounds', () => {
  it('keeps the newest, and takes none for new that fell out, even if the whole list is read', () => {
    const all = batch(MOST_RECENT + 200, 'completed');
    const { progress } = begin(all);
    expect(progress.recent).toHaveLength(MOST_RECENT);
    expect(progress.recent[0]).toBe(all[0].id);
    expect(see(progress, all).finished).toEqual([]);
  });

  it('names the running videos that are too many', () => {
    const { progress, dropped } = begin(batch(MOST_PENDING + 2, 'queued'));
    expect(progress.pending).toHaveLength(MOST_PENDING);
    expect(dropped).toEqual(['v0', 'v1']);
  });
});

describe('the order of a page', () => {
  it.each([
    ['newest first', [2, 1], true],
    ['all at once', [1, 1], true],
    ['oldest first', [1, 2], false],
  ])('is %s', (_case, times, expected) => {
    expect(isNewestFirst(times.map((time) => video('v', 'completed', time)))).toBe(expected);
  });

  it('is as assumed where videos have no time', () => {
    expect(isNewestFirst([{ id: 'a' }, { id: 'b' }])).toBe(true);
  });
});

/** An account whose videos are made and finish while the trigger polls, sometimes after a long pause. */
test('each video that finishes after the beginning comes out exactly once', () => {
  type Deed = { make: number } | { finish: number; failed: boolean } | 'poll';
  const deed = fc.oneof<[fc.Arbitrary<Deed>, fc.Arbitrary<Deed>, fc.Arbitrary<Deed>]>(
    fc.record({ make: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ finish: fc.nat(), failed: fc.boolean() }),
    fc.constant('poll'),
  );
  const PAGE = 10;

  fc.assert(
    fc.property(
      fc.array(deed),
      fc.array(deed, { minLength: 5, maxLength: 60 }),
      (before, after) => {
        const account: Video[] = [];
        const finishedLater: unknown[] = [];
        const came: unknown[] = [];
        let progress: Progress | undefined;
        let clock = 0;

        const poll = () => {
          if (!progress) {
            progress = begin(account).progress;
            return;
          }
          const isKnown = knownIn(progress);
          let listed: Video[] = [];
          for (let start = 0; start < account.length; start += PAGE) {
            const page = account.slice(start, start + PAGE);
            listed = [...listed, ...page];
            if (page.some(isKnown)) break;
          }
          const seen = new Set(ids(listed));
          const asked = progress.pending
            .filter((id) => !seen.has(id))
            .map((id): [string, Video | undefined] => [id, account.find((one) => one.id === id)]);
          const step = see(progress, structuredClone(listed), structuredClone(asked));
          progress = JSON.parse(JSON.stringify(step.progress)) as Progress;
          came.push(...ids(step.finished));
        };
        const act = (one: Deed) => {
          if (one === 'poll') {
            if (progress) poll();
          } else if ('make' in one) {
            for (let i = 0; i < one.make; i++) {
              account.unshift(video(`v${account.length}`, 'queued', (clock += 0.3)));
            }
          } else {
            const running = account.filter(({ status }) => status === 'queued');
            const chosen = running[one.finish % running.length];
            if (!chosen) return;
            chosen.status = one.failed ? 'failed' : 'completed';
            if (progress) finishedLater.push(chosen.id);
          }
        };

        before.forEach(act);
        poll();
        after.forEach(act);
        poll();
        expect([...came].sort()).toEqual([...finishedLater].sort());
      },
    ),
    { numRuns: 300 },
  );
});
