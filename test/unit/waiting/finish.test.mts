/** Waiting for videos: in memory, and handed over to n8n, on the port and by a clock of the test. */
import type { IDataObject, IWorkflowBase } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { get } from '../../../nodes/ITeraBiz/operations/get.ts';
import { Results } from '../../../nodes/ITeraBiz/run/results.ts';
import { finish } from '../../../nodes/ITeraBiz/waiting/finish.ts';
import { describeEnd } from '../../../nodes/ITeraBiz/waiting/outcome.ts';
import { collectGarbage } from '../../shared/collectGarbage.mts';
import {
  answered,
  type Answering,
  connectionReset,
  fakeRun,
  type FakeRunOptions,
} from '../../shared/fakeRun.mts';

/** Every test begins an hour after the one before: what the process remembers of that one is past. */
let start = 0;
beforeAll(() => void jest.useFakeTimers());
beforeEach(async () => {
  await advance(3_600_000);
  start = Date.now();
});
afterAll(() => void jest.useRealTimers());

const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);
const MINUTE = 60_000;

interface Given extends Omit<Partial<FakeRunOptions>, 'api'> {
  ids?: string[];
  statuses?: Record<string, string>;
  options?: IDataObject | ((item: number) => IDataObject);
  /** In place of what the API says of the videos */
  refusal?: Answering;
  /** Items whose jobs this run has made */
  isMade?: boolean;
  /** Whether they existed already, where that was asked */
  reused?: boolean;
  /** How long n8n takes for a hand-over, in milliseconds; it refuses one that takes no time */
  takes?: number;
}

/** A run whose items wait for videos, on an n8n that takes over waits if `takes` is there. */
function waiting({
  ids = ['a'],
  statuses = { a: 'processing' },
  options = {},
  refusal,
  isMade = true,
  reused,
  takes,
  ...more
}: Given = {}) {
  const handedOver: { at: number; items: IDataObject[]; workflow: IWorkflowBase }[] = [];
  const parts = { statuses, refusal, handedOver };
  const body = (id: string) => ({
    id,
    status: parts.statuses[id],
    ...(parts.statuses[id] === 'completed' && { video_url: 'https://files.example/a' }),
  });
  const { run, asked, warnings, notes } = fakeRun({
    api: async (request) => {
      if (parts.refusal) return await parts.refusal(request);
      const id = request.url.split('/')[2];
      return answered(id ? body(id) : { data: ids.map(body), has_more: false });
    },
    items: ids.map((id, row) => ({ id, row })),
    ...(takes !== undefined && {
      takeOver: async (workflow: IWorkflowBase, items: IDataObject[]) => {
        if (takes === 0) return {};
        handedOver.push({ at: Date.now(), items, workflow });
        await new Promise((resolve) => setTimeout(resolve, takes));
        return { waitTill: new Date() };
      },
    }),
    ...more,
  });
  const results = new Results(run);
  const optionsOf = typeof options === 'function' ? options : () => options;
  const jobs = ids.map((id, item) => {
    if (isMade && id) results.accepted.set(item, id);
    if (reused !== undefined) results.reused.set(item, reused);
    const video = { id, status: 'queued' };
    return [item, { video, options: optionsOf(item), waits: true }] as const;
  });
  const end: { json?: IDataObject[]; error?: Error & { description: string }; at?: number } = {};
  finish(results, new Map(jobs))
    .then(
      (items) => void (end.json = items.map(({ json }) => json)),
      (error) => void (end.error = error),
    )
    .finally(() => (end.at = Date.now() - start));
  return Object.assign(parts, { run, asked, warnings, notes, end });
}

describe('In memory', () => {
  test('gives out the finished video, and what needs no wait at once', async () => {
    const place = waiting();
    await advance(15_000);
    expect(place.end).toEqual({});
    place.statuses.a = 'completed';
    await advance(10_000);
    expect(place.end.json).toMatchObject([{ id: 'a', status: 'completed' }]);
    expect(place.end.at).toBe(20_000);
  });

  test('jobs that are not waited for are given out as they are, and nothing is asked', async () => {
    const { run, asked } = fakeRun({ api: () => new Error('nobody asks') });
    run.client = async () => await Promise.reject(new Error('no credential'));
    const job = { video: { id: 'a', status: 'queued' }, options: {}, waits: false };
    expect(await finish(new Results(run), new Map([[0, job]]))).toMatchObject([
      { json: { id: 'a' } },
    ]);
    expect(asked).toEqual([]);
  });

  test.each([
    [{ maxWait: 2 }, 6, 2 * MINUTE],
    [{ maxWait: 2, pollInterval: 20 }, 3, 2 * MINUTE],
    [{ maxWait: 2, pollInterval: 1 }, 30, 2 * MINUTE],
    [{ pollInterval: 600 }, 0, 60 * MINUTE],
  ])('with the options %j polls %i times a minute, for %i ms', async (options, polls, longest) => {
    const { asked, end } = waiting({ options });
    await advance(MINUTE + 500);
    expect(asked).toHaveLength(polls);
    await advance(longest - MINUTE - 1_000);
    expect(end).toEqual({});
    await advance(1_000);
    expect(end.error?.message).toMatch(/^Video a was not finished after/);
  });

  test('each item by its own options', async () => {
    const place = waiting({
      ids: ['a', 'b', 'c'],
      statuses: { a: 'processing', b: 'failed', c: 'failed' },
      options: (item) => [{ maxWait: 0.5 }, { failedVideos: 'output' }, {}][item],
      onError: 'continueErrorOutput',
    });
    await advance(40_000);
    expect(place.end.json).toEqual([
      {
        error: expect.stringMatching(/^Video a was not finished after 0.5 minutes/),
        details: { videoId: 'a' },
      },
      { id: 'b', status: 'failed' },
      {
        error: expect.stringMatching(/^iTeraBiz could not make video c/),
        details: { videoId: 'c' },
      },
    ]);
  });

  test('an answer without an ID cannot be waited for', async () => {
    const { run, asked } = fakeRun({ api: () => new Error('nobody asks') });
    const job = { video: { ok: true }, options: {}, waits: true };
    await expect(finish(new Results(run), new Map([[0, job]]))).rejects.toMatchObject({
      message: 'iTeraBiz accepted the request, but its answer has no ID to wait for',
      description: expect.stringMatching(/^Turn off Wait for Completion/),
    });
    const going = fakeRun({ api: () => ({}), onError: 'continueRegularOutput' }).run;
    const [{ json }] = await finish(new Results(going), new Map([[0, job]]));
    expect(json).toEqual({ error: expect.stringMatching(/^iTeraBiz accepted the request/) });
    expect(asked).toEqual([]);
  });

  test('a wait of a month is longer than any timer, and ends with its video all the same', async () => {
    const place = waiting({ options: { maxWait: 60 * 24 * 31, pollInterval: 60 * 60 * 24 } });
    await advance(25 * 24 * 60 * MINUTE);
    expect(place.end).toEqual({});
    place.statuses.a = 'completed';
    await advance(2 * 24 * 60 * MINUTE);
    expect(place.end.json).toMatchObject([{ id: 'a', status: 'completed' }]);
  });

  test('ends for all when one fails and the node is to stop, with every job named', async () => {
    const { end } = waiting({
      ids: ['a', 'b'],
      statuses: { a: 'processing', b: 'failed' },
    });
    await advance(15_000);
    expect(end.error).toMatchObject({
      message: 'iTeraBiz could not make video b (status: failed)',
      description: expect.stringMatching(
        /\nOrdered:\nItem 2: b\.\nOrdered and still being made:\nItem 1: a\.\n/,
      ),
    });
  });

  test('one refused key is no end; several, over a minute, are', async () => {
    const place = waiting({ refusal: () => answered({}, 401), onError: 'continueRegularOutput' });
    await advance(MINUTE);
    expect(place.end).toEqual({});
    await advance(3 * MINUTE);
    expect(place.end.json).toMatchObject([
      {
        error: expect.stringMatching(
          /^The wait for video a ended: iTeraBiz does not accept the API key of this credential\. /,
        ),
        details: { reason: 'account', videoId: 'a' },
      },
    ]);
  });

  test.each<[string, IDataObject | Error, string]>([
    ['busy', answered({}, 429), 'iTeraBiz is too busy to look for videos'],
    [
      'out of reach',
      connectionReset,
      'The connection to iTeraBiz was lost before it answered the request to look for videos',
    ],
  ])('an API that was %s all the time could not be asked', async (_, answer, reason) => {
    const place = waiting({
      ...{ refusal: () => answer, options: { maxWait: 5 }, onError: 'continueRegularOutput' },
    });
    await advance(5 * MINUTE + 1_000);
    expect(place.end.json).toEqual([
      {
        ...{ id: 'a', row: 0, details: { reason: 'account', videoId: 'a' } },
        error: `iTeraBiz could not be asked about video a: ${reason}. The video is not affected, so do not order it again: get it later by its ID.`,
      },
    ]);
  });

  test('one answer is enough to know that the video was not finished in time', async () => {
    const place = waiting({ options: { maxWait: 5 } });
    await advance(15_000);
    place.refusal = () => answered({}, 503);
    await advance(5 * MINUTE);
    expect(place.end.error?.message).toBe(
      'Video a was not finished after 5 minutes (last status: processing)',
    );
  });

  test('ends when the credential is gone', async () => {
    const { end } = waiting({ refusal: () => new UserError('no credential') });
    await advance(15_000);
    expect(end.error?.message).toBe('The wait for video a ended: no credential');
    expect(end.error?.description).toMatch(
      /^The video is not affected, so do not order it again: fix this, then get it by its ID\.\n/,
    );
  });

  test('ends some seconds before the Timeout of the workflow, and says that it was that', async () => {
    const { end } = waiting({ timeoutAt: start + 30_000 });
    await advance(17_999);
    expect(end).toEqual({});
    await advance(10);
    expect(end.error?.message).toMatch(/^Video a was not finished before this workflow's Timeout/);
  });

  test('an AI tool waits for almost as long as its caller does, and says then that it goes on', async () => {
    const { end, handedOver } = waiting({ isTool: true });
    await advance(46_000);
    expect(end.at).toBe(42_000);
    expect(end.json).toEqual([
      {
        id: 'a',
        status: 'processing',
        message:
          'This video is ordered and still being made. Do not create it again: get video a by its ID in a few minutes.',
      },
    ]);
    expect(handedOver).toEqual([]);
  });

  test('an AI tool polls a last time in time for its caller, however long its interval', async () => {
    const { asked, end } = waiting({ isTool: true, options: { pollInterval: 60 } });
    await advance(44_000);
    expect(asked).toHaveLength(1);
    expect(end.json?.[0].message).toMatch(/^This video is ordered and still being made/);
  });

  test.each<[string, Given, string]>([
    ['whose video failed', { statuses: { a: 'failed' } }, 'iTeraBiz could not make video a'],
    [
      'without a credential',
      { refusal: () => new UserError('no credential') },
      'The wait for video a ended: no credential',
    ],
  ])('an AI tool %s says so', async (_, given, message) => {
    const { end } = waiting({ isTool: true, ...given });
    await advance(46_000);
    expect(end.error?.message).toContain(message);
  });

  test('an AI tool that could not ask iTeraBiz says so, and not that the video is being made', async () => {
    const { end } = waiting({ isTool: true, refusal: () => answered({}, 503) });
    await advance(46_000);
    expect(end.json).toEqual([
      {
        ...{ id: 'a', status: 'queued' },
        message:
          'This video is ordered, but iTeraBiz could not be asked about it. Do not create it again: get video a by its ID in a few minutes.',
      },
    ]);
  });

  test('an execution that is canceled ends at once, with that', async () => {
    const cancel = new AbortController();
    const { end, asked } = waiting({ signal: cancel.signal, onError: 'continueErrorOutput' });
    await advance(15_000);
    cancel.abort(new Error('stopped'));
    await advance(0);
    expect(end).toMatchObject({ at: 15_000, error: { message: 'stopped' } });
    await advance(MINUTE);
    expect(asked).toHaveLength(1);
  });
});

test('a video that is there already but without its link is waited for, as the list may leave that out', async () => {
  const { run, asked } = fakeRun({
    api: () => answered({ id: 'a', status: 'completed', video_url: 'https://files.example/a' }),
  });
  const job = { video: { id: 'a', status: 'completed' }, options: {}, waits: true };
  const output = finish(new Results(run), new Map([[0, job]]));
  await advance(10_000);
  expect(await output).toMatchObject([{ json: { video_url: 'https://files.example/a' } }]);
  expect(asked).toHaveLength(1);
});

test('a node that is to stop for a video that failed before waits for no other one', async () => {
  const { run, asked } = fakeRun({
    api: () => answered({ id: 'b', status: 'processing' }),
    items: [{}, {}],
    takeOver: async () => ({ waitTill: new Date() }),
  });
  const jobs = ['failed', 'processing'].map((status, item) => {
    return [item, { video: { id: `${item}`, status }, options: {}, waits: true }] as const;
  });
  await expect(finish(new Results(run), new Map(jobs))).rejects.toThrow(
    'iTeraBiz could not make video 0',
  );
  expect(asked).toEqual([]);
});

test('Video: Get waits in the same way, and asks nothing more of a video that has ended', async () => {
  const statuses: Record<string, string> = { a: 'completed', b: 'processing' };
  const { run, asked } = fakeRun({
    api: ({ url }) => {
      const id = url.split('/')[2];
      return answered({ id, status: statuses[id], video_url: 'https://files.example/a' });
    },
    items: [{ id: 'a' }, { id: 'b' }],
    parameters: (_, { id }) => ({ videoId: id, waitForCompletion: 'true' }),
  });
  const output = get(run, { doing: '', url: '/videos', fields: [] });
  await advance(15_000);
  statuses.b = 'failed';
  const end = output.catch((error: Error) => error.message);
  await advance(10_000);
  expect(await end).toBe('iTeraBiz could not make video b (status: failed)');
  expect(asked.map(({ url }) => url)).toEqual(['a', 'b', 'b', 'b'].map((id) => `/videos/${id}`));
});

describe('Handed over to n8n', () => {
  test('after a minute and a last poll, once for all items; nothing is asked from then on', async () => {
    const { handedOver, end, asked } = waiting({
      ids: ['a', 'b'],
      statuses: { a: 'x', b: 'x' },
      takes: 100,
      options: { pollInterval: 40 },
    });
    await advance(MINUTE - 1);
    expect(handedOver).toEqual([]);
    await advance(2_000);
    expect(handedOver).toHaveLength(1);
    expect(handedOver[0].items).toEqual(
      ['a', 'b'].map((videoId) => ({
        error: `n8n was stopped before it got the result of video ${videoId}. The video is not lost. Get it with Video: Get and this ID`,
        details: { videoId },
      })),
    );
    expect(end.json).toEqual([]);
    expect(asked).toHaveLength(2);
    await advance(10 * MINUTE);
    expect(asked).toHaveLength(2);
  });

  test('after a minute and some seconds where a poll takes longer: many pages of a slow API', async () => {
    const ids = Array.from({ length: 20 }, (_, n) => `v${n}`);
    let page = 0;
    const refusal = async () => {
      await new Promise((resolve) => setTimeout(resolve, 25_000));
      return answered({ data: [{ id: `other ${++page}` }], has_more: true });
    };
    const { handedOver } = waiting({ ids, refusal, takes: 100 });
    await advance(MINUTE + 10_000);
    expect(handedOver).toMatchObject([{ at: start + MINUTE + 10_000 }]);
  });

  test('with what each item gives out so far, and the options of each', async () => {
    const { handedOver } = waiting({
      ...{ ids: ['a', 'b', 'c'], takes: 100, onError: 'continueRegularOutput' },
      statuses: { a: 'processing', b: 'completed', c: 'failed' },
      options: (item) => ({ maxWait: 30 + item, failedVideos: item === 0 ? 'output' : 'stop' }),
    });
    await advance(MINUTE + 2_000);
    const [{ items, workflow }] = handedOver;
    expect(items).toEqual([
      {
        ...{ id: 'a', row: 0, details: { videoId: 'a' } },
        error: expect.stringMatching(
          /^n8n was stopped before it got the result of video a\. The video is not lost.*this ID$/,
        ),
      },
      expect.objectContaining({ id: 'b', status: 'completed' }),
      {
        ...{ id: 'c', row: 2, details: { videoId: 'c' } },
        error: expect.stringMatching(/^iTeraBiz could not make/),
      },
    ]);
    expect(workflow.id).toBe('w1');
    expect(workflow.nodes[1]).toMatchObject({
      ...{ name: 'iTeraBiz', type: 'n8n-nodes-iterabiz.iTeraBiz', typeVersion: 1 },
      parameters: { requestOptions: {} },
    });
    expect(workflow.nodes[1].parameters.parkedWait).toMatchObject({
      ...{ execution: '7', onError: 'continueRegularOutput', accepted: true, reused: {} },
      waits: [{ item: 0, maxWait: 30, failedVideos: 'output', isCutShort: false, grace: 600_000 }],
    });
    const [{ deadline }] = (
      workflow.nodes[1].parameters.parkedWait as unknown as { waits: [{ deadline: number }] }
    ).waits;
    expect(Math.abs(deadline - (start + 30 * MINUTE))).toBeLessThan(1_000);
  });

  test('with the mark of videos that existed already', async () => {
    const statuses = { a: 'completed', b: 'processing' };
    const { handedOver } = waiting({ ids: ['a', 'b'], statuses, takes: 100, reused: true });
    await advance(MINUTE + 2_000);
    const [{ items, workflow }] = handedOver;
    expect(items[0]).toMatchObject({ id: 'a', _iteraBizReused: true });
    expect(workflow.nodes[1].parameters.parkedWait).toMatchObject({ reused: { 0: true, 1: true } });
  });

  test('says that the node made no jobs, where it only waits for them', async () => {
    const { handedOver } = waiting({ takes: 100, isMade: false });
    await advance(MINUTE + 1_000);
    expect(handedOver[0].workflow.nodes[1].parameters.parkedWait).toMatchObject({
      accepted: false,
    });
  });

  test('names its orders in the notes, which n8n shows if it stops the execution that it put aside', async () => {
    const ids = Array.from({ length: 120 }, (_, n) => `video_${n + 100}`);
    const place = waiting({ ids, refusal: () => connectionReset, takes: 100 });
    await advance(MINUTE);
    expect(place.notes).toEqual({});
    await advance(20_000);
    expect(place.handedOver).toHaveLength(1);
    expect(Object.keys(place.notes)).toEqual([
      'iTeraBiz_orders',
      'iTeraBiz_orders_2',
      'iTeraBiz_orders_3',
    ]);
    expect(Object.values(place.notes).join(', ')).toBe(ids.join(', '));
    // n8n keeps ten notes, and the workflow may have its own.
    const many = Array.from({ length: 1_000 }, (_, n) => `video_${n + 1_000}`);
    const campaign = waiting({ ids: many, refusal: () => connectionReset, takes: 100 });
    await advance(2 * MINUTE);
    expect(campaign.handedOver).toHaveLength(1);
    const notes = Object.values(campaign.notes);
    expect([notes.length, notes.at(-1)]).toEqual([4, 'Get Many lists the others']);
    const onlyRead = waiting({ takes: 100, isMade: false });
    await advance(2 * MINUTE);
    expect(onlyRead.handedOver).toHaveLength(1);
    expect(onlyRead.notes).toEqual({});
  });

  test('not where all have ended by then, nor where one that fails is to stop the node', async () => {
    const done = waiting({ takes: 100, statuses: { a: 'completed' } });
    await advance(11_000);
    expect(jest.getTimerCount()).toBe(0);
    await advance(3 * MINUTE);
    const failed = waiting({
      takes: 100,
      ids: ['a', 'b'],
      statuses: { a: 'x', b: 'failed' },
      options: { pollInterval: 59 },
    });
    await advance(3 * MINUTE);
    expect(done).toMatchObject({ end: { at: 10_000 }, handedOver: [] });
    expect(failed.handedOver).toEqual([]);
    expect(failed.end.error?.message).toMatch(/^iTeraBiz could not make video b/);
  });

  test.each<[string, Given]>([
    ['where the user wants to hold it', { options: { holdWhileWaiting: true } }],
    [
      'where the user wants to hold one of several',
      { ids: ['a', 'b'], options: (item) => ({ holdWhileWaiting: item === 1 }) },
    ],
    ['where n8n cannot take it over', { takes: undefined }],
    ['where the Timeout of the workflow comes too soon', { timeoutAt: 1 }],
  ])('not %s', async (_, given) => {
    const more = given.timeoutAt ? { timeoutAt: start + 4 * MINUTE } : {};
    const { handedOver } = waiting({ takes: 100, ...given, ...more });
    await advance(3 * MINUTE);
    expect(handedOver).toEqual([]);
    await advance(60 * MINUTE);
  });

  test.each([60, 19])(
    'before the Timeout of the workflow, which the deadline of %i minutes stays clear of',
    async (maxWait) => {
      const options = { maxWait };
      const { handedOver } = waiting({ takes: 100, options, timeoutAt: start + 20 * MINUTE });
      await advance(2 * MINUTE);
      const { waits } = handedOver[0].workflow.nodes[1].parameters.parkedWait as unknown as {
        waits: [{ deadline: number; isCutShort: boolean }];
      };
      expect(waits[0].isCutShort).toBe(true);
      expect(waits[0].deadline).toBeLessThan(start + 19 * MINUTE);
    },
  );

  test.each([
    ['before it, with no time for refused polls', 16, 60, 0],
    ['before it, with less time for refused polls', 16, 10.5, 3.5],
    ['long before it, with all the time for refused polls', 30, 10, 10],
    ['without one, with all the time for refused polls', Infinity, 10, 10],
  ])('whose end is to be %s', async (_, timeout, maxWait, grace) => {
    const timeoutAt = start + timeout * MINUTE;
    const { handedOver } = waiting({ takes: 100, options: { maxWait }, timeoutAt });
    await advance(2 * MINUTE);
    const { waits } = handedOver[0].workflow.nodes[1].parameters.parkedWait as unknown as {
      waits: [{ deadline: number; grace: number }];
    };
    expect(Math.abs(waits[0].grace - grace * MINUTE)).toBeLessThan(1_000);
    expect(waits[0].deadline + waits[0].grace).toBeLessThanOrEqual(timeoutAt - 2 * MINUTE);
  });

  test('not where a refused key has ended it in memory', async () => {
    const { end, handedOver } = waiting({
      ...{ takes: 100, isManual: true, onError: 'continueRegularOutput' },
      refusal: () => answered({}, 401),
    });
    await advance(11 * MINUTE);
    expect(end.json).toMatchObject([{ details: { reason: 'account', videoId: 'a' } }]);
    expect(handedOver).toEqual([]);
  });

  test('an execution in the editor stays in memory for ten minutes, and is handed over then', async () => {
    const { handedOver } = waiting({ takes: 100, isManual: true });
    await advance(10 * MINUTE - 1);
    expect(handedOver).toEqual([]);
    await advance(2_000);
    expect(handedOver).toHaveLength(1);
  });

  test('that n8n refuses leaves the wait in memory, says why, and is not tried again', async () => {
    const place = waiting({ takes: 0 });
    await advance(100_000);
    expect(place.end).toEqual({});
    place.statuses.a = 'completed';
    await advance(10_000);
    expect(place.end.json).toMatchObject([{ id: 'a' }]);
    expect(place.notes).toEqual({});
    expect(place.warnings).toEqual([
      'iTeraBiz: n8n could not take over the wait, so it stays in memory, where a restart of n8n ends it: n8n did not put the execution aside',
    ]);
  });

  test('does not come where the credential is another account for each item: there it would be none', async () => {
    const place = waiting({ takes: 30_000, hasKeyByItem: true });
    await advance(100_000);
    expect(place.handedOver).toEqual([]);
    expect(place.warnings.join()).toContain('the credential depends on the item');
    place.statuses.a = 'completed';
    await advance(10_000);
    expect(place.end.json).toMatchObject([{ id: 'a' }]);
  });

  test('what ends while n8n takes over is not given out twice', async () => {
    const place = waiting({ takes: 30_000, options: { pollInterval: 5 } });
    await advance(62_000);
    expect(place.handedOver).toHaveLength(1);
    place.statuses.a = 'completed';
    await advance(60_000);
    expect(place.end).toMatchObject({ json: [] });
  });

  test('one execution waits in memory; the others are handed over at once, two at a time', async () => {
    const account = new Account('one');
    const [first, ...others] = Array.from({ length: 8 }, () => waiting({ takes: 500, account }));
    await advance(10_000);
    expect(first.handedOver).toEqual([]);
    // Nothing is asked on the way: what has only just been made is not finished.
    expect(others.flatMap(({ asked }) => asked)).toEqual([]);
    const at = others.flatMap(({ handedOver }) => handedOver.map((one) => one.at));
    expect(at).toHaveLength(7);
    at.forEach((moment, turn) => {
      if (turn > 1) expect(moment - at[turn - 2]).toBeGreaterThanOrEqual(500);
    });
    await advance(55_000);
    expect([first, ...others].map(({ end }) => end.json)).toEqual(Array(8).fill([]));
  });

  test.each([
    [0, true],
    [9_000, true],
    [11_000, false],
  ])('%i ms after another one, it comes at once: %s', async (later, isAtOnce) => {
    const first = waiting({ takes: 100 });
    await advance(60_050);
    expect(first.handedOver).toHaveLength(1);
    await advance(later + 100 - (Date.now() - first.handedOver[0].at));
    // A clock that is set makes no crowd, and ends none.
    jest.setSystemTime(isAtOnce ? Date.now() + 1e9 : Date.now() - 1e9);
    const next = waiting({ takes: 100 });
    await advance(1_000);
    expect(next.handedOver).toHaveLength(isAtOnce ? 1 : 0);
    await advance(62_000);
  });

  test('after one that ended in memory, the next waits there as well', async () => {
    for (let turn = 0; turn < 3; turn++) {
      const place = waiting({ takes: 100 });
      await advance(15_000);
      expect(place.handedOver).toEqual([]);
      place.statuses.a = 'completed';
      await advance(10_000);
      expect(place.end.json).toHaveLength(1);
    }
  });

  test('one that is canceled is not handed over, and makes room', async () => {
    const cancel = new AbortController();
    const { signal } = cancel;
    const stopped = waiting({ takes: 100, signal });
    const queued = [{ takes: 5_000 }, { takes: 5_000 }, { takes: 100, signal }].map(waiting);
    await advance(50);
    cancel.abort(new Error('stopped'));
    await advance(1_000);
    expect(stopped.end.error?.message).toBe('stopped');
    expect(queued.map(({ handedOver }) => handedOver.length)).toEqual([1, 1, 0]);
    await advance(20_000);
    const next = waiting({ takes: 100 });
    await advance(30_000);
    expect(next.handedOver).toEqual([]);
    await advance(40_000);
    expect(next.end.json).toEqual([]);
  });
});

describe('How a wait ended', () => {
  const options = { maxWait: 60, failedVideos: 'stop', isCutShort: false } as const;
  const running = { id: 'v1', status: 'processing' };
  const failed = { id: 'v1', status: 'failed', error: { message: 'Too dark' } };

  test('well: there is nothing to say', () => {
    const video = { id: 'v1', status: 'completed' };
    expect(describeEnd({ reason: 'ended', video }, 'v1', options)).toBeUndefined();
    const output = { ...options, failedVideos: 'output' } as const;
    expect(describeEnd({ reason: 'ended', video: failed }, 'v1', output)).toBeUndefined();
  });

  test('with a failed video', () => {
    expect(describeEnd({ reason: 'ended', video: failed }, 'v1', options)).toEqual({
      message: 'iTeraBiz could not make video v1: Too dark',
      description: 'Fix this cause and create the video again, or ask api@iterabiz.com.',
    });
    const video = { status: 'Cancelled' };
    expect(describeEnd({ reason: 'ended', video }, 'v1', options)).toEqual({
      message: 'iTeraBiz could not make video v1 (status: Cancelled)',
      description: 'iTeraBiz gave no reason. Create the video again, or ask api@iterabiz.com.',
    });
  });

  test.each([
    [1, '1 minute'],
    [60, '60 minutes'],
    [0.5, '0.5 minutes'],
  ])('after %p minutes of waiting', (maxWait, time) => {
    for (const failedVideos of ['stop', 'output'] as const) {
      const own = { ...options, maxWait, failedVideos };
      expect(describeEnd({ reason: 'timedOut', video: running }, 'v1', own)).toEqual({
        message: `Video v1 was not finished after ${time} (last status: processing)`,
        description:
          'It is not lost, so do not order it again: get it later by this ID. If videos often take longer, raise Max Wait.',
      });
    }
  });

  test("before the workflow's Timeout", () => {
    const own = { ...options, isCutShort: true };
    expect(describeEnd({ reason: 'timedOut', video: running }, 'v1', own)).toEqual({
      message: "Video v1 was not finished before this workflow's Timeout (last status: processing)",
      description:
        'It is not lost, so do not order it again: get it later by this ID. If videos often take longer, raise Timeout After in the workflow settings.',
    });
  });

  test('with a video that is gone', () => {
    const output = { ...options, failedVideos: 'output' } as const;
    expect(describeEnd({ reason: 'gone', video: running }, 'v1', output)).toEqual({
      message: 'iTeraBiz can no longer find video v1 (last status: processing)',
      description:
        'It accepted this video before. Check in your iTeraBiz dashboard whether it was deleted, or ask api@iterabiz.com.',
    });
  });
});

/** The last one, since it ends the time of the test. */
test('a wait that was handed over leaves nothing of the run behind, though n8n keeps the data of an execution that it put aside', async () => {
  const runs = await (async () => {
    const { run } = waiting({ takes: 100 });
    await advance(62_000);
    return new WeakRef(run);
  })();
  jest.useRealTimers();
  // What was used in this turn of the event loop is kept until its end.
  await new Promise((resolve) => setTimeout(resolve, 50));
  collectGarbage();
  expect(runs.deref()).toBeUndefined();
});
