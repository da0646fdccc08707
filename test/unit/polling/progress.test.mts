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
    const progress = begin([video('c', 'queued'), video('b', 'failed'), noLink], NOW);
    expect(progress).toMatchObject({ recent: ['c', 'b', 'a'], pending: ['c'] });
  });

  it('takes what is listed without a status for history', () => {
    expect(begin([{ id: 'b' }, video('a', 'queued')], NOW).pending).toEqual(['a']);
  });
});

describe('a step', () => {
  it('brings a new video and a pending one once, oldest first', () => {
    const start = begin([video('b', 'queued', 2), video('a', 'completed', 3)], NOW);
    const listed = whole(video('d'), video('c', 'failed'), video('b'), video('a'));
    const step = see(start, listed);
    expect(ids(step.finished)).toEqual(['b', 'c', 'd']);
    expect(see(step.progress, listed).finished).toEqual([]);
  });

  it('does not take old videos for new when all newer ones were deleted', () => {
    const start = begin([video('b', 'completed', 1), video('a', 'completed', 2)], NOW);
    expect(see(start, whole(video('old', 'completed', 3))).finished).toEqual([]);
  });

  it('takes a video that shows up late for new', () => {
    const start = begin([video('b', 'completed', 1)], NOW);
    const late = whole(video('b', 'completed', 1), video('a', 'completed', 1.5));
    expect(ids(see(start, late).finished)).toEqual(['a']);
  });

  it('takes none for history because of a video from the future', () => {
    const start = begin([video('future', 'completed', -100)], NOW);
    expect(ids(see(start, whole(video('a', 'completed', 0))).finished)).toEqual(['a']);
  });

  it('passes over entries without an ID, and takes those without a time', () => {
    const { finished } = see(
      begin([], NOW),
      whole({ status: 'failed' }, { id: 'a', status: 'failed' }),
    );
    expect(ids(finished)).toEqual(['a']);
  });

  it('keeps nothing of a video that has ended', () => {
    const start = begin([video('a', 'queued')], NOW);
    const { progress } = see(start, whole(), [['a', undefined]]);
    expect(progress).toMatchObject({ pending: ['a'], surprises: { a: { unknownSince: NOW } } });
    const ended = see(progress, whole(), [['a', video('a')]]);
    expect(ids(ended.finished)).toEqual(['a']);
    expect(ended.progress).toMatchObject({ pending: [], surprises: {} });
  });
});

it('takes a video for new that the API knows again', () => {
  const start = {
    ...begin([video('a', 'queued')], NOW),
    surprises: { a: { unknownSince: 0 } },
  };
  const { gone, progress } = see(start, whole(), [['a', undefined]]);
  expect([gone, progress.pending, progress.recent]).toEqual([['a'], [], []]);
  expect(ids(see(progress, whole(video('a'))).finished)).toEqual(['a']);
});

describe('a reading that is cut off', () => {
  const start = begin([video('a', 'completed', 9)], NOW);
  const first = see(start, cut(video('d', 'completed', 1), video('c', 'completed', 2)));

  it('brings what it came to, and does not take what is hours older for history', () => {
    expect(ids(first.finished)).toEqual(['c', 'd']);
    expect(first.progress).toMatchObject({ recent: ['a'], reading: { seen: ['d', 'c'] } });
    const late = [video('c', 'completed', 2), video('b', 'completed', 8)];
    const last = see(first.progress, whole(video('d'), ...late, video('a', 'completed', 9)));
    expect(ids(last.finished)).toEqual(['b']);
    expect(last.progress).toMatchObject({ recent: ['d', 'c', 'b', 'a'] });
    expect(last.progress).not.toHaveProperty('reading');
  });

  it('can be followed by another: none brings anything twice', () => {
    const second = see(first.progress, cut(video('e'), video('d')));
    expect(ids(second.finished)).toEqual(['e']);
    expect(second.progress.reading).toEqual({ seen: ['e', 'd', 'c'] });
  });
});

describe('the bounds', () => {
  it('keeps the newest', () => {
    const all = batch(MAX_RECENT + 200);
    const progress = begin([...all], NOW);
    expect(progress.recent).toEqual(ids(all.slice(0, MAX_RECENT)));
    expect(all.filter(isKnownIn(progress))).toHaveLength(MAX_RECENT);
  });

  it('names the oldest running videos of too many, but brings what has ended', () => {
    const running = batch(MAX_PENDING + 2, 'queued');
    const step = see(begin([], NOW), whole(...running));
    expect(step.progress.pending).toHaveLength(MAX_PENDING);
    expect(step.dropped).toEqual(['v1', 'v2']);
    expect(see(begin([], NOW), whole(...batch(MAX_PENDING + 2))).finished).toHaveLength(
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
    reading: { after: 'e', seen: ['e'] },
  };
  const step = see(stored, whole(video('d'), video('c')), [['b', video('b', 'failed')]]);
  expect(ids(step.finished)).toEqual(['b', 'd']);
  expect(step.progress).toEqual({
    recent: ['d', 'c', 'e', 'b', 'a'],
    pending: [],
    since: NOW - 2 * HOUR,
    surprises: {},
  });
});
