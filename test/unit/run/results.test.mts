import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import {
  errorJson,
  type OnError,
  type Reason,
  withMark,
} from '../../../nodes/ITeraBiz/run/output.ts';
import { ItemFailed, readForItem, Results } from '../../../nodes/ITeraBiz/run/results.ts';
import { RequestFailed } from '../../../nodes/ITeraBiz/client/apiClient.ts';
import { NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';
import { BadInput } from '../../../nodes/ITeraBiz/fields/validate.ts';
import { fakeRun, type FakeRunOptions } from '../../shared/fakeRun.mts';
const own = { message: 'Too long', description: 'Shorten it' };

describe('The item that goes on in place of a result', () => {
  const input = { row: 7, error: 'from before' };

  test('keeps the fields of its input', () => {
    expect(errorJson(own, 'continueRegularOutput', input)).toEqual({
      row: 7,
      error: 'Too long. Shorten it',
    });
  });

  test('has nothing but an error for the error output, where n8n adds the fields', () => {
    expect(errorJson(own, 'continueErrorOutput', input)).toEqual({ error: 'Too long. Shorten it' });
    const stopped = { ...own, message: 'Too long.' };
    expect(errorJson(stopped, 'continueErrorOutput', input)).toEqual({
      error: 'Too long. Shorten it',
    });
  });

  test('names the video that the failure is about', () => {
    const details = { videoId: 'video_1' };
    expect(errorJson(own, 'continueErrorOutput', input, 'video_1')).toEqual({
      error: 'Too long. Shorten it',
      details,
    });
    expect(errorJson(own, 'continueRegularOutput', input, 'video_1')).toEqual({
      row: 7,
      error: 'Too long. Shorten it',
      details,
    });
  });

  test('has no empty sentence', () => {
    expect(errorJson({ ...own, description: '' }, 'continueErrorOutput', {}).error).toBe(
      'Too long',
    );
  });
});

test('a mark says whether a video was there already, where that was asked', () => {
  const job = { id: 'a' };
  expect([undefined, true, false].map((reused) => withMark(job, reused))).toEqual([
    job,
    { ...job, _iteraBizReused: true },
    { ...job, _iteraBizReused: false },
  ]);
});

/** The results of a run that asks nothing. */
function resultsOf(items: number, more: Partial<FakeRunOptions> = {}) {
  const input = Array.from({ length: items }, (_, row) => ({ row }));
  const { run } = fakeRun({ api: () => new Error('nobody asks'), items: input, ...more });
  return new Results(run);
}

const failure = (message: string) => ({ message, description: '', reason: 'item' as const });
const refused = (status: number, decision: 'refused' | 'retry' = 'refused') =>
  new RequestFailed({
    outcome: { status, headers: {}, body: {} },
    ...{ decision, tries: 1, seconds: 0 },
  });
const doing = 'create the video';

/** The error that a node stops with. */
function stopOf(results: Results) {
  try {
    results.collect();
  } catch (error) {
    return error as Error & { description: string; httpCode: string; context: IDataObject };
  }
  throw new Error('It did not stop');
}

describe('What a node gives out', () => {
  const outputs = (results: Results, ...items: number[]) =>
    items.forEach((item) => results.outputs.set(item, [{ json: { item, status: 's', id: 'i' } }]));

  test('is in input order, paired, with what people look for first', () => {
    const results = resultsOf(3);
    outputs(results, 2, 0);
    results.outputs.set(1, [{ json: { n: 1 } }, { json: { n: 2 }, binary: {} }]);
    expect(results.collect()).toEqual<INodeExecutionData[]>([
      { json: { id: 'i', status: 's', item: 0 }, pairedItem: { item: 0 } },
      { json: { n: 1 }, pairedItem: { item: 1 } },
      { json: { n: 2 }, binary: {}, pairedItem: { item: 1 } },
      { json: { id: 'i', status: 's', item: 2 }, pairedItem: { item: 2 } },
    ]);
    expect(Object.keys(results.collect()[0].json)).toEqual(['id', 'status', 'item']);
  });

  test('says whether a video was there already, and of a failure nothing', () => {
    const results = resultsOf(2, { onError: 'continueErrorOutput' });
    outputs(results, 0);
    results.reused.set(0, true).set(1, true);
    results.failures.set(1, failure('No'));
    expect(results.collect().map(({ json }) => json._iteraBizReused)).toEqual([true, undefined]);
  });

  test.each([
    ['continueRegularOutput', { row: 1, error: 'No', details: { videoId: 'b' } }],
    ['continueErrorOutput', { error: 'No', details: { videoId: 'b' } }],
  ] as const)('has an item that failed in its place: %s', (onError, expected) => {
    const results = resultsOf(2, { onError });
    outputs(results, 0);
    results.failures.set(1, failure('No'));
    results.awaited.set(1, 'b');
    expect(results.collect()[1]).toEqual({ json: expected, pairedItem: { item: 1 } });
  });

  test('is small for a model: no empty fields, no long text, no echo of what it asked', () => {
    const results = resultsOf(2, { isTool: true, onError: 'continueRegularOutput' });
    const link = `https://cdn.example/${'x'.repeat(500)}`;
    const script = 'word '.repeat(100);
    const json = { id: 'i', video_url: link, thumbnail_url: null, tags: [], n: 0, no: false };
    results.outputs.set(0, [{ json: { ...json, error: null, prompt: '', script } }]);
    results.failures.set(1, failure('No'));
    expect(results.collect().map((item) => item.json)).toEqual([
      { id: 'i', video_url: link, n: 0, no: false, script: `${script.slice(0, 200)}…` },
      { error: 'No' },
    ]);
  });

  test.each([
    ['x'.repeat(200), 'x'.repeat(200)],
    ['x'.repeat(201), `${'x'.repeat(200)}…`],
  ])('for a model cuts a script or prompt, but no other text: %#', (text, expected) => {
    const results = resultsOf(1, { isTool: true });
    results.outputs.set(0, [
      { json: { script: text, prompt: text, title: text, none: undefined } },
    ]);
    expect(results.collect()[0].json).toEqual({ script: expected, prompt: expected, title: text });
  });

  test('tells why an item failed, where that is more than its own fault', () => {
    const detailsOn = (onError: OnError, reason: Reason) => {
      const results = resultsOf(1, { onError });
      results.failures.set(0, { ...failure('No'), reason });
      return results.collect()[0].json.details;
    };
    expect(detailsOn('continueRegularOutput', 'account')).toEqual({ reason: 'account' });
    expect(detailsOn('continueRegularOutput', 'item')).toBeUndefined();
    // Some n8n would not take it for a failure there.
    expect(detailsOn('continueErrorOutput', 'account')).toBeUndefined();
  });
});

describe('A node that stops', () => {
  test('names the first item that failed, its status, and every job by how far it is', () => {
    const results = resultsOf(6);
    ['a', 'b', 'c', 'd', 'e'].forEach((id, item) => results.accepted.set(item, id));
    results.outputs.set(0, [{ json: { id: 'a', status: 'completed' } }]);
    results.outputs.set(1, [{ json: { id: 'b', status: 'failed' } }]);
    results.failures.set(4, failure('Later'));
    results.failures.set(2, { ...failure('No'), status: 422 });
    results.skipped.add(5);
    results.awaited.set(2, 'c').set(4, 'e');
    const error = stopOf(results);
    expect(error).toMatchObject({ message: 'No', httpCode: '422', context: { itemIndex: 2 } });
    expect(error.description.split('\n').slice(1)).toEqual([
      '1 more item failed:',
      'Item 5: Later.',
      'Item 6: not sent.',
      'Finished:',
      'Item 1: a.',
      'Ordered:',
      'Item 3: c.',
      'Item 5: e.',
      'Ordered and still being made:',
      'Item 2: b.',
      'Item 4: d.',
      'To send only what is missing, open this execution under Executions and choose "Retry with currently saved workflow". "Execute step" and "Execute workflow" order and charge for all of it again.',
    ]);
  });

  test('does not say of an accepted job that it failed where only this try did', () => {
    const results = resultsOf(2);
    results.accepted.set(0, 'a');
    results.failures.set(0, failure('No'));
    expect(stopOf(results).description).toContain('Ordered:\nItem 1: a.');
  });

  test('names what has no answer, unless its own message says so', () => {
    const results = resultsOf(4);
    results.unknownItems = () => [0, 1, 2];
    results.accepted.set(0, 'a');
    results.failures.set(1, { ...failure('Check this one'), reason: 'unknown' });
    results.failures.set(3, failure('No'));
    const { description } = stopOf(results);
    expect(description).toMatch(/perhaps accepted .*:\nItem 3: no answer yet\./);
    expect(description).not.toMatch(/Item [12]: no answer yet/);
  });

  test('though no item failed, because the rest was not sent, says why', () => {
    const results = resultsOf(3);
    results.accepted.set(0, 'a');
    results.abort(0, 'iTeraBiz gave no clear answer');
    results.skipped.add(2).add(1);
    expect(stopOf(results)).toMatchObject({
      message: 'Not sent, because iTeraBiz gave no clear answer',
      context: { itemIndex: 1 },
    });
  });

  test('tells existing videos from ordered ones, and finished ones as they were accepted', () => {
    const results = resultsOf(5);
    ['completed', 'queued', 'queued', 'queued'].forEach((status, item) => {
      results.recordAccepted(item, { id: `v${item}`, status });
      results.reused.set(item, item < 3);
    });
    results.failures.set(2, failure('Late')).set(4, failure('No'));
    expect(stopOf(results).description.split('\n').slice(3, -1)).toEqual([
      'Finished:',
      'Item 1: v0.',
      'Ordered and still being made:',
      'Item 4: v3.',
      'Existing, but not finished:',
      'Item 2: v1.',
      'Item 3: v2.',
    ]);
  });

  test.each([
    ['each has a message of its own', 2_000],
    ['they share thirty messages in turn', 30],
    ['two', 2],
    ['all have the same', 1],
  ])('keeps its message small where 2,000 items fail: %s', (_, messages) => {
    const results = resultsOf(4_000);
    const long = 'A message as long as they come, with what the API said about the field. '.repeat(
      2,
    );
    for (let item = 0; item < 4_000; item += 2) {
      results.fail(item, new ItemFailed(failure(`${long}${item % (2 * messages)}`)));
      results.skipped.add(item + 1);
    }
    const { message, description } = stopOf(results);
    expect(message).toBe(`${long}0`);
    expect(description.length).toBeLessThan(10_000);
    expect(description).toContain('1999 more items failed:');
    expect(description).toContain('not sent');
  });

  test('has its message in no time, whatever the number of items', () => {
    const results = resultsOf(150_000);
    const errors = ['0', '1', '2'].map((message) => new ItemFailed(failure(message)));
    for (let item = 0; item < 150_000; item++) results.fail(item, errors[item % 3]);
    // Quadratic time would be hours.
    expect(stopOf(results).message).toBe('0');
  });
});

describe('The advice of a node that stops', () => {
  const adviceOf = (
    isTool: boolean,
    failed: number,
    accepted: number[],
    reused: number[] = [],
    reason: Reason = 'item',
  ) => {
    const results = resultsOf(3, { isTool });
    reused.forEach((item) => results.reused.set(item, false));
    accepted.forEach((item) => results.accepted.set(item, `video_${item}`));
    results.failures.set(failed, { ...failure('No'), reason });
    if (reason === 'unknown') results.unknownItems = () => [failed];
    const { message, description } = stopOf(results);
    return (description || message).split('\n').at(-1);
  };

  test('is to retry where something is missing', () => {
    expect(adviceOf(false, 1, [0])).toContain('choose "Retry with currently saved workflow"');
  });

  test('is to retry where one of the items that failed is missing', () => {
    const results = resultsOf(2);
    results.accepted.set(0, 'video_0');
    for (const item of [0, 1]) results.failures.set(item, failure('No'));
    expect(stopOf(results).description).toContain('choose "Retry with currently saved workflow"');
  });

  test('is to get the videos by their IDs where all were accepted', () => {
    expect(adviceOf(false, 1, [0, 1])).toMatch(/^To get a video, use Video: Get with its ID\. /);
  });

  test('is to run it again where existing videos are used, since that orders none of them again', () => {
    for (const accepted of [[0], [0, 1]]) {
      const advice = adviceOf(false, 1, accepted, accepted);
      expect(advice).toMatch(/^Run this step again to order only what/);
    }
  });

  test('is not to run it again where that may order a video again: one is in doubt, or its row orders another one', () => {
    expect(adviceOf(false, 1, [0], [0], 'unknown')).toContain(
      'choose "Retry with currently saved workflow"',
    );
    expect(adviceOf(false, 2, [0, 1], [0])).toContain(
      'choose "Retry with currently saved workflow"',
    );
    expect(adviceOf(false, 1, [0, 1], [0])).toMatch(/^To get a video, use Video: Get/);
  });

  test('is not there for a model, which is told the jobs all the same', () => {
    expect(adviceOf(true, 1, [0])).toBe('Item 1: video_0.');
  });
});

test('a model is told to look before it creates what may have been accepted', () => {
  for (const [isTool, message] of [
    [true, /^Check\. It may have been accepted.*Do not create it now: list the videos/],
    [false, /^Check$/],
  ] as const) {
    const results = resultsOf(1, { isTool });
    const unknown = { message: 'Check', description: 'Resubmit', reason: 'unknown' as const };
    results.fail(0, new ItemFailed(unknown));
    expect(stopOf(results).message).toMatch(message);
    expect(stopOf(results).description).toBe(isTool ? undefined : 'Resubmit');
  }
});

describe('An item', () => {
  test('that fails keeps why, and the others go on', async () => {
    const results = resultsOf(3);
    expect(await results.attempt(0, () => 'fine')).toBe('fine');
    const bad = new BadInput('Empty', 'Fill it in');
    expect(await results.attempt(1, () => Promise.reject(bad))).toBeUndefined();
    const ofN8n = Object.assign(new Error('no such field'), { description: 'in n8n' });
    await results.attempt(2, () => {
      throw ofN8n;
    });
    expect(Object.fromEntries(results.failures)).toEqual({
      1: { message: 'Empty', description: 'Fill it in', reason: 'item' },
      2: { message: 'no such field', description: 'in n8n', reason: 'item' },
    });
    expect(results.isStopped).toBe(true);
    results.throwIfAborted();
  });

  test('that fails with an error of n8n without a description has none', async () => {
    const results = resultsOf(1);
    await results.attempt(0, () => Promise.reject(new Error('no such field')));
    expect(results.failures.get(0)?.description).toBe('');
  });

  describe('that fails as all others would', () => {
    const failing = (status: number) => async () => {
      throw ItemFailed.by(refused(status, status < 500 ? 'refused' : 'retry'), { doing });
    };
    const laterOn = () => new Promise((resolve) => setTimeout(resolve, 2));

    /** Fails one item with each status in turn, and says whether the others go on after that. */
    async function whetherOthersGoOn(statuses: number[], got: 'before' | 'meanwhile' | 'never') {
      const results = resultsOf(5);
      if (got === 'before') results.gotThrough();
      await laterOn();
      for (const [item, status] of statuses.entries()) {
        await results.attempt(item, async () => {
          await laterOn();
          if (got === 'meanwhile') results.gotThrough();
          await failing(status)();
        });
      }
      const { reason } = results.failures.get(statuses.length - 1)!;
      const go = () => results.throwIfAborted();
      if (reason === 'item') expect(go).not.toThrow();
      else expect(go).toThrow('Not sent');
      return reason === 'item';
    }

    test.each([
      [[401], 'meanwhile', false],
      [[503], 'meanwhile', true],
      [[503], 'before', false],
      [[500], 'meanwhile', true],
      [[500], 'before', true],
      [[500, 500], 'before', false],
      [[500, 500], 'meanwhile', true],
      [[500], 'never', false],
      [[402], 'meanwhile', false],
    ] as const)(
      'with %j, where another got through %s: they go on: %p',
      async (statuses, got, goOn) => {
        expect(await whetherOthersGoOn([...statuses], got)).toBe(goOn);
      },
    );

    test('of its own keeps its reason, whoever gets through', async () => {
      const results = resultsOf(2);
      let fail: () => void = () => undefined;
      const failing = results.attempt(0, async () => {
        await new Promise<void>((resolve) => (fail = resolve));
        throw new ItemFailed({ message: 'Check', description: '', reason: 'unknown' });
      });
      results.gotThrough();
      fail();
      await failing;
      expect(results.failures.get(0)?.reason).toBe('unknown');
      results.throwIfAborted();
    });
  });

  test('that was accepted is named by its ID, or as one without', () => {
    const results = resultsOf(2);
    results.recordAccepted(0, { id: 'a' });
    results.recordAccepted(1, { status: 'queued' });
    expect([...results.accepted.values()]).toEqual(['a', 'accepted without an ID']);
  });

  test('without an output puts nothing out', () => {
    expect(resultsOf(2).collect()).toEqual([]);
  });

  test('of an execution that was canceled has not failed', async () => {
    const results = resultsOf(1, { signal: AbortSignal.abort(new Error('stopped')) });
    const broken = results.attempt(0, () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('stopped');
    expect(results.failures.size).toBe(0);
  });

  test.each<[string, RequestFailed, boolean]>([
    ['a refused key', refused(401), true],
    ['used up credits', refused(402), true],
    ['an API that stays busy', refused(503, 'retry'), true],
    [
      'an API out of reach',
      new RequestFailed({
        outcome: new NetworkError('ECONNREFUSED', false, ''),
        ...{ decision: 'retry', tries: 6, seconds: 30 },
      }),
      true,
    ],
    ['a bad value', refused(400), false],
    ['a key that may not do this', refused(403), false],
    ['a fault on its side', refused(500), false],
  ])('that meets %s: nothing more is sent: %#', (_, failed, affectsAll) => {
    const results = resultsOf(3);
    results.fail(1, ItemFailed.by(failed, { doing }));
    expect(results.failures.get(1)?.reason).toBe(affectsAll ? 'account' : 'item');
    if (!affectsAll) return results.throwIfAborted();
    expect(() => results.throwIfAborted()).toThrow(/^Not sent, because iTeraBiz /);
  });

  test.each([
    ['stop', [], [2]],
    ['continueErrorOutput', [2], []],
  ] as const)('that is not sent any more: %s', async (onError, failed, skipped) => {
    const results = resultsOf(3, { onError });
    results.abort(1, 'the key is refused');
    results.abort(0, 'it rains');
    await results.attempt(2, () => results.throwIfAborted());
    expect([...results.failures.keys()]).toEqual(failed);
    expect([...results.skipped]).toEqual(skipped);
    if (onError === 'stop') return;
    expect(results.failures.get(2)).toMatchObject({
      message: 'Not sent, because the key is refused',
      description: expect.stringContaining('item 2 of 3'),
      reason: 'notSent',
    });
  });
});

test('a refused read is an item that failed; any other error stays what it is', async () => {
  const read = (error: Error) =>
    readForItem(() => Promise.reject(error), { doing: 'list the videos' });
  await expect(read(refused(401))).rejects.toMatchObject({
    affectsAll: true,
    failure: { message: 'iTeraBiz does not accept the API key of this credential', status: 401 },
  });
  const other = new Error('no credential');
  await expect(read(other)).rejects.toBe(other);
  expect(await readForItem(async () => 1, { doing })).toBe(1);
});
