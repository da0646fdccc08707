import type { Video } from '../../../nodes/ITeraBiz/api/video.ts';
import {
  addListed,
  begin,
  isKnownIn,
  MAX_PENDING,
  MAX_RECENT,
  type Part,
  type Progress,
  settle,
} from '../../../nodes/ITeraBiz/polling/progress.ts';

const NOW = Date.parse('2026-01-05T12:00:00Z');
const HOUR = 3_600_000;

/** A video that was created some hours ago. */
const video = (id: string, status = 'completed', hours = 1): Video => ({
  id,
  status,
  created_at: new Date(NOW - hours * HOUR).toISOString(),
  video_url: 'https://cdn.example/video.mp4',
});
const whole = (...videos: Video[]): Part => ({ videos, isCut: false });
const cut = (...videos: Video[]): Part => ({ videos, isCut: true });
const ids = (videos: Video[]) => videos.map(({ id }) => id);

/** A poll that sees these, and keeps its progress as JSON. */
function see(before: Progress, part: Part, asked: [string, Video | undefined][] = []) {
  const snapshot = new Map([
    ...part.videos.map((one): [string, Video] => [String(one.id), one]),
    ...asked,
  ]);
  const step = settle(addListed(before, part, NOW), snapshot, NOW);
  return { ...step, progress: JSON.parse(JSON.stringify(step.progress)) as Progress };
}
const batch = (count: number, status = 'completed') =>
  Array.from({ length: count }, (_, n) => video(`v${count - n}`, status));

describe('the beginning', () => {
  it('takes what has ended for history, with or without a link, and waits for what is running', () => {
    const noLink = { id: 'a', status: 'completed' };
    const progress = begin(whole(video('c', 'queued'), video('b', 'failed'), noLink), NOW);
    expect(progress).toEqual({
      ...{ recent: ['c', 'b', 'a'], pending: ['c'], hidden: [], reading: undefined },
      since: NOW - 2 * HOUR,
    });
  });

  it('takes what it did not come to for history', () => {
    const progress = begin(cut(video('c', 'completed', 1), video('b', 'completed', 1.1)), NOW);
    const sameTime = video('a', 'completed', 1.1);
    const later = whole(video('b', 'completed', 1.1), sameTime, video('old', 'completed', 1.2));
    expect(see(progress, later).finished).toEqual([]);
  });

  it('of a list that is empty takes what is days old for history', () => {
    const { progress } = see(begin(whole(), NOW), whole());
    const listed = whole(video('a', 'completed', 20), video('old', 'completed', 100));
    expect(ids(see(progress, listed).finished)).toEqual(['a']);
  });

  it('takes what is listed without a status for history', () => {
    expect(begin(whole({ id: 'b' }, video('a', 'queued')), NOW).pending).toEqual(['a']);
  });
});

describe('a step', () => {
  it('brings a new video and a pending one once, oldest first', () => {
    const start = begin(whole(video('b', 'queued', 2), video('a', 'completed', 3)), NOW);
    const listed = whole(video('d'), video('c', 'failed'), video('b'), video('a'));
    const step = see(start, listed);
    expect(ids(step.finished)).toEqual(['b', 'c', 'd']);
    expect(see(step.progress, listed).finished).toEqual([]);
  });

  it('does not take old videos for new when all newer ones were deleted', () => {
    const start = begin(whole(video('b', 'completed', 1), video('a', 'completed', 2)), NOW);
    expect(see(start, whole(video('old', 'completed', 3))).finished).toEqual([]);
  });

  it('takes a video that shows up late for new', () => {
    const start = begin(whole(video('b', 'completed', 1)), NOW);
    const late = [1.5, 2, 2.1].map((hours) => video(`${hours}`, 'completed', hours));
    const { finished } = see(start, whole(video('b', 'completed', 1), ...late));
    expect(ids(finished)).toEqual(['2', '1.5']);
  });

  it('takes none for history because of a video from the future', () => {
    const start = begin(whole(video('future', 'completed', -100)), NOW);
    expect(ids(see(start, whole(video('a', 'completed', 0))).finished)).toEqual(['a']);
  });

  it('passes over entries without an ID, and takes those without a time', () => {
    const { finished, progress } = see(
      begin(whole(), NOW),
      whole({ status: 'failed' }, { id: 'a', status: 'failed' }),
    );
    expect(ids(finished)).toEqual(['a']);
    expect(progress.recent).toEqual(['a']);
  });

  it('keeps nothing of a video that has ended', () => {
    const start = begin(whole(video('a', 'queued')), NOW);
    const { progress } = see({ ...start, hidden: ['a'] }, whole(), [['a', undefined]]);
    expect(progress).toMatchObject({ hidden: ['a'], surprises: { a: { unknownSince: NOW } } });
    const running = see(progress, whole(), [['a', video('a', 'queued')]]);
    expect(running.progress).toMatchObject({ pending: ['a'], surprises: {} });
    const ended = see(progress, whole(), [['a', video('a')]]);
    expect(ids(ended.finished)).toEqual(['a']);
    expect(ended.progress).toMatchObject({ pending: [], hidden: [], surprises: {} });
  });
});

it('takes a video for new that the API knows again', () => {
  const start = {
    ...begin(whole(video('a', 'queued')), NOW),
    surprises: { a: { unknownSince: 0 } },
  };
  const { gone, progress } = see(start, whole(), [['a', undefined]]);
  expect([gone, progress.pending, progress.recent]).toEqual([['a'], [], []]);
  expect(ids(see(progress, whole(video('a'))).finished)).toEqual(['a']);
});

describe('a reading that is cut off', () => {
  const start = begin(whole(video('a', 'completed', 9)), NOW);

  it('goes on where it was, though what follows is hours older', () => {
    const first = see(start, cut(video('d', 'completed', 1), video('c', 'completed', 2)));
    expect(ids(first.finished)).toEqual(['c', 'd']);
    expect(first.progress).toMatchObject({ recent: ['a'], reading: { after: 'c' } });
    const rest = whole(video('b', 'completed', 8), video('a', 'completed', 9));
    const second = see(first.progress, { ...rest, after: 'c' });
    expect(ids(second.finished)).toEqual(['b']);
    expect(second.progress).toMatchObject({ recent: ['d', 'c', 'b', 'a'] });
    expect(second.progress).not.toHaveProperty('reading');
  });

  it('is still to be ended where nothing of it was read', () => {
    const { progress } = see(start, cut(video('c'), video('b')));
    expect(see(progress, cut()).progress).toEqual(progress);
    expect(see(progress, { ...cut(), after: 'c' }).progress.reading?.after).toBe('c');
    expect(see(start, cut()).progress).not.toHaveProperty('reading');
  });

  it('remembers the newest first, though they were read last', () => {
    const { progress } = see(start, cut(video('c'), video('b')));
    const newest = see(progress, cut(video('d'), video('c'))).progress;
    expect(newest.reading?.seen).toEqual(['d', 'c', 'b']);
  });

  it('brings none of thousands twice when it is read again from the top', () => {
    const { progress } = see(start, cut(...batch(9_000)));
    expect(see(progress, whole(...batch(9_000))).finished).toEqual([]);
  });

  it('brings nothing twice when it is read again from the top', () => {
    const { progress } = see(start, cut(video('d'), video('c')));
    const again = see(
      progress,
      whole(video('d'), video('c'), video('b'), video('a', 'completed', 9)),
    );
    expect(ids(again.finished)).toEqual(['b']);
  });
});

describe('the bounds', () => {
  it('keeps the newest', () => {
    const all = batch(MAX_RECENT + 200);
    const progress = begin(whole(...all), NOW);
    expect(progress.recent).toEqual(ids(all.slice(0, MAX_RECENT)));
    expect(all.filter(isKnownIn(progress))).toHaveLength(MAX_RECENT);
  });

  it('keeps a page more, of the size of the largest page', () => {
    const part = { ...whole(...batch(MAX_RECENT + 200)), pageSize: 100 };
    const { recent } = addListed({ recent: [], pending: [], hidden: [] }, part, NOW);
    expect(recent).toHaveLength(MAX_RECENT + 100);
  });

  it('knows what is older than what it remembers, but none of that very moment', () => {
    const isKnown = isKnownIn({ recent: ['a'], pending: [], hidden: [], since: NOW - HOUR });
    const listed = [video('a', 'failed', 0), video('b', 'failed', 0), video('c'), { id: 'd' }];
    const older = video('e', 'failed', 1.1);
    expect(ids([...listed, older].filter(isKnown))).toEqual(['a', 'e']);
  });

  it('keeps the newest 10,000 of a reading that is cut off', () => {
    const read = batch(10_001);
    const { reading } = addListed(begin(whole(), NOW), cut(...read), NOW);
    expect(reading).toEqual({ after: 'v1', seen: ids(read.slice(0, 10_000)) });
  });

  it('keeps nothing of a video that it no longer waits for', () => {
    const pending = ids(batch(MAX_PENDING + 1)).map(String);
    const unknown = new Map([pending[0], pending[1]].map((id) => [id, undefined]));
    const { dropped, progress } = settle({ recent: [], pending, hidden: pending }, unknown, NOW);
    expect(dropped).toEqual([pending[0]]);
    expect(progress.hidden).toEqual(pending.slice(1));
    expect(progress.surprises).toEqual({ [pending[1]]: { unknownSince: NOW } });
  });

  it('names the oldest running videos of too many, but brings what has ended', () => {
    const running = batch(MAX_PENDING + 2, 'queued');
    const step = see(begin(whole(), NOW), whole(...running));
    expect(step.progress.pending).toHaveLength(MAX_PENDING);
    expect(step.dropped).toEqual(['v1', 'v2']);
    expect(see(begin(whole(), NOW), whole(...batch(MAX_PENDING + 2))).finished).toHaveLength(
      MAX_PENDING + 2,
    );
  });
});

it('goes on from the progress that an earlier version stored', () => {
  const stored = {
    recent: ['c', 'b', 'a'],
    pending: ['b'],
    hidden: ['b'],
    horizon: NOW + 100 * HOUR,
    gap: { after: 'a', recent: ['x'], horizon: 0 },
  };
  const step = see(stored, whole(video('d'), video('c')), [['b', video('b', 'failed')]]);
  expect(ids(step.finished)).toEqual(['b', 'd']);
  expect(step.progress).toEqual({
    recent: ['d', 'c', 'b', 'a'],
    pending: [],
    hidden: [],
    since: NOW - 2 * HOUR,
    surprises: {},
  });
});
