/** How waits end: in time, with what is true of the order, and with nothing dropped. */
import type { IContextObject, IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { create } from '../../../nodes/ITeraBiz/operations/create.ts';
import { get } from '../../../nodes/ITeraBiz/operations/get.ts';
import { resources } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { runOf } from '../../../nodes/ITeraBiz/run/run.ts';
import { coordinate } from '../../../nodes/ITeraBiz/waiting/durableOperations.ts';
import { answered, type Answering, fakeRun } from '../../shared/fakeRun.mts';
import { executeContext } from '../engine.mts';

const MINUTE = 60_000;
const start = 1_000 * MINUTE;
const request = { doing: '', url: '', fields: [] };
const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

beforeEach(() => void jest.useFakeTimers({ now: start }));
afterEach(() => void jest.useRealTimers());

/** One account for all polls of a test, as in one process. */
let account = new Account('one');
beforeEach(() => void (account = new Account('one')));

const waitsFor = (videoId: string) => ({ error: `n8n was stopped …`, details: { videoId } });

interface Given {
  items: IDataObject[];
  answer: Answering;
  /** Until the deadline, in milliseconds */
  left?: number;
  isCutShort?: boolean;
  /** In milliseconds; `undefined` as in waits of older versions */
  grace?: number;
  onError?: string;
  memory?: IContextObject;
}

/** One run of the coordinator, after the first. */
async function look({
  items,
  answer,
  left = 30 * MINUTE,
  isCutShort = false,
  grace,
  onError = 'stop',
  memory = { done: false },
}: Given) {
  const parkedWait = {
    ...{ execution: '7', since: start - 8 * MINUTE, onError, accepted: true },
    waits: items.flatMap(({ details }, item) =>
      details
        ? [
            {
              item,
              deadline: start + left,
              maxWait: 60,
              failedVideos: 'stop',
              isCutShort,
              ...(grace !== undefined && { grace }),
            },
          ]
        : [],
    ),
  };
  const parameters = { parkedItems: items, parkedWait } as unknown as IDataObject;
  const { run } = fakeRun({ api: answer, parameters, memory, account });
  let isOver = false;
  const performed = coordinate(run, request)
    .then(
      (data) => ({ json: data.map(({ json }) => json), error: undefined }),
      (error: Error & { description?: string }) => ({ json: [] as IDataObject[], error }),
    )
    .finally(() => (isOver = true));
  for (let turn = 0; !isOver && turn < 3_000; turn++) await advance(100);
  return { ...(await performed), memory };
}

const film = { video_url: 'https://files.example/a' };
const videos =
  (all: Record<string, IDataObject>): Answering =>
  ({ url }) => {
    const id = url.split('/')[2];
    if (id) return id in all ? answered({ id, ...all[id] }) : answered({}, 404);
    const data = Object.entries(all).map(([one, video]) => ({ id: one, ...video }));
    return answered({ data, has_more: false });
  };

describe('A durable wait', () => {
  test('that cannot go on keeps what its other rows gave out, where the node goes on', async () => {
    const { json } = await look({
      items: [{ id: 'done', status: 'completed', ...film }, waitsFor('video_b')],
      answer: () => new UserError('The credential could not be read'),
      onError: 'continueRegularOutput',
    });
    expect(json).toMatchObject([{ id: 'done' }, { details: { videoId: 'video_b' } }]);
  });

  test('ends before the Timeout of the workflow also when its last polls are refused', async () => {
    // The deadline stays two minutes clear of the Timeout, and has passed.
    const { memory } = await look({
      items: [{ id: 'done', status: 'completed', ...film }, waitsFor('video_b')],
      answer: () => answered({}, 503),
      left: -MINUTE,
      isCutShort: true,
      onError: 'continueRegularOutput',
    });
    expect(memory.done).toBe(true);
  });

  test('ends before the Timeout also when a single video of many cannot be read', async () => {
    const { memory } = await look({
      items: [waitsFor('a'), waitsFor('b')],
      answer: (options) => {
        const { url } = options;
        if (url === '/videos/b') return answered({}, 500);
        if (url === '/videos')
          return answered({ data: [{ id: 'a', status: 'completed', ...film }] });
        return answered({}, 404);
      },
      left: -MINUTE,
      isCutShort: true,
    });
    expect(memory.done).toBe(true);
  });

  test.each([
    [3 * MINUTE, 4 * MINUTE, true],
    [3 * MINUTE, 2 * MINUTE, false],
    [undefined, 9 * MINUTE, false],
    [undefined, 11 * MINUTE, true],
  ])(
    'with %p ms left for refused polls has ended %p ms after its deadline: %p',
    async (grace, late, isDone) => {
      const { memory } = await look({
        items: [waitsFor('a')],
        answer: () => answered({}, 503),
        left: -late,
        grace,
        onError: 'continueRegularOutput',
      });
      expect(memory.done).toBe(isDone);
    },
  );

  test('whose video is completed at the last poll, its link to come, has ended and is not late, as in memory', async () => {
    const { json, error } = await look({
      items: [waitsFor('a')],
      answer: videos({ a: { status: 'completed' } }),
      left: 0,
    });
    expect(error?.message).toBeUndefined();
    expect(json).toMatchObject([{ id: 'a', status: 'completed' }]);
  });

  test('that ends with a busy API tells nobody that nothing was charged, nor to run it again', async () => {
    const { json } = await look({
      items: [waitsFor('a')],
      answer: () => answered({}, 503),
      left: -11 * MINUTE,
      onError: 'continueRegularOutput',
    });
    expect(String(json[0].error)).not.toMatch(/nothing was (made|sent)|run it again/i);
  });

  test('that ends with a refused key says that it is about the account, as in memory', async () => {
    const { json } = await look({
      items: [waitsFor('a')],
      answer: () => answered({}, 401),
      left: -11 * MINUTE,
      onError: 'continueRegularOutput',
    });
    expect(json[0].details).toMatchObject({ reason: 'account' });
  });

  test('does not list a video that is gone as one that is still being made', async () => {
    const memory = { done: false, surprises: { a: { unknownSince: start - 5 * MINUTE } } };
    const { error } = await look({ items: [waitsFor('a')], answer: videos({}), memory });
    expect(error?.message).toContain('can no longer find video a');
    expect(error?.description).toContain('\nNo longer found at iTeraBiz:\nItem 1: a.\n');
    expect(error?.description).not.toContain('Still being made');
  });
});

test('a wait in memory ends before the Timeout of the workflow, though the last poll is slow', async () => {
  const cancel = new AbortController();
  const timeout = 60_000;
  setTimeout(() => cancel.abort(new Error('n8n: the execution timed out')), timeout);
  const { run } = fakeRun({
    api: async ({ url }) => {
      const id = url.split('/')[2];
      // Fast at first, and slow later on, but well within what is allowed for an answer.
      if (Date.now() > start + 30_000) await new Promise((resolve) => setTimeout(resolve, 8_000));
      if (id) return answered({ id, status: 'processing' });
      const data = [
        { id: 'a', status: 'completed', ...film },
        { id: 'b', status: 'processing' },
      ];
      return answered({ data, has_more: false });
    },
    items: [{ id: 'a' }, { id: 'b' }],
    parameters: (_, { id }) => ({ videoId: id, waitForCompletion: true, options: {} }),
    onError: 'continueRegularOutput',
    timeoutAt: start + timeout,
    signal: cancel.signal,
  });
  const ended = get(run, request).then(
    (data) => data.map(({ json }) => json),
    (error: Error) => error.message,
  );
  await advance(120_000);
  expect(await ended).toMatchObject([
    { id: 'a', status: 'completed' },
    { details: { videoId: 'b' } },
  ]);
});

test('an AI tool orders nothing after its caller has given up', async () => {
  const made: IDataObject[] = [];
  const opensAt = start + 2 * MINUTE;
  const api: Answering = ({ method, url, body }) => {
    if (method === 'GET') {
      const id = url.split('/')[2];
      return answered(id ? { id, status: 'queued' } : { data: made, has_more: false });
    }
    if (Date.now() < opensAt) return answered({}, 503, { 'retry-after': '120' });
    made.push({ id: `video_${made.length}`, status: 'queued', ...(body as IDataObject) });
    return answered(made.at(-1), 201);
  };
  const { operations } = resources.find(({ value }) => value === 'video')!;
  const { request: template, fields } = operations.find(({ value }) => value === 'create')!;
  const parameters = { avatarId: 'avatar_1', language: 'en-US', duration: 30, script: 'Hi' };
  const account = new Account('tool');
  const call = () => {
    const { run } = fakeRun({ api, parameters, isTool: true, account });
    void create(run, { doing: 'create the video', url: template.url, fields }).catch(
      () => undefined,
    );
  };
  call();
  await advance(60_000);
  // The client has given up. The model lists the videos, as it is told to: there is none.
  expect(made).toEqual([]);
  call();
  await advance(5 * MINUTE);
  expect(made.length).toBeLessThanOrEqual(1);
});

test('a wait that is handed over keeps its proxy, also where an expression gave it', async () => {
  const handedOver: object[] = [];
  const proxy = { host: 'proxy.example', port: 3128 };
  const { run } = fakeRun({
    api: ({ url }) => answered({ id: url.split('/')[2], status: 'processing' }),
    parameters: { videoId: 'a', waitForCompletion: true },
    node: { parameters: { requestOptions: { proxy: '={{ $json.proxy }}' } } },
    requestOptions: { proxy },
    takeOver: async (workflow) => {
      const looks = workflow.nodes.find(({ name }) => name === 'iTeraBiz')!;
      handedOver.push(looks.parameters.requestOptions as object);
      return { waitTill: new Date() };
    },
  });
  void get(run, request);
  await advance(3 * MINUTE);
  expect(handedOver).toHaveLength(1);
  // What the small workflow's node sees as $json is no item of the user's.
  expect(JSON.stringify(handedOver)).not.toContain('$json');
});
const videoCreate = () => {
  const { operations } = resources.find(({ value }) => value === 'video')!;
  const { request: template, fields } = operations.find(({ value }) => value === 'create')!;
  return { doing: 'create the video', url: template.url, fields };
};
const order = { avatarId: 'avatar_1', language: 'en-US', duration: 30, script: 'Hi' };

test('an execution that is stopped names what was on its way then, and accepted a moment later', async () => {
  const stop = new AbortController();
  const { run, warnings, notes } = fakeRun({
    api: async ({ method }) => {
      if (method === 'GET') return answered({ data: [], has_more: false });
      await new Promise((resolve) => setTimeout(resolve, 500));
      return answered({ id: 'video_1', status: 'queued' }, 201);
    },
    parameters: { ...order, waitForCompletion: true },
    signal: stop.signal,
  });
  const ended = create(run, videoCreate()).catch(() => 'canceled');
  await advance(200);
  stop.abort(new Error('canceled'));
  await advance(10_000);
  expect(await ended).toBe('canceled');
  expect(warnings.join() + JSON.stringify(notes)).toContain('video_1');
});

describe('Request Options', () => {
  const withOptions = async (requestOptions: object) =>
    await runOf(
      executeContext({
        parameters: { resource: 'video', operation: 'get', requestOptions } as never,
      }),
    );

  test.each([
    'http://proxy.example.com:80',
    'https://proxy.example.com:443',
    'http://proxy.example.com:3128/path',
  ])('a proxy with its port, %s, is a proxy', async (proxy) => {
    expect((await withOptions({ proxy })).requestOptions.proxy).toMatchObject({
      host: 'proxy.example.com',
    });
  });

  test('-1 Items per Batch is no batching, as the editor says', async () => {
    const batching = { batch: { batchSize: -1, batchInterval: 1_000 } };
    expect((await withOptions({ batching })).batching.interval).toBe(0);
  });
});

test("a durable wait does not end with a moment's trouble of n8n's database", async () => {
  const { run } = fakeRun({
    api: videos({ a: { status: 'processing' } }),
    parameters: {
      parkedItems: [waitsFor('a')],
      parkedWait: {
        ...{ execution: '7', since: start, onError: 'stop', accepted: true },
        waits: [{ item: 0, deadline: start + 60 * MINUTE, maxWait: 60, failedVideos: 'stop' }],
      },
    } as unknown as IDataObject,
    memory: { done: false },
  });
  run.account = async () => {
    throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
  };
  const looked = coordinate(run, request).then(
    () => 'goes on',
    (error: Error) => error.message,
  );
  await advance(10_000);
  expect(await looked).toBe('goes on');
});

describe('Max Concurrency', () => {
  const concurrencyOf = async (options: object, items: IDataObject[]) => {
    const parameters = { resource: 'video', operation: 'create', options } as never;
    return (await runOf(executeContext({ parameters, items }))).concurrency;
  };

  test('holds although another option of the first row is invalid', async () => {
    const options = { maxConcurrency: 1, maxVideos: '={{ $json.most }}' };
    expect(await concurrencyOf(options, [{ most: 'all' }, { most: 5 }])).toBe(1);
  });

  test('by expression: the smallest counts, as of any limit', async () => {
    const options = { maxConcurrency: '={{ $json.most }}' };
    expect(await concurrencyOf(options, [{ most: 5 }, { most: 1 }])).toBe(1);
  });
});
