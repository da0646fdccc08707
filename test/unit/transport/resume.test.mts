import type { IDataObject } from 'n8n-workflow';

import { NodeRun } from '../../../nodes/ITeraBiz/transport/nodeRun.ts';
import type { ParkedItem, ParkedWait } from '../../../nodes/ITeraBiz/transport/parked.ts';
import { nextPause, resume } from '../../../nodes/ITeraBiz/transport/resume.ts';
import { Slots } from '../../../nodes/ITeraBiz/transport/slots.ts';
import { newWatch, readerOf } from '../../../nodes/ITeraBiz/transport/wait.ts';
import { answered, type Answering, fakeContext } from './fakeContext.mts';

const MINUTE = 60_000;

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

describe('A look at the parked jobs', () => {
  const now = 1_000 * MINUTE;
  beforeEach(() => void jest.useFakeTimers({ now }));
  afterEach(() => void jest.useRealTimers());

  const wait: ParkedWait = {
    since: now - 8 * MINUTE,
    deadline: now + 30 * MINUTE,
    maxWait: 60,
    failedVideos: 'stop',
    onError: 'stop',
    accepted: true,
  };

  interface Look {
    items: ParkedItem[];
    videos?: Record<string, string>;
    answer?: Answering;
    wait?: Partial<ParkedWait>;
    lap?: IDataObject;
  }

  async function lookAt({ items, videos = {}, answer, wait: more, lap }: Look) {
    const body = (id: string) => ({ id, status: videos[id], full: true });
    const api: Answering = ({ url }) => {
      if (url !== '/videos') {
        const id = url.split('/')[2];
        return id in videos ? answered(body(id)) : answered({}, 404);
      }
      return answered({ data: Object.keys(videos).map(body), has_more: false });
    };
    const { context, asked } = fakeContext({
      answer: answer ?? api,
      parameters: {
        parkedItems: items,
        parkedWait: { ...wait, ...more },
      } as unknown as IDataObject,
      input: lap ? { lap } : {},
    });
    const slots = new Slots(5);
    const prepared = { url: '' };
    const run = new NodeRun(1, 0, slots, newWatch(readerOf(context, prepared, slots)));
    const output = resume({ context, item: 0, run, prepared });
    return { output, asked };
  }

  test('asks for another lap while one still runs, and stores little', async () => {
    const { output } = await lookAt({
      items: [{ id: 'a' }, { id: 'b' }],
      videos: { a: 'completed', b: 'processing' },
    });
    expect(await output).toEqual([{ json: { lap: { pending: ['b'], hidden: [], pause: 120 } } }]);
  });

  test('looks only for those that were still running, by ID where the list hid them', async () => {
    const { output, asked } = await lookAt({
      items: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
      videos: { a: 'completed', b: 'processing', c: 'processing' },
      lap: { pending: ['b', 'c'], hidden: ['b', 'c'], pause: 66 },
    });
    expect(await output).toMatchObject([{ json: { lap: { pending: ['b', 'c'] } } }]);
    expect(asked.map(({ url }) => url)).toEqual(['/videos/b', '/videos/c']);
  });

  test('gives out one item per input item, in their order, in full', async () => {
    const { output } = await lookAt({
      items: [{ id: 'b' }, { result: { id: 'r', status: 'completed' } }, { id: 'a' }, { id: 'b' }],
      videos: { a: 'completed', b: 'completed' },
    });
    expect(await output).toEqual([
      { json: { id: 'b', status: 'completed', full: true } },
      { json: { id: 'r', status: 'completed' } },
      { json: { id: 'a', status: 'completed', full: true } },
      { json: { id: 'b', status: 'completed', full: true } },
    ]);
  });

  test('a failed video stops the node, which names its item and every accepted job', async () => {
    const { output } = await lookAt({
      items: [{ id: 'a' }, { id: 'b' }, { result: { id: 'r' } }, { result: { name: 'no ID' } }],
      videos: { a: 'completed', b: 'failed' },
    });
    const error = await output.catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      message: 'Item 1: iTeraBiz could not make video b (status: failed)',
    });
    expect((error as unknown as { description: string }).description.split('\n')).toEqual([
      'Correct what the reason names and create the video again, or ask api@iterabiz.com.',
      'iTeraBiz accepted these, and goes on with them. n8n cannot take up this wait again, so do not retry this execution: get them with Video: Get and these IDs:',
      'Item 0: a',
      'Item 1: b',
      'Item 2: r',
    ]);
  });

  test('names no accepted jobs where the node made none', async () => {
    const { output } = await lookAt({
      items: [{ id: 'a' }, { id: 'b' }],
      videos: { a: 'completed', b: 'failed' },
      wait: { accepted: false },
    });
    await expect(output).rejects.toMatchObject({
      description:
        'Correct what the reason names and create the video again, or ask api@iterabiz.com.',
    });
  });

  test('a failure from before stops the node too', async () => {
    const { output } = await lookAt({
      items: [{ id: 'a' }, { failure: { message: 'Too long', description: 'Shorten it' } }],
      videos: { a: 'completed' },
    });
    await expect(output).rejects.toMatchObject({ message: 'Item 1: Too long' });
  });

  test('where the node goes on, a failure is an item with its input fields', async () => {
    const { output } = await lookAt({
      items: [
        { id: 'a', input: { row: 1 } },
        { failure: { message: 'Too long', description: 'Shorten it' }, input: { row: 2 } },
      ],
      videos: { a: 'failed' },
      wait: { onError: 'continueRegularOutput' },
    });
    expect(await output).toEqual([
      {
        json: {
          row: 1,
          error: expect.stringMatching(/^iTeraBiz could not make video a/),
          details: { videoId: 'a' },
        },
      },
      { json: { row: 2, error: 'Too long. Shorten it' } },
    ]);
  });

  test('where failed videos are results, they go on as they are', async () => {
    const { output } = await lookAt({
      items: [{ id: 'a' }],
      videos: { a: 'failed' },
      wait: { failedVideos: 'output' },
    });
    expect(await output).toEqual([{ json: { id: 'a', status: 'failed', full: true } }]);
  });

  test('at the deadline, those that still run have not been finished in time', async () => {
    const { output } = await lookAt({
      items: [{ id: 'a' }, { id: 'b' }],
      videos: { a: 'completed', b: 'processing' },
      wait: { deadline: now, onError: 'continueErrorOutput' },
    });
    expect((await output).map(({ json }) => json.error ?? json.status)).toEqual([
      'completed',
      expect.stringContaining(
        'Video b was not finished after 60 minutes (last status: processing)',
      ),
    ]);
  });

  test('a video that the API no longer knows has ended', async () => {
    const { output } = await lookAt({
      items: [{ id: 'gone' }],
      wait: { onError: 'continueErrorOutput' },
    });
    expect((await output)[0].json.error).toMatch(/^iTeraBiz no longer knows video gone/);
  });

  test('a refusal for now asks for another lap with the same jobs', async () => {
    const { output } = await lookAt({
      items: [{ id: 'a' }, { id: 'b' }],
      answer: () => answered({}, 503),
    });
    expect(await output).toMatchObject([{ json: { lap: { pending: ['a', 'b'] } } }]);
  });

  test.each([
    [0, true],
    [-599_999, true],
    [-600_000, false],
    [-601_000, false],
  ])('a refusal %i ms after the deadline asks for another lap: %p', async (left, goesOn) => {
    const { output } = await lookAt({
      items: [{ id: 'a' }],
      answer: () => answered({}, 503),
      wait: { deadline: now + left, onError: 'continueErrorOutput' },
    });
    const [{ json }] = await output;
    if (goesOn) expect(json).toMatchObject({ lap: { pending: [], pause: 66 } });
    else expect(json.error).toMatch(/^Video a was not finished after 60 minutes/);
  });

  test('a refused key ends the wait for each job, and names them', async () => {
    const { output } = await lookAt({
      items: [{ id: 'a' }, { result: { id: 'r' } }, { id: 'b' }],
      answer: () => answered({}, 401),
      wait: { onError: 'continueErrorOutput' },
    });
    expect((await output).map(({ json }) => json.error)).toEqual([
      expect.stringMatching(
        /^The wait for video a ended: iTeraBiz does not accept the API key of this credential\. /,
      ),
      undefined,
      expect.stringMatching(/^The wait for video b ended: /),
    ]);
  });

  test('an error that is none of the API ends it', async () => {
    const { output } = await lookAt({ items: [{ id: 'a' }], answer: () => new Error('no disk') });
    await expect(output).rejects.toThrow('no disk');
  });
});
