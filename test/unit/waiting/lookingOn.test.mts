/** What someone reads who looks on, or stops the execution, and what a model reads. */
import { Results } from '../../../nodes/ITeraBiz/run/results.ts';
import type { Job } from '../../../nodes/ITeraBiz/run/run.ts';
import { finish, nameOrdersWhenStopped } from '../../../nodes/ITeraBiz/waiting/finish.ts';
import { fakeRun, type FakeRunOptions } from '../../shared/fakeRun.mts';

const silent = () => new Error('nobody asks');

interface Given extends Partial<FakeRunOptions> {
  job?: Partial<Job>;
  count?: number;
  /** Whether the jobs were there already, where that was asked */
  reused?: boolean;
  /** Whether the node ordered them */
  ordered?: boolean;
}

async function finished({ job, count = 1, reused, ordered = true, ...options }: Given) {
  const items = Array.from({ length: count }, () => ({}));
  const { run, hints } = fakeRun({ api: silent, items, isManual: true, ...options });
  const results = new Results(run);
  const jobs = new Map<number, Job>();
  items.forEach((_, item) => {
    const video = { id: `v${item}`, status: 'queued' };
    jobs.set(item, { video, options: {}, waits: false, ...job });
    if (ordered) results.accepted.set(item, `v${item}`);
    if (reused !== undefined) results.reused.set(item, reused);
  });
  const output = await finish(results, jobs);
  return { hints, output: output.map(({ json }) => json) };
}

const hintsOf = async (given: Given) => (await finished(given)).hints;

const OPEN =
  /^Still being made: to get it, add "Get video" after this step, with Wait for Completion on\. /;
const AGAIN = /Running this step again orders and charges for another\.$/;

test('a step that ordered says how to get this video, and that another run orders another', async () => {
  const [hint, ...more] = await hintsOf({});
  expect(hint).toMatch(OPEN);
  expect(hint).toMatch(AGAIN);
  expect(more).toEqual([]);
});

test('several are several', async () => {
  expect(await hintsOf({ count: 2 })).toEqual([
    'Still being made: to get them, add "Get video" after this step, with Wait for Completion on. Running this step again orders and charges for all of them again.',
  ]);
});

const finishedVideo = { id: 'v0', status: 'completed', video_url: 'https://files.example/v0' };
const done: Partial<Job> = { video: finishedVideo, waits: true };

test('a step that waited says how to keep its result', async () => {
  expect(await hintsOf({ job: done })).toEqual([
    'Running this step again orders and charges for another. To keep this result while you build, pin it.',
  ]);
});

test('a step that uses existing videos orders nothing the next time, and does not say so', async () => {
  expect(await hintsOf({ reused: false })).toEqual([
    'Still being made: to get it, add "Get video" after this step, with Wait for Completion on.',
  ]);
  expect(await hintsOf({ reused: false, job: done })).toEqual([]);
  expect(await hintsOf({ reused: true })).toEqual([]);
});

test('nothing is said of an avatar, of a video that was only read, to nobody, or to a model', async () => {
  expect(await hintsOf({ job: { video: { id: 'v0', name: 'Anna' } } })).toEqual([]);
  expect(await hintsOf({ ordered: false })).toEqual([]);
  expect(await hintsOf({ isManual: false })).toEqual([]);
  expect(await hintsOf({ isTool: true })).toEqual([]);
});

test('of several, each counts: one still being made, one that a further run orders again', async () => {
  const { run, hints } = fakeRun({ api: silent, items: [{}, {}], isManual: true });
  const results = new Results(run);
  results.accepted.set(0, 'v0').set(1, 'v1');
  results.reused.set(0, false);
  const jobs = [finishedVideo, { id: 'v1', status: 'queued' }].map(
    (video, item) => [item, { video, options: {}, waits: item === 0 }] as const,
  );
  await finish(results, new Map(jobs));
  expect(hints).toEqual([
    'Still being made: to get them, add "Get video" after this step, with Wait for Completion on. Running this step again orders and charges for all of them again.',
  ]);
});

test('a step that does not wait, but whose video is there already, says only that it orders again', async () => {
  expect(await hintsOf({ job: { video: finishedVideo } })).toEqual([
    'Running this step again orders and charges for another. To keep this result while you build, pin it.',
  ]);
});

test('a step that waits does not say that its video is still being made', async () => {
  const stop = new AbortController();
  const { run, hints } = fakeRun({ api: silent, isManual: true, signal: stop.signal });
  const results = new Results(run);
  results.accepted.set(0, 'v0');
  const job = { video: { id: 'v0', status: 'queued' }, options: {}, waits: true };
  const end = finish(results, new Map([[0, job]]));
  stop.abort(new Error('stopped'));
  await expect(end).rejects.toThrow('stopped');
  expect(hints).toEqual([
    'Running this step again orders and charges for another. To keep this result while you build, pin it.',
  ]);
});

test('nothing is said by a step that stops', async () => {
  const { run, hints } = fakeRun({ api: silent, items: [{}, {}], isManual: true });
  const results = new Results(run);
  results.accepted.set(0, 'v0');
  results.failures.set(1, { message: 'No', description: '', reason: 'item' });
  const video = { id: 'v0', status: 'queued' };
  const jobs = new Map([[0, { video, options: {}, waits: false }]]);
  await expect(finish(results, jobs)).rejects.toThrow('No');
  expect(hints).toEqual([]);
});

describe('A model', () => {
  const outputOf = async (video: Job['video']) =>
    (await finished({ isTool: true, job: { video } })).output[0];

  test('reads of a video in the making how to get it, and nothing else', async () => {
    expect(await outputOf({ id: 'v0', status: 'processing', script: 'Hi' })).toEqual({
      id: 'v0',
      status: 'processing',
      message: expect.stringMatching(/Do not create it again: get video v0 by its ID/),
    });
  });

  test.each([
    { id: 'v0', status: 'completed', video_url: 'https://cdn.example/v0' },
    { id: 'a0', name: 'Anna' },
    { status: 'queued' },
  ])('reads anything else as it is: %j', async (video) => {
    expect(await outputOf(video)).toEqual(video);
  });
});

describe('An execution that is stopped', () => {
  function stopping(accepted: string[], unknown: number[] = []) {
    const stop = new AbortController();
    const { run, warnings, notes } = fakeRun({ api: silent, signal: stop.signal });
    const results = new Results(run);
    results.unknownItems = () => unknown;
    const forget = nameOrdersWhenStopped(results);
    accepted.forEach((id, item) => results.accepted.set(item, id));
    return { stop, forget, warnings, notes, results };
  }

  test('names its orders, at once: n8n saves the execution right after', () => {
    const { stop, warnings, notes } = stopping(['a', 'b']);
    stop.abort();
    expect(warnings).toEqual([expect.stringContaining('Its orders stand: a, b. ')]);
    expect(notes).toEqual({ iTeraBiz_orders: 'a, b' });
  });

  test('names those that may have been accepted, too, by their items', () => {
    const { stop, forget, warnings, notes, results } = stopping(['a'], [0, 2, 3]);
    stop.abort();
    const orders =
      'iTeraBiz: this execution was stopped. Its orders stand: a. Get Many lists them.';
    const doubts =
      'iTeraBiz had not answered these, but may have accepted them: Items 3–4. Look for them in your iTeraBiz dashboard, or with Get Many.';
    expect(warnings).toEqual([`${orders} ${doubts}`]);
    expect(notes).toEqual({ iTeraBiz_orders: 'a', iTeraBiz_check: 'Items 3–4' });
    forget();
    expect(warnings).toHaveLength(1);
    results.accepted.set(2, 'b').set(3, 'c');
    forget();
    expect(warnings.slice(1)).toEqual([
      expect.stringMatching(/stand: a, b, c\. Get Many lists them\.$/),
    ]);
    expect(notes).toEqual({ iTeraBiz_orders: 'a, b, c', iTeraBiz_check: 'None' });
  });

  test('names one of unknown outcome where nothing else was ordered', () => {
    const { stop, warnings, notes } = stopping([], [0]);
    stop.abort();
    expect(warnings).toEqual([
      'iTeraBiz: this execution was stopped. iTeraBiz had not answered these, but may have accepted them: Item 1. Look for them in your iTeraBiz dashboard, or with Get Many.',
    ]);
    expect(notes).toEqual({ iTeraBiz_check: 'Item 1' });
  });

  test('says nothing where nothing was ordered', () => {
    const { stop, warnings, notes } = stopping([]);
    stop.abort();
    expect([warnings, notes]).toEqual([[], {}]);
  });

  test('names all of many, in notes that n8n does not cut off', () => {
    const ids = Array.from({ length: 120 }, (_, n) => `video_${n + 100}`);
    const { stop, notes } = stopping(ids);
    stop.abort();
    expect(Object.keys(notes)).toEqual([
      'iTeraBiz_orders',
      'iTeraBiz_orders_2',
      'iTeraBiz_orders_3',
    ]);
    expect(Object.values(notes).join(', ')).toBe(ids.join(', '));
    expect(Object.values(notes).map(({ length }) => length)).toEqual([504, 504, 306]);
  });

  test.each([
    [506, 1],
    [507, 2],
  ])('with IDs of %i and 4 characters takes %i notes', (length, count) => {
    const { stop, notes } = stopping(['x'.repeat(length), 'last']);
    stop.abort();
    expect(Object.values(notes)).toHaveLength(count);
  });

  test('one that n8n cannot stop is like any other', () => {
    const { run } = fakeRun({ api: silent });
    expect(nameOrdersWhenStopped(new Results(run))).not.toThrow();
  });

  test('says nothing of orders that the node has given out', () => {
    const { stop, forget, warnings } = stopping(['a']);
    forget();
    stop.abort();
    expect(warnings).toEqual([]);
  });
});
