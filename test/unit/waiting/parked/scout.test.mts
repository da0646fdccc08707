import type { IDataObject } from 'n8n-workflow';

import { NodeRun } from '../../../../nodes/ITeraBiz/run/nodeRun.ts';
import { nextPause, scout } from '../../../../nodes/ITeraBiz/waiting/parked/scout.ts';
import { answered, type Answering, fakeContext } from '../../fakeContext.mts';
import { Account } from '../../../../nodes/ITeraBiz/account/account.ts';

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

describe('A look at the parked videos', () => {
  const now = 1_000 * MINUTE;
  beforeEach(() => void jest.useFakeTimers({ now }));
  afterEach(() => void jest.useRealTimers());

  interface Look {
    /** IDs that are waited for, one per item */
    ids: string[];
    /** Status of each video that the API lists */
    videos?: Record<string, string>;
    answer?: Answering;
    left?: number;
    memory?: IDataObject;
  }

  async function lookAt({ ids, videos = {}, answer, left = 30 * MINUTE, memory: before }: Look) {
    const body = (id: string) => ({ id, status: videos[id] });
    const api: Answering = ({ url }) => {
      if (url === '/videos') {
        return answered({ data: Object.keys(videos).map(body), has_more: false });
      }
      const id = url.split('/')[2];
      return id in videos ? answered(body(id)) : answered({}, 404);
    };
    const { context, asked, memory } = fakeContext({
      answer: answer ?? api,
      parameters: {
        parkedItems: ids.map((videoId) => ({ error: '', details: { videoId } })),
        parkedWait: {
          since: now - 8 * MINUTE,
          deadline: now + left,
          waiting: ids.map((_, n) => n),
        },
      },
    });
    Object.assign(memory, before);
    const prepared = { url: '' };
    const run = new NodeRun(1, 0, async () => new Account(), 5);
    const looked = scout({ context, index: 0, run, prepared });
    const output = (await looked).map(({ json }) => json);
    return { output, asked: asked.map(({ url }) => url), memory };
  }

  test('goes on while one still runs, and has little stored', async () => {
    const { output, memory } = await lookAt({
      ids: ['a', 'b'],
      videos: { a: 'completed', b: 'processing' },
    });
    expect(memory).toEqual({ done: false, pause: 120, pending: ['b'], hidden: [] });
    expect(output).toEqual([{ pending: 1 }]);
  });

  test('asks for a video once, though several items wait for it', async () => {
    const { asked } = await lookAt({ ids: ['a', 'a'], videos: { a: 'processing' } });
    expect(asked).toEqual(['/videos/a']);
  });

  test('looks only for those that were still running, by ID where the list hid them', async () => {
    const { asked, memory } = await lookAt({
      ids: ['a', 'b', 'c'],
      videos: { a: 'completed', b: 'processing', c: 'processing' },
      memory: { pending: ['b', 'c'], hidden: ['b', 'c'] },
    });
    expect(asked).toEqual(['/videos/b', '/videos/c']);
    expect(memory).toMatchObject({ pending: ['b', 'c'], hidden: ['b', 'c'] });
  });

  test('remembers what the list hides', async () => {
    const { memory } = await lookAt({
      ids: ['a', 'b', 'unlisted'],
      videos: { a: 'processing', b: 'processing' },
    });
    expect(memory).toMatchObject({ pending: ['a', 'b'], hidden: ['unlisted'] });
  });

  test.each([['completed'], ['failed']])('is done when the last one has %s', async (status) => {
    const { memory } = await lookAt({ ids: ['a', 'b'], videos: { a: status, b: status } });
    expect(memory).toMatchObject({ done: true, pending: [] });
  });

  test('a video that the API no longer knows has ended', async () => {
    expect((await lookAt({ ids: ['gone'] })).memory.done).toBe(true);
  });

  test.each([
    [1, false],
    [0, true],
  ])('with %i ms left it is done though one still runs: %p', async (left, done) => {
    const { memory } = await lookAt({ ids: ['a'], videos: { a: 'queued' }, left });
    expect(memory).toMatchObject({ done, pending: ['a'] });
  });

  test('a refusal for now counts as if all still ran', async () => {
    const { memory } = await lookAt({ ids: ['a', 'b'], answer: () => answered({}, 503) });
    expect(memory).toMatchObject({ done: false, pending: ['a', 'b'] });
  });

  test('a refused key ends it', async () => {
    const { memory } = await lookAt({ ids: ['a', 'b'], answer: () => answered({}, 401) });
    expect(memory.done).toBe(true);
  });
});
