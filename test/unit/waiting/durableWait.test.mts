/** A wait that n8n has taken over: what its two small workflows do, on the port. */
import type { IContextObject, IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { TOLERANCE } from '../../../nodes/ITeraBiz/account/snapshot.ts';
import {
  coordinate,
  nextPause,
  pollDurably,
} from '../../../nodes/ITeraBiz/waiting/durableOperations.ts';
import type { DurableWait } from '../../../nodes/ITeraBiz/waiting/durableWorkflows.ts';
import { answered, type Answering, fakeRun } from '../../shared/fakeRun.mts';

const MINUTE = 60_000;
const start = 1_000 * MINUTE;
beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

/** What an item is put aside as while its video is waited for. */
const waitsFor = (videoId: string, input: IDataObject = {}) => ({
  ...input,
  error: `n8n was stopped before it got the result of video ${videoId}`,
  details: { videoId },
});

const chosen = { maxWait: 60, failedVideos: 'stop', isCutShort: false } as const;

interface Given {
  items: IDataObject[];
  /** Status of each video that the API knows */
  videos?: Record<string, string>;
  answer?: Answering;
  wait?: Partial<DurableWait>;
  /** Of single waits, by item */
  waits?: Record<number, Partial<DurableWait['waits'][number]>>;
  /** How long until the deadline, in milliseconds */
  left?: number;
  /** What an older version of this package wrote */
  former?: IDataObject;
  memory?: IContextObject;
  /** What the node before it gave out */
  input?: IDataObject[];
}

/** Runs one of the two, once. */
async function once(
  perform: typeof coordinate,
  {
    items,
    videos = {},
    answer,
    wait,
    waits = {},
    left = 30 * MINUTE,
    former,
    memory = {},
    input = [{}],
  }: Given,
) {
  const body = (id: string) => ({ id, status: videos[id], video_url: 'https://files.example/a' });
  const api: Answering = ({ url }) => {
    const id = url.split('/')[2];
    if (id) return id in videos ? answered(body(id)) : answered({}, 404);
    return answered({ data: Object.keys(videos).map(body), has_more: false });
  };
  const deadline = start + left;
  const parkedWait = former ?? {
    ...{ execution: '7', since: start - 8 * MINUTE, onError: 'stop', accepted: true },
    waits: items.flatMap(({ details }, item) =>
      details ? [{ item, deadline, ...chosen, ...waits[item] }] : [],
    ),
    ...wait,
  };
  const { run, asked } = fakeRun({
    api: answer ?? api,
    items: input,
    parameters: { parkedItems: items, parkedWait } as unknown as IDataObject,
    memory,
  });
  let isOver = false;
  const performed = perform(run, { doing: '', url: '', fields: [] })
    .then(
      (data) => data.map(({ json }) => json),
      (error: Error) => error as never,
    )
    .finally(() => (isOver = true));
  // Polls keep a second's distance.
  for (let turn = 0; !isOver && turn < 1_000; turn++) await jest.advanceTimersByTimeAsync(100);
  return { output: await performed, asked: asked.map(({ url }) => url), memory };
}

describe('The coordinator', () => {
  const look = async (given: Given) =>
    await once(coordinate, { memory: { done: false }, ...given });

  test('when the wait is handed over, asks nothing and gives out the items as they came in', async () => {
    const items = [waitsFor('a'), { id: 'r', status: 'completed' }];
    const { output, asked, memory } = await look({ items, videos: { a: 'completed' }, memory: {} });
    expect([output, asked, memory.done]).toEqual([items, [], false]);
  });

  test('while one is still being made, is not done and gives out the items as they came in', async () => {
    const items = [waitsFor('a'), waitsFor('b')];
    const { output, memory } = await look({ items, videos: { a: 'completed', b: 'processing' } });
    expect([output, memory.done]).toEqual([items, false]);
  });

  test('gives out one item per input item, in their order, in full', async () => {
    const { output, asked, memory } = await look({
      items: [waitsFor('b'), { id: 'r', status: 'completed' }, waitsFor('a'), waitsFor('b')],
      videos: { a: 'completed', b: 'completed' },
      wait: { reused: { 0: true, 2: false } },
    });
    expect(memory.done).toBe(true);
    expect(output).toMatchObject([
      { id: 'b', status: 'completed', video_url: expect.any(String), _iteraBizReused: true },
      { id: 'r', status: 'completed' },
      { id: 'a', status: 'completed', _iteraBizReused: false },
      { id: 'b', status: 'completed' },
    ]);
    expect(asked).toEqual(['/videos']);
  });

  test('a failed video stops the node, which names its item and every accepted job', async () => {
    const { output } = await look({
      items: [waitsFor('a'), waitsFor('b'), { id: 'r' }, { name: 'no ID' }],
      videos: { a: 'completed', b: 'failed' },
    });
    expect(output).toMatchObject({
      message: 'iTeraBiz could not make video b (status: failed)',
      context: { itemIndex: 1 },
    });
    // As n8n saves it.
    expect(JSON.stringify(output)).toContain('"itemIndex":1');
    expect((output as unknown as { description: string }).description.split('\n').slice(1)).toEqual(
      [
        'This is item 2 of 4 (n8n counts from 0 and calls it [item 1]).',
        'Finished:',
        'Item 1: a.',
        'Failed:',
        'Item 2: b.',
        'Still being made:',
        'Item 3: r.',
        'Retrying does not resume the wait. To get a video, use Video: Get with its ID. Running this step again orders and charges for all of it again.',
      ],
    );
  });

  test.each([
    [
      { 0: true, 1: false },
      'Run this step again to order only what is missing: it uses the existing videos.',
    ],
    [{ 1: true }, 'Running this step again orders and charges for all of it again.'],
  ])('with %j for what existed, tells whether it is safe to run again', async (reused, advice) => {
    const { output } = await look({
      items: [{ id: 'r', status: 'completed' }, waitsFor('b')],
      videos: { b: 'failed' },
      wait: { reused },
    });
    const { description } = output as unknown as { description: string };
    expect(description.split('\n').at(-1)).toContain(advice);
  });

  test('names no accepted jobs where the node made none', async () => {
    const { output } = await look({
      items: [waitsFor('a'), waitsFor('b')],
      videos: { a: 'completed', b: 'failed' },
      wait: { accepted: false },
    });
    expect((output as unknown as { description: string }).description).not.toContain('Finished');
  });

  test.each([
    ['continueRegularOutput', { row: 1 }],
    ['continueErrorOutput', {}],
  ] as const)(
    'a failure is an item in its place where the node goes on: %s',
    async (onError, kept) => {
      const { output } = await look({
        items: [waitsFor('a', kept), { row: 2, error: 'Too long. Shorten it' }],
        videos: { a: 'failed' },
        wait: { onError },
      });
      expect(output).toEqual([
        {
          ...kept,
          error: expect.stringMatching(/^iTeraBiz could not make video a/),
          details: { videoId: 'a' },
        },
        { row: 2, error: 'Too long. Shorten it' },
      ]);
    },
  );

  test('each item ends by its own options', async () => {
    const { output } = await look({
      items: [waitsFor('a'), waitsFor('b'), waitsFor('c'), waitsFor('d')],
      videos: { a: 'failed', b: 'failed', c: 'processing', d: 'processing' },
      wait: { onError: 'continueErrorOutput' },
      waits: {
        0: { failedVideos: 'output' },
        2: { deadline: start, maxWait: 5 },
        3: { deadline: start, isCutShort: true },
      },
    });
    expect((output as IDataObject[]).map(({ error, status }) => error ?? status)).toEqual([
      'failed',
      expect.stringMatching(/^iTeraBiz could not make video b/),
      expect.stringMatching(
        /^Video c was not finished after 5 minutes \(last status: processing\)/,
      ),
      expect.stringMatching(/^Video d was not finished before this workflow's Timeout/),
    ]);
  });

  test('one that is late waits for the others, and their deadlines', async () => {
    const items = [waitsFor('a'), waitsFor('b')];
    const videos = { a: 'processing', b: 'processing' };
    const { output, memory } = await look({ items, videos, waits: { 0: { deadline: start } } });
    expect([output, memory.done]).toEqual([items, false]);
  });

  test.each([
    [1, false],
    [0, true],
  ])('with %i ms left it is done though one is still being made: %p', async (left, done) => {
    const given = { items: [waitsFor('a')], videos: { a: 'queued' }, left };
    expect((await look(given)).memory.done).toBe(done);
  });

  test('a video that the API no longer knows has ended, and not at the first poll that says so', async () => {
    const given = { items: [waitsFor('gone')], wait: { onError: 'continueErrorOutput' } as const };
    const first = await look(given);
    expect(first.memory.done).toBe(false);
    await jest.advanceTimersByTimeAsync(TOLERANCE.unknown);
    // n8n stores the memory in between.
    const memory = JSON.parse(JSON.stringify(first.memory)) as IContextObject;
    expect((await look({ ...given, memory })).output).toEqual([
      {
        error: expect.stringMatching(/^iTeraBiz can no longer find video gone/),
        details: { videoId: 'gone' },
      },
    ]);
  });

  test('a video that the API does not know at the deadline is not said to be still made', async () => {
    const given = { items: [waitsFor('gone')], left: 0 };
    expect((await look(given)).memory.done).toBe(false);
  });

  test('nor where a Timeout makes that poll the last: it is gone', async () => {
    const waits = { 0: { isCutShort: true } };
    const { output, memory } = await look({ items: [waitsFor('gone')], left: 0, waits });
    expect(memory.done).toBe(true);
    expect(output).toMatchObject({
      message: expect.stringMatching(/^iTeraBiz can no longer find video gone/),
    });
  });

  test.each([
    [30 * MINUTE, false],
    [0, false],
    [-10 * MINUTE + 1_000, false],
    [-10 * MINUTE, true],
  ])('a refused poll with %i ms left is the last: %p', async (left, isOver) => {
    const items = [waitsFor('a')];
    const { output, memory } = await look({
      ...{ items, left, answer: () => answered({}, 503) },
      wait: { onError: 'continueErrorOutput' },
    });
    expect(memory.done).toBe(isOver);
    if (!isOver) return expect(output).toEqual(items);
    expect(output).toMatchObject([
      { error: expect.stringMatching(/^The wait for video a ended: /) },
    ]);
  });

  test('refusals that no retry cures end it when there are several in a row, over a minute', async () => {
    const items = [waitsFor('a'), { id: 'r' }, waitsFor('b')];
    const memory: IContextObject = { done: false };
    const wait = { onError: 'continueErrorOutput' } as const;
    const poll = async (answer?: Answering) => {
      await jest.advanceTimersByTimeAsync(40_000);
      const videos = { a: 'processing', b: 'processing' };
      return (await look({ items, memory, wait, answer, videos })).output as IDataObject[];
    };
    const refused = () => answered({}, 401);
    expect(await poll(refused)).toEqual(items);
    expect(await poll(refused)).toEqual(items);
    // One that is answered begins the row anew.
    expect(await poll()).toEqual(items);
    expect(await poll(refused)).toEqual(items);
    expect(await poll(refused)).toEqual(items);
    expect((await poll(refused)).map(({ error }) => error)).toEqual([
      expect.stringMatching(
        /^The wait for video a ended: iTeraBiz does not accept the API key of this credential\. /,
      ),
      undefined,
      expect.stringMatching(/^The wait for video b ended: /),
    ]);
  });

  test('those of one video alone end no wait', async () => {
    const items = [waitsFor('a'), waitsFor('b')];
    const memory: IContextObject = { done: false };
    const answer: Answering = ({ url }) =>
      url === '/videos/b'
        ? answered({}, 401)
        : answered({ data: [{ id: 'a', status: 'processing' }], has_more: false });
    for (let polls = 0; polls < 5; polls++) {
      await look({ items, answer, memory });
      await jest.advanceTimersByTimeAsync(40_000);
    }
    expect(memory).toMatchObject({ done: false });
  });

  test('what a poll has shown is not asked for again', async () => {
    let listed = 0;
    const { asked, memory } = await look({
      items: [waitsFor('a'), waitsFor('b')],
      answer: ({ url }) => {
        const id = url.split('/')[2];
        if (id) return answered({ id, status: 'failed' });
        listed += 1;
        return answered({ data: [{ id: 'a', status: 'failed' }], has_more: listed < 2 });
      },
      wait: { onError: 'continueErrorOutput' },
    });
    expect(asked).toEqual(['/videos', '/videos', '/videos/b']);
    expect(memory.done).toBe(true);
  });

  test.each([
    [500, 'iTeraBiz could not look for videos because of a fault on its side'],
    [404, 'Something other than iTeraBiz answered the request to look for videos'],
  ])(
    'one that cannot be read (%i, a web page) says so, and takes no other along',
    async (status, cause) => {
      const { output, asked, memory } = await look({
        items: [waitsFor('a'), waitsFor('b'), waitsFor('c')],
        answer: ({ url }) => {
          if (url === '/videos/b') return answered('<html></html>', status);
          const data = [
            { id: 'a', status: 'failed', error: 'Too dark' },
            { id: 'c', status: 'processing' },
          ];
          return answered({ data, has_more: false });
        },
        left: -10 * MINUTE,
        wait: { onError: 'continueErrorOutput' },
      });
      expect(memory.done).toBe(true);
      expect(asked.filter((url) => url === '/videos/b')).toHaveLength(2);
      expect((output as IDataObject[]).map(({ error }) => error)).toEqual([
        expect.stringMatching(/^iTeraBiz could not make video a: Too dark/),
        expect.stringContaining(`The wait for video b ended: ${cause}`),
        expect.stringMatching(/^Video c was not finished after 60 minutes/),
      ]);
    },
  );

  test('many that can hardly be read are left for later after three polls', async () => {
    let reads = 0;
    const { asked, memory } = await look({
      items: Array.from({ length: 12 }, (_, n) => waitsFor(`v${n}`)),
      answer: ({ url }) => {
        const id = url.split('/')[2];
        if (!id) return answered({ data: [], has_more: false });
        return reads++ % 4 === 0 ? answered({ id, status: 'failed' }) : answered({}, 500);
      },
    });
    // The list is read once: what it did not show is then asked for by ID.
    expect(asked).toHaveLength(1 + 3 * 4);
    expect(memory.done).toBe(false);
  });

  test('an error that is not about the API ends it like a refusal, and names every job', async () => {
    const memory: IContextObject = { done: false };
    const items = [waitsFor('a'), { id: 'b', status: 'completed' }];
    const answer = () => new UserError('no credential');
    for (let polls = 0; polls < 2; polls++) {
      expect((await look({ items, memory, answer })).output).toEqual(items);
      await jest.advanceTimersByTimeAsync(40_000);
    }
    const { message, description } = (await look({ items, memory, answer })).output as never as {
      message: string;
      description: string;
    };
    expect(message).toBe('The wait for video a ended: no credential');
    expect(description).toContain('\nFinished:\nItem 2: b.\nCould not be checked:\nItem 1: a.\n');
    const kept = { items, memory: { done: false }, answer: () => answered({ data: [] }) };
    expect((await look(kept)).output).toEqual(items);
  });

  test('a refused key ends it at once where the poller has ended because of it', async () => {
    const items = [waitsFor('a')];
    const wait = { onError: 'continueRegularOutput' } as const;
    const given = { items, wait, memory: { done: false }, answer: () => answered({}, 401) };
    const { output } = await look({
      ...given,
      input: [{ pending: 0, refusals: { count: 3, since: start - MINUTE } }],
    });
    expect(output).toMatchObject([
      {
        error: expect.stringMatching(/^The wait for video a ended: .*Do|^The wait/),
        details: { reason: 'account', videoId: 'a' },
      },
    ]);
    expect(JSON.stringify(output)).not.toMatch(/nothing was|run it again/i);
  });

  test.each(['3', { count: '3' }, { count: 3 }])(
    'a column of the user called refusals, which it gets after a hard stop, is none: %j',
    async (refusals) => {
      const row = waitsFor('a', { refusals });
      const given = { items: [row], input: [row], answer: () => answered({}, 401) };
      const { output, memory } = await look(given);
      expect(output).toEqual([row]);
      expect(memory).toMatchObject({ done: false, refusals: { count: 1, since: start } });
    },
  );

  test('ends with the deadline where the workflow has a Timeout, also if the last poll is refused', async () => {
    const items = [waitsFor('a')];
    const wait = { onError: 'continueRegularOutput' } as const;
    const late = { items, wait, left: -60_000, answer: () => answered({}, 503) };
    expect((await look({ ...late, memory: { done: false } })).memory.done).toBe(false);
    const waits = { 0: { isCutShort: true } };
    expect((await look({ ...late, waits, memory: { done: false } })).memory.done).toBe(true);
  });

  test('a video that is completed at the deadline, but for its link, has ended', async () => {
    const answer: Answering = () => answered({ id: 'a', status: 'completed' });
    const given = { items: [waitsFor('a')], left: 0, memory: { done: false } };
    expect((await look({ ...given, answer })).output).toMatchObject([{ id: 'a' }]);
  });

  test('a wait that an older version saved, with one deadline for all, still ends well', async () => {
    const former = {
      ...{ execution: '7', since: start - MINUTE, deadline: start, maxWait: 5 },
      ...{ failedVideos: 'output', onError: 'continueErrorOutput', accepted: true },
      waiting: [0, 2],
    };
    const items = [
      waitsFor('a'),
      { id: 'r', details: { videoId: 'of a failed one' } },
      waitsFor('b'),
    ];
    const { output } = await look({ items, former, videos: { a: 'failed', b: 'processing' } });
    expect(output).toMatchObject([
      { id: 'a', status: 'failed' },
      { id: 'r' },
      { error: expect.stringMatching(/^Video b was not finished after 5 minutes/) },
    ]);
  });
});

describe('A poll of a durable wait', () => {
  const look = async ({ ids, ...given }: Omit<Given, 'items'> & { ids: string[] }) =>
    await once(pollDurably, { items: ids.map((id) => waitsFor(id)), ...given });

  test('goes on while one is still being made, and has little stored', async () => {
    const videos = { a: 'completed', b: 'processing' };
    const { output, memory } = await look({ ids: ['a', 'b'], videos });
    expect(memory).toMatchObject({ done: false, pause: 120, pending: ['b'] });
    expect(output).toEqual([{ pending: 1 }]);
    expect(JSON.stringify(memory).length).toBeLessThan(300);
  });

  test('asks for a video once, though several items wait for it, and only for what was pending', async () => {
    expect((await look({ ids: ['a', 'a'], videos: { a: 'queued' } })).asked).toEqual(['/videos/a']);
    const { asked, memory } = await look({
      ids: ['a', 'b'],
      videos: { a: 'completed', b: 'processing' },
      memory: { pending: ['b'] },
    });
    expect([asked, memory.pending]).toEqual([['/videos/b'], ['b']]);
  });

  test.each(['completed', 'failed'])('is done when the last one has %s', async (status) => {
    const { memory } = await look({ ids: ['a', 'b'], videos: { a: status, b: status } });
    expect(memory).toMatchObject({ done: true, pending: [] });
  });

  test('a video that the API does not know is polled for again, for a minute', async () => {
    const first = await look({ ids: ['gone'] });
    expect(first.memory).toMatchObject({ done: false, pending: ['gone'] });
    await jest.advanceTimersByTimeAsync(TOLERANCE.unknown);
    const memory = JSON.parse(JSON.stringify(first.memory)) as IContextObject;
    expect((await look({ ids: ['gone'], memory })).memory.done).toBe(true);
  });

  test.each([
    [1, false],
    [0, true],
  ])('with %i ms left it is done though one is still being made: %p', async (left, done) => {
    const { memory } = await look({ ids: ['a'], videos: { a: 'queued' }, left });
    expect(memory).toMatchObject({ done, pending: ['a'] });
  });

  test('pauses until the deadline, where that comes first', async () => {
    const { memory } = await look({ ids: ['a'], videos: { a: 'queued' }, left: 90_000 });
    expect(memory.pause).toBe(90);
  });

  test('goes on until the last deadline of all', async () => {
    const videos = { a: 'queued', b: 'queued' };
    const { memory } = await look({ ids: ['a', 'b'], videos, waits: { 0: { deadline: start } } });
    expect(memory.done).toBe(false);
  });

  test('does not go on for the deadline of one that has ended', async () => {
    const given = { ids: ['a', 'b'], videos: { a: 'queued', b: 'completed' } };
    const of = async (deadline: number) =>
      (await look({ ...given, waits: { 0: { deadline } } })).memory;
    expect(await of(start + 90_000)).toMatchObject({ done: false, pause: 90 });
    expect(await of(start)).toMatchObject({ done: true, pending: ['a'] });
  });

  test.each([503, 401])('one that is refused with %i counts as if all went on', async (status) => {
    const { memory } = await look({ ids: ['a', 'b'], answer: () => answered({}, status) });
    expect(memory).toMatchObject({ done: false, pending: ['a', 'b'] });
  });

  test('refusals that no retry cures end it: the coordinator finds out by itself', async () => {
    const memory: IContextObject = {};
    const answer = () => answered({}, 401);
    const outputs: unknown[] = [];
    for (let turn = 0; turn < 3; turn++) {
      expect(memory.done ?? false).toBe(false);
      outputs.push((await look({ ids: ['a'], memory, answer })).output);
      await jest.advanceTimersByTimeAsync(66_000);
    }
    expect(memory.done).toBe(true);
    const refusals = { count: 3, since: expect.any(Number) };
    expect(outputs).toEqual([[{ pending: 1 }], [{ pending: 1 }], [{ pending: 0, refusals }]]);
  });

  test('goes on after an error that is not about the API', async () => {
    const answer = () => new UserError('no credential');
    const { output } = await look({ ids: ['a'], answer });
    expect(output).toEqual([{ pending: 1 }]);
  });
});

describe('A video that ended while others were made, and was then deleted at iTeraBiz,', () => {
  const items = [waitsFor('a'), waitsFor('b'), waitsFor('c')];
  const given = { items, wait: { onError: 'continueErrorOutput' } as const };
  const before = { a: 'completed', b: 'processing', c: 'failed' };
  const after = { b: 'completed' };
  const all = [
    { id: 'a', status: 'completed', video_url: expect.any(String) },
    { id: 'b', status: 'completed' },
    { error: expect.stringMatching(/^iTeraBiz could not make video c/) },
  ];
  // n8n stores both in between.
  const stored = <T,>(value: T) => JSON.parse(JSON.stringify(value)) as T;
  const pollTwice = async (second: Partial<Given> = { videos: after }) => {
    const { output, memory } = await once(pollDurably, { ...given, videos: before });
    expect(output).toEqual([{ pending: 1 }]);
    return stored(await once(pollDurably, { ...given, ...second, memory: stored(memory) }));
  };

  test('is given out as a poll saw it', async () => {
    const poller = await pollTwice();
    expect(poller.output).toMatchObject([{ pending: 0 }]);
    const { output, memory } = await once(coordinate, {
      ...{ ...given, videos: after, memory: { done: false }, input: poller.output },
    });
    expect(memory.done).toBe(true);
    expect(output).toMatchObject(all);
  });

  test('is given out also if another poller follows, which does not see it', async () => {
    const { output: input } = await pollTwice({ videos: { b: 'queued' }, left: -MINUTE });
    const answer = () => answered({}, 503);
    const first = await once(coordinate, { ...given, answer, memory: { done: false }, input });
    expect(first.output).toEqual(items);
    const memory = stored(first.memory);
    expect((await once(coordinate, { ...given, videos: after, memory })).output).toMatchObject(all);
  });

  test('is given out also if it was the coordinator that saw it', async () => {
    const first = await once(coordinate, { ...given, videos: before, memory: { done: false } });
    const memory = stored(first.memory);
    expect((await once(coordinate, { ...given, videos: after, memory })).output).toMatchObject(all);
  });

  test('is given out also if the key is refused from then on', async () => {
    const input = [
      {
        refusals: { count: 3, since: start - MINUTE },
        ended: { a: { id: 'a', status: 'completed' }, c: { id: 'c', status: 'failed' } },
      },
    ];
    const refused = { answer: () => answered({}, 401), memory: { done: false }, input };
    expect((await once(coordinate, { ...given, ...refused })).output).toMatchObject([
      { id: 'a', status: 'completed' },
      { error: expect.stringMatching(/^The wait for video b ended/) },
      { error: expect.stringMatching(/^iTeraBiz could not make video c/) },
    ]);
  });

  test('gives way to what the last poll sees', async () => {
    const { output: input } = await pollTwice();
    const videos = { a: 'failed', b: 'completed', c: 'completed' };
    const { output } = await once(coordinate, {
      ...{ ...given, videos, memory: { done: false }, input },
    });
    expect(output).toMatchObject([
      { error: expect.stringMatching(/^iTeraBiz could not make video a/) },
      { id: 'b', status: 'completed' },
      { id: 'c', status: 'completed' },
    ]);
  });

  test('is given out at the Timeout, though the list still shows it being made', async () => {
    const { output: input } = await pollTwice();
    const videos = { a: 'completed', b: 'processing', c: 'failed' };
    const late = { ...given, videos, memory: { done: false }, input, left: -MINUTE };
    const { output, memory } = await once(coordinate, late);
    expect(memory.done).toBe(true);
    expect(output).toMatchObject(all);
  });

  test('but not as failed if the list shows it being made again', async () => {
    const { output: input } = await pollTwice();
    const videos = { a: 'completed', b: 'completed', c: 'processing' };
    const late = { ...given, videos, memory: { done: false }, input, left: -MINUTE };
    const { output } = await once(coordinate, late);
    expect(output[2]).toMatchObject({ error: expect.stringMatching(/^Video c was not finished/) });
  });

  test('is waited for if the last poll sees it being made again', async () => {
    const { output: input } = await pollTwice();
    const videos = { a: 'completed', b: 'completed', c: 'processing' };
    const look = { ...given, videos, memory: { done: false }, input };
    expect((await once(coordinate, look)).memory.done).toBe(false);
  });

  test.each([
    'yes',
    null,
    ['a'],
    { a: 'completed' },
    { a: { id: 'b', status: 'completed' } },
    { a: { id: 'a', status: 'processing' } },
  ])('is not a column of the user called ended: %j', async (ended) => {
    const row = waitsFor('a', { ended });
    const look = { items: [row], input: [row], memory: { done: false } };
    const { output, memory } = await once(coordinate, look);
    expect([output, memory.done]).toEqual([[row], false]);
  });
});

/** An account whose newest videos are others: its list takes more pages than there are videos to ask for. */
const farDown: Answering = ({ url, qs }) => {
  const id = url.split('/')[2];
  if (id) return answered({ id, status: 'completed', video_url: 'https://files.example/a' });
  const after = Number((qs as IDataObject).starting_after ?? 0);
  const data = Array.from({ length: 100 }, (_, n) => ({ id: String(after + n + 1) }));
  return answered({ data, has_more: true });
};

test.each([
  ['The coordinator', coordinate],
  ['A poll of a durable wait', pollDurably],
])('%s finds videos that stand far down in a long list', async (_, perform) => {
  const items = [waitsFor('a'), waitsFor('b')];
  const { memory } = await once(perform, { items, answer: farDown, memory: { done: false } });
  expect(memory.done).toBe(true);
});

describe.each([
  ['The coordinator', coordinate],
  ['A poll of a durable wait', pollDurably],
])('%s, where the API is silent,', (_, perform) => {
  /** In seconds */
  const timeOf = async (left: number, isCutShort: boolean, grace?: number) => {
    // Ends as n8n's client does.
    const answer: Answering = async ({ timeout }) => {
      await new Promise((resolve) => setTimeout(resolve, timeout));
      return Object.assign(new Error('silent'), { code: 'ETIMEDOUT' });
    };
    const items = ['a', 'b', 'c', 'd', 'e'].map((id) => waitsFor(id));
    const waits = { 3: { isCutShort, ...(grace !== undefined && { grace }) } };
    const since = Date.now();
    await once(perform, { items, answer, left, waits, memory: { done: false } });
    return (Date.now() - since) / 1_000;
  };

  test.each([
    [-MINUTE, 20],
    [10_000, 20],
    [25_000, 25],
  ])('has little time where a Timeout comes after %i ms: %i s', async (left, most) => {
    const time = await timeOf(left, true);
    expect(time).toBeGreaterThanOrEqual(most);
    expect(time).toBeLessThan(most + 1);
  });

  test('has no more time than is left for refused polls before a Timeout', async () => {
    const time = await timeOf(10_000, false, 15_000);
    expect(time).toBeGreaterThanOrEqual(25);
    expect(time).toBeLessThan(26);
  });

  test('has more time otherwise', async () => {
    expect(await timeOf(-MINUTE, false)).toBeGreaterThan(60);
    expect(await timeOf(10 * MINUTE, true)).toBeGreaterThan(60);
  });
});

test.each([
  [0, 60 * MINUTE, 66],
  [4 * MINUTE, 60 * MINUTE, 66],
  [264_000, 60 * MINUTE, 66],
  [264_001, 60 * MINUTE, 67],
  [8 * MINUTE, 60 * MINUTE, 120],
  [40 * MINUTE, 60 * MINUTE, 600],
  [100 * MINUTE, 60 * MINUTE, 600],
  [40 * MINUTE, 5 * MINUTE, 300],
  [40 * MINUTE, 299_500, 300],
  [40 * MINUTE, MINUTE, 66],
  [40 * MINUTE, -MINUTE, 66],
])('after %i ms with %i ms left the next pause is %i s', (waited, left, pause) => {
  expect(nextPause(waited, left)).toBe(pause);
});
