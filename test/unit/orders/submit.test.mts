import type { IContextObject, IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import type { Item } from '../../../nodes/ITeraBiz/run/item.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { Slots } from '../../../nodes/ITeraBiz/client/slots.ts';
import { jobName, submit } from '../../../nodes/ITeraBiz/orders/submit.ts';
import { answered, type Answering, connectionReset, fakeContext } from '../fakeContext.mts';
import { newWatch } from '../../../nodes/ITeraBiz/account/watch.ts';
import { readerOf } from '../../../nodes/ITeraBiz/account/videos.ts';

const accepted = () => answered({ id: 'video_1', status: 'queued' }, 201);
const busy = () => answered({}, 503, { 'retry-after': '0' });

/** A place to submit from, and what goes on from there to the API. */
function placeOf(
  answer: Answering,
  book: IContextObject = {},
  options: IDataObject = {},
  doing = 'create the video',
) {
  const { context, asked } = fakeContext({ answer, parameters: { options } });
  Object.assign(context, {
    getContext: (of: string) => (of === 'node' ? book : {}),
    evaluateExpression: (expression: string) => (expression === '{{ $runIndex }}' ? 4 : undefined),
  });
  const slots = new Slots(1);
  const prepared = {
    method: 'POST' as const,
    url: '/videos',
    headers: { 'X-Mine': '1' },
    body: { script: 'Hi' },
  };
  const run = new NodeRun(1, 0, slots, newWatch(readerOf(context, prepared, slots)));
  const item: Item = { context, index: 7, run, prepared };
  return { asked, book, submitted: submit(item, doing) };
}

test('sends the prepared request with an idempotency key, and returns the answer', async () => {
  const { asked, submitted } = placeOf(accepted);
  expect(await submitted).toEqual({ id: 'video_1', status: 'queued' });
  expect(asked).toMatchObject([
    {
      method: 'POST',
      url: '/videos',
      body: { script: 'Hi' },
      headers: { 'X-Mine': '1', 'Idempotency-Key': expect.stringMatching(/^[0-9a-f]{32}$/) },
    },
  ]);
});

test('answers from the record what was accepted before', async () => {
  const { book, submitted } = placeOf(accepted);
  await submitted;
  const again = placeOf(() => new Error('nobody asks'), book);
  expect(await again.submitted).toEqual({ id: 'video_1', status: 'queued' });
  expect(again.asked).toEqual([]);
});

test('keeps the record by run of the node and item', async () => {
  const { book, submitted } = placeOf(accepted);
  await submitted;
  const { entries } = book.submissions as { entries: IDataObject };
  expect(Object.keys(entries)).toEqual([expect.stringMatching(/^4\/7\//)]);
});

test('sends a refused one again, with the same key', async () => {
  const answers = [busy, busy, accepted];
  const { asked, submitted } = placeOf(() => answers.shift()!());
  await submitted;
  const keys = asked.map(({ headers }) => headers?.['Idempotency-Key']);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
});

test.each([
  ['refused for good', () => answered({ error: 'script is bad' }, 400)],
  ['too busy', busy],
])('one that was %s may be sent anew later', async (_, answer) => {
  const { book, submitted } = placeOf(answer);
  await expect(submitted).rejects.toThrow();
  const later = placeOf(accepted, book);
  await later.submitted;
  expect(later.asked).toHaveLength(1);
});

test('one that failed before it left may be sent anew later', async () => {
  const { book, submitted } = placeOf(() => new UserError('no credential'));
  await expect(submitted).rejects.toThrow('no credential');
  await placeOf(accepted, book).submitted;
});

test('is on record before it is sent, since anything may happen then', async () => {
  const book: IContextObject = {};
  const states: unknown[] = [];
  const { submitted } = placeOf(() => {
    const { entries } = book.submissions as { entries: IDataObject };
    states.push(...Object.values(entries));
    return accepted();
  }, book);
  await submitted;
  expect(states).toEqual([{ state: 'sent' }]);
});

describe('Of an unknown outcome', () => {
  test.each<[string, Answering, RegExp, string | null]>([
    [
      'without an answer',
      () => connectionReset,
      /^The connection broke off before iTeraBiz answered\. /,
      null,
    ],
    [
      'with an error that nobody knows',
      () => new TypeError('fetch failed', { cause: new Error('other side closed') }),
      /^The connection broke off before iTeraBiz answered\. /,
      null,
    ],
    [
      'with a fault on their side',
      () => answered({}, 502),
      /^iTeraBiz answered with a fault on its side \(status 502/,
      '502',
    ],
  ])('%s: nobody sends it again', async (_, answer, cause, httpCode) => {
    const { asked, book, submitted } = placeOf(answer);
    await expect(submitted).rejects.toMatchObject({
      message:
        'Check this one: nobody knows whether iTeraBiz accepted the request to create the video',
      description: expect.stringMatching(cause),
      httpCode,
      context: { itemIndex: 7 },
    });
    expect(asked).toHaveLength(1);

    const again = placeOf(accepted, book);
    await expect(again.submitted).rejects.toMatchObject({
      message:
        'Check this one: an earlier try may have been accepted already, so the request to create the video was not sent again',
      description: expect.stringMatching(/^Sending it again could charge you twice\. Look in your/),
    });
    expect(again.asked).toEqual([]);
  });

  test.each(['{"id": "vid', '', '<html><title>Hi</title></html>', null, []])(
    'accepted with an answer like %j: nobody sends it again',
    async (body) => {
      const { book, submitted } = placeOf(() => answered(body, 201));
      await expect(submitted).rejects.toMatchObject({
        message: expect.stringMatching(/^Check this one: .*create the video/),
        description: expect.stringMatching(/status 201/),
        httpCode: '201',
      });
      const again = placeOf(accepted, book);
      await expect(again.submitted).rejects.toThrow(/^Check this one: an earlier try/);
    },
  );

  test.each([
    ['<html><title>Hi</title></html>', ' and is called: Hi. If'],
    [' \n<!doctype html>', 'The page came with status 201. If'],
  ])('the web page %j is called one, and may stand at a wrong Base URL', async (page, words) => {
    await expect(placeOf(() => answered(page, 201)).submitted).rejects.toMatchObject({
      message:
        'Check this one: a web page answered the request to create the video, and not iTeraBiz as usual',
      description: expect.stringContaining(words),
    });
  });

  test.each(['{"script": "a < b', 'x<', '', null, ['<p>']])(
    'an answer like %j is called one that cannot be read',
    async (body) => {
      await expect(placeOf(() => answered(body, 201)).submitted).rejects.toMatchObject({
        message:
          'Check this one: iTeraBiz accepted the request to create the video, but its answer cannot be read',
        description: expect.stringMatching(/^The answer \(status 201\) was cut off/),
      });
    },
  );

  test.each([
    ['create the video', 'or run Video: Get Many, for'],
    ['generate the content', 'or run Video: Get Many, for'],
    ['create the avatar', 'or run Avatar: Get Many, for'],
  ])('to %s, it says which list to look in', async (doing, words) => {
    await expect(placeOf(() => connectionReset, {}, {}, doing).submitted).rejects.toMatchObject({
      description: expect.stringContaining(words),
    });
  });

  test('it is sent again where the user chose so', async () => {
    const { asked, book, submitted } = placeOf(() => connectionReset);
    await expect(submitted).rejects.toThrow();
    const again = placeOf(accepted, book, { resubmitUnknown: true });
    expect(await again.submitted).toMatchObject({ id: 'video_1' });
    expect(again.asked[0].headers).toEqual(asked[0].headers);
  });

  test('a refusal of the second sending takes nothing back of the doubt about the first', async () => {
    const book: IContextObject = {};
    await expect(placeOf(() => connectionReset, book).submitted).rejects.toThrow('Check this one');
    const refused = placeOf(() => answered({}, 400), book, { resubmitUnknown: true });
    await expect(refused.submitted).rejects.toThrow('could not create the video');
    const third = placeOf(accepted, book);
    await expect(third.submitted).rejects.toThrow('Check this one');
    expect(third.asked).toEqual([]);
  });

  test('choosing so does not send again what was accepted', async () => {
    const { book, submitted } = placeOf(accepted);
    await submitted;
    const again = placeOf(accepted, book, { resubmitUnknown: true });
    await again.submitted;
    expect(again.asked).toEqual([]);
  });
});

test('a job is named by its ID, if it has one', () => {
  expect(jobName({ id: 'video_1' })).toBe('video_1');
  expect(jobName({ ok: true })).toBe('accepted without an ID');
});
