import type { IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { keep } from '../../../../nodes/ITeraBiz/waiting/parked/keep.ts';
import { NodeRun } from '../../../../nodes/ITeraBiz/run/nodeRun.ts';
import type { ParkedWait } from '../../../../nodes/ITeraBiz/waiting/parked/workflows.ts';
import { answered, type Answering, fakeContext } from '../../fakeContext.mts';
import { Account } from '../../../../nodes/ITeraBiz/account/account.ts';

const now = 60_000_000;
beforeEach(() => void jest.useFakeTimers({ now }));
afterEach(() => void jest.useRealTimers());

/** What an item is parked as while its video is waited for. */
const waitsFor = (videoId: string, input: IDataObject = {}) => ({
  ...input,
  error: `n8n was stopped before it learned what became of video ${videoId}`,
  details: { videoId },
});

interface Look {
  items: IDataObject[];
  /** Status of each video that the API knows */
  videos?: Record<string, string>;
  answer?: Answering;
  wait?: Partial<ParkedWait>;
  isFirst?: boolean;
}

async function lookAt({ items, videos = {}, answer, wait, isFirst = false }: Look) {
  const body = (id: string) => ({ id, status: videos[id], full: true });
  const api: Answering = ({ url }) => {
    if (url !== '/videos') {
      const id = url.split('/')[2];
      return id in videos ? answered(body(id)) : answered({}, 404);
    }
    return answered({ data: Object.keys(videos).map(body), has_more: false });
  };
  const parkedWait: ParkedWait = {
    execution: '7',
    since: now - 480_000,
    deadline: now + 1_800_000,
    maxWait: 60,
    failedVideos: 'stop',
    onError: 'stop',
    accepted: true,
    waiting: items.flatMap(({ details }, item) => (details ? [item] : [])),
    ...wait,
  };
  const { context, asked, memory } = fakeContext({
    answer: answer ?? api,
    parameters: { parkedItems: items, parkedWait } as unknown as IDataObject,
  });
  if (!isFirst) memory.done = false;
  const prepared = { url: '' };
  const run = new NodeRun(1, 0, async () => new Account(), 5);
  let isOver = false;
  const looking = keep({ context, index: 0, run, prepared })
    .then(
      (data) => data.map(({ json }) => json),
      (error: Error) => error,
    )
    .finally(() => (isOver = true));
  // Looks keep a second's distance.
  while (!isOver) await jest.advanceTimersToNextTimerAsync();
  const output = await looking;
  return { output, asked, isDone: memory.done };
}

test('when the wait is handed over, asks nothing and gives out the items as they came in', async () => {
  const items = [waitsFor('a'), { id: 'r', status: 'completed' }];
  const look = await lookAt({ items, videos: { a: 'completed' }, isFirst: true });
  expect(look).toMatchObject({ output: items, asked: [], isDone: false });
});

test('while one still runs, is not done and gives out the items as they came in', async () => {
  const items = [waitsFor('a'), waitsFor('b')];
  const look = await lookAt({ items, videos: { a: 'completed', b: 'processing' } });
  expect(look).toMatchObject({ output: items, isDone: false });
});

test('gives out one item per input item, in their order, in full', async () => {
  const { output, isDone } = await lookAt({
    items: [waitsFor('b'), { id: 'r', status: 'completed' }, waitsFor('a'), waitsFor('b')],
    videos: { a: 'completed', b: 'completed' },
  });
  expect(isDone).toBe(true);
  expect(output).toEqual([
    { id: 'b', status: 'completed', full: true },
    { id: 'r', status: 'completed' },
    { id: 'a', status: 'completed', full: true },
    { id: 'b', status: 'completed', full: true },
  ]);
});

test('one request serves any number of listed videos', async () => {
  const { asked } = await lookAt({
    items: [waitsFor('a'), waitsFor('b'), waitsFor('c')],
    videos: { a: 'completed', b: 'failed', c: 'completed' },
  });
  expect(asked.map(({ url }) => url)).toEqual(['/videos']);
});

test('a failed video stops the node, which names its item and every accepted job', async () => {
  const { output } = await lookAt({
    items: [waitsFor('a'), waitsFor('b'), { id: 'r' }, { name: 'no ID' }],
    videos: { a: 'completed', b: 'failed' },
  });
  expect(output).toMatchObject({
    message: 'iTeraBiz could not make video b (status: failed)',
    context: { itemIndex: 1 },
  });
  expect((output as unknown as { description: string }).description.split('\n')).toEqual([
    'Correct what the reason names and create the video again, or ask api@iterabiz.com.',
    'n8n counts items from 0: item 1 is row 2.',
    'Finished:',
    'Item 0: a',
    'Failed:',
    'Item 1: b',
    'Still being made:',
    'Item 2: r',
    'n8n cannot take up this wait again, so do not retry this execution: get them with Video: Get and these IDs.',
  ]);
});

test('names no accepted jobs where the node made none', async () => {
  const { output } = await lookAt({
    items: [waitsFor('a'), waitsFor('b')],
    videos: { a: 'completed', b: 'failed' },
    wait: { accepted: false },
  });
  expect(output).toMatchObject({
    description:
      'Correct what the reason names and create the video again, or ask api@iterabiz.com.\nn8n counts items from 0: item 1 is row 2.',
  });
});

test('where the node goes on, a failure is an item with its input fields', async () => {
  const { output } = await lookAt({
    items: [waitsFor('a', { row: 1 }), { row: 2, error: 'Too long. Shorten it' }],
    videos: { a: 'failed' },
    wait: { onError: 'continueRegularOutput' },
  });
  expect(output).toEqual([
    {
      row: 1,
      error: expect.stringMatching(/^iTeraBiz could not make video a/),
      details: { videoId: 'a' },
    },
    { row: 2, error: 'Too long. Shorten it' },
  ]);
});

test('on the error output a failure is nothing but its reason and its video', async () => {
  const { output } = await lookAt({
    items: [waitsFor('a')],
    videos: { a: 'failed' },
    wait: { onError: 'continueErrorOutput' },
  });
  expect(output).toEqual([{ error: expect.any(String), details: { videoId: 'a' } }]);
});

test('where failed videos are results, they go on as they are', async () => {
  const { output } = await lookAt({
    items: [waitsFor('a')],
    videos: { a: 'failed' },
    wait: { failedVideos: 'output' },
  });
  expect(output).toEqual([{ id: 'a', status: 'failed', full: true }]);
});

test('at the deadline, those that still run have not been finished in time', async () => {
  const { output } = await lookAt({
    items: [waitsFor('a'), waitsFor('b')],
    videos: { a: 'completed', b: 'processing' },
    wait: { deadline: now, onError: 'continueErrorOutput' },
  });
  expect((output as IDataObject[]).map(({ error, status }) => error ?? status)).toEqual([
    'completed',
    expect.stringContaining('Video b was not finished after 60 minutes (last status: processing)'),
  ]);
});

test('a moment before the deadline, it waits for those that still run', async () => {
  const { isDone } = await lookAt({
    items: [waitsFor('b')],
    videos: { b: 'processing' },
    wait: { deadline: now + 1 },
  });
  expect(isDone).toBe(false);
});

test('a video that the API no longer knows has ended', async () => {
  const { output } = await lookAt({
    items: [waitsFor('gone')],
    wait: { onError: 'continueErrorOutput' },
  });
  expect(output).toEqual([
    expect.objectContaining({
      error: expect.stringMatching(/^iTeraBiz no longer knows video gone/),
    }),
  ]);
});

test.each([
  [1_800_000, true],
  [0, true],
  [-599_999, true],
  [-600_000, false],
  [-601_000, false],
])('a look that is refused for now, with %i ms left, is not the last: %p', async (left, goesOn) => {
  const items = [waitsFor('a')];
  const threeLooks = 2_000;
  const { output, isDone } = await lookAt({
    items,
    answer: () => answered({}, 503),
    wait: { deadline: now + threeLooks + left, onError: 'continueErrorOutput' },
  });
  expect(isDone).toBe(!goesOn);
  if (goesOn) expect(output).toEqual(items);
  else {
    expect(output).toMatchObject([
      { error: expect.stringMatching(/^Video a was not finished after 60 minutes/) },
    ]);
  }
});

test('a look that is refused at first is made again, three times in all', async () => {
  let looks = 0;
  const { output } = await lookAt({
    items: [waitsFor('a')],
    answer: () => (++looks < 3 ? answered({}, 503) : answered({ id: 'a', status: 'completed' })),
  });
  expect(output).toEqual([{ id: 'a', status: 'completed' }]);
  const { asked } = await lookAt({ items: [waitsFor('a')], answer: () => answered({}, 503) });
  expect(asked).toHaveLength(3);
});

test('what a look has shown is not asked for again', async () => {
  let listed = 0;
  const { asked, isDone } = await lookAt({
    items: [waitsFor('a'), waitsFor('b')],
    answer: ({ url }) => {
      const id = url.split('/')[2];
      if (id) return answered({ id, status: 'completed' });
      listed += 1;
      return answered({
        data: [{ id: 'a', status: 'completed' }],
        has_more: listed < 2,
        next_cursor: 'c',
      });
    },
  });
  expect(asked.map(({ url }) => url)).toEqual(['/videos', '/videos', '/videos/b']);
  expect(isDone).toBe(true);
});

test('a refused key ends the wait for each job, and names them', async () => {
  const { output, isDone } = await lookAt({
    items: [waitsFor('a'), { id: 'r' }, waitsFor('b')],
    answer: () => answered({}, 401),
    wait: { onError: 'continueErrorOutput' },
  });
  expect(isDone).toBe(true);
  expect((output as IDataObject[]).map(({ error }) => error)).toEqual([
    expect.stringMatching(
      /^The wait for video a ended: iTeraBiz does not accept the API key of this credential\. /,
    ),
    undefined,
    expect.stringMatching(/^The wait for video b ended: /),
  ]);
});

test('an error that is none of the API ends it', async () => {
  const { output } = await lookAt({
    items: [waitsFor('a')],
    answer: () => new UserError('no credential'),
  });
  expect(output).toMatchObject({ message: 'no credential' });
});
