import type { IDataObject } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { MAX_AGE } from '../../../nodes/ITeraBiz/account/dailyBudget.ts';
import { checkDailyLimit } from '../../../nodes/ITeraBiz/fields/validate.ts';
import {
  describeAmount,
  describeDay,
  describeOtherInvalid,
  enforceLimits,
} from '../../../nodes/ITeraBiz/orders/limits.ts';
import { needsSubmission, type Row, type Rows } from '../../../nodes/ITeraBiz/orders/rows.ts';
import { answered, fakeRun, type FakeRunOptions } from '../../shared/fakeRun.mts';
import type { Reply } from '../../shared/littleApi.mts';
import { api, errorOf, running } from './ordering.mts';

const RESUBMIT = { resubmitUnknown: true };
const PREVIEW = { isPreview: true };

const row = (item = 0, more: Partial<Row> = {}): Row => ({
  ...{ item, options: {}, waits: false, key: `0/${item}/x` },
  order: { url: '/videos', body: { script: 'a', duration: 30 } },
  ...more,
});
const rowsOf = (count: number, more: Partial<Rows> = {}): Rows => ({
  good: Array.from({ length: count }, (_, item) => row(item)),
  ...{ bad: new Map(), isPreview: false, maxVideos: Infinity, maxSeconds: Infinity, ...more },
});

test.each<[string, Partial<Row>, boolean]>([
  ['new', {}, true],
  ['accepted', { known: { state: 'accepted', answer: {} } }, false],
  ['in doubt', { known: { state: 'sent' } }, false],
  ['in doubt, but to be sent again', { known: { state: 'sent' }, options: RESUBMIT }, true],
  [
    'accepted, and would be sent again',
    { known: { state: 'accepted', answer: {} }, options: RESUBMIT },
    false,
  ],
])('a row that is %s: is it to be sent?', (_, more, expected) => {
  expect(needsSubmission(row(0, more))).toBe(expected);
});

test.each([
  [[30], '1 video, 30 seconds'],
  [[1], '1 video, 1 second'],
  [[1, 2], '2 videos, 3 seconds in all'],
  [[undefined], '1 video, 0 seconds'],
  [[], '0 videos, 0 seconds'],
])('the amount of %j', (durations, words) => {
  const rows = durations.map((duration) => row(0, { order: { url: '', body: { duration } } }));
  expect(describeAmount(rows)).toBe(words);
});

test.each([
  [[1], 'item 2 of 4 is invalid'],
  [[0, 2], 'item 1 of 5 and 1 more are invalid'],
])('valid rows are not sent because of others: %j', (items, words) => {
  const bad = new Map(items.map((item) => [item, { error: new Error('Bad'), body: {} }]));
  expect(describeOtherInvalid(rowsOf(3, { bad }))).toEqual({
    message: `Not sent, because ${words}`,
    description:
      'Because On Error is "Stop Workflow" (see Settings), nothing is sent until every item is valid',
  });
});

test.each([
  [{ maxVideos: 2, maxSeconds: 60 }, 2],
  [{ maxVideos: 1 }, 0],
  [{ maxSeconds: 59 }, 0],
])('two videos of 30 seconds, with %j: %i may be sent', async (limits, allowed) => {
  const { run } = fakeRun({ api: () => new Error('nobody asks') });
  expect((await enforceLimits(run, rowsOf(2, limits), true)).allowed).toHaveLength(allowed);
});

describe('Max Videos per Day', () => {
  const NOW = Date.parse('2026-03-04T12:00:00Z');
  beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(NOW));

  interface Day extends Partial<FakeRunOptions> {
    limit: number;
    wanted: number;
    /** How many hours ago the listed videos were made */
    hoursAgo?: number[];
    rows?: Rows;
    isVideo?: boolean;
  }

  async function day({ limit, wanted, hoursAgo = [], rows, isVideo = true, ...more }: Day) {
    const data = hoursAgo.map((hours, n) => {
      return { id: `v${n}`, created_at: new Date(NOW - hours * 60 * 60_000).toISOString() };
    });
    const api = () => answered({ data, has_more: false });
    const { run, asked } = fakeRun({ api, maxVideosPerDay: limit, ...more });
    const allowance = await enforceLimits(run, rows ?? rowsOf(wanted), isVideo);
    return { asked, allowance, ...allowance };
  }

  test.each<[Day, number, string, string]>([
    [
      { limit: 3, wanted: 4, hoursAgo: [] },
      0,
      'This would order 4 videos, but "Max Videos per Day" in the credential allows 3 in 24 hours, and 0 have been used',
      'Nothing was sent to iTeraBiz. There is room for 3 now. To order now, raise the limit in the credential, or give this node fewer items.',
    ],
    [
      { limit: 3, wanted: 3, hoursAgo: [2] },
      0,
      'This would order 3 videos, but "Max Videos per Day" in the credential allows 3 in 24 hours, and 1 has been used',
      'Nothing was sent to iTeraBiz. There is room for 2 now, and for all of them at 2026-03-05 10:00:00 UTC. To order now, raise the limit in the credential, or give this node fewer items.',
    ],
    [
      { limit: 2, wanted: 1, hoursAgo: [2, 4] },
      0,
      'This would order 1 video, but "Max Videos per Day" in the credential allows 2 in 24 hours, and 2 have been used',
      "Nothing was sent to iTeraBiz. There is room again from 2026-03-05 08:00:00 UTC. Trying again earlier won't help. To order now, raise the limit in the credential.",
    ],
    [
      { limit: 1, wanted: 2, hoursAgo: [2, 4, 6], onError: 'continueErrorOutput' },
      0,
      'This would order 2 videos, but "Max Videos per Day" in the credential allows 1 in 24 hours, and 3 have been used',
      "This item was not sent to iTeraBiz. There is room again from 2026-03-05 10:00:00 UTC. Trying again earlier won't help. To order now, raise the limit in the credential.",
    ],
    [
      { limit: 3, wanted: 3, hoursAgo: [2, 4], onError: 'continueRegularOutput' },
      1,
      'This would order 3 videos, but "Max Videos per Day" in the credential allows 3 in 24 hours, and 2 have been used',
      "This item was not sent to iTeraBiz. There is room again from 2026-03-05 08:00:00 UTC, and for all of them at 2026-03-05 10:00:00 UTC. Trying again earlier won't help. To order now, raise the limit in the credential.",
    ],
    [
      { limit: 1, wanted: 2, onError: 'continueRegularOutput' },
      1,
      'This would order 2 videos, but "Max Videos per Day" in the credential allows 1 in 24 hours, and 0 have been used',
      'This item was not sent to iTeraBiz. To order now, raise the limit in the credential.',
    ],
  ])('%j: %i may be sent', async (given, count, message, description) => {
    const { allowed, refused, refusal } = await day(given);
    expect([allowed.length, refused.length]).toEqual([count, given.wanted - count]);
    expect([...allowed, ...refused].map(({ item }) => item)).toEqual(
      rowsOf(given.wanted).good.map(({ item }) => item),
    );
    expect(allowed.map(({ slot }) => slot)).toEqual(allowed.map(() => ({ at: NOW })));
    expect(refused.every(({ slot }) => slot === undefined)).toBe(true);
    expect(refusal).toEqual({ message, description });
  });

  test('that is not exceeded tells how much of it is used', async () => {
    const { allowance } = await day({ limit: 5, wanted: 2, hoursAgo: [1] });
    expect([allowance.allowed.length, allowance.refused]).toEqual([2, []]);
    expect(describeDay(allowance, 2)).toBe('Last 24 hours: 3 of 5 videos.');
  });

  test('counts only what would be sent', async () => {
    const good = [
      row(0, { known: { state: 'accepted', answer: {} } }),
      row(1, { match: { job: { id: 'x' }, key: '' } }),
      row(2, { match: { key: '' } }),
    ];
    const { allowed, refused } = await day({ limit: 1, wanted: 1, rows: rowsOf(0, { good }) });
    expect([allowed, refused]).toEqual([[good[2]], []]);
  });

  test.each<[string, Partial<Day>]>([
    ['for avatars', { isVideo: false }],
    ['where nothing is to be sent', { wanted: 0 }],
    ['where a limit of the run is exceeded', { rows: rowsOf(2, { maxVideos: 1 }) }],
  ])('is not asked for %s', async (_, more) => {
    const { allowance, asked } = await day({ limit: 1, wanted: 2, ...more });
    expect([asked, describeDay(allowance, 1)]).toEqual([[], '']);
    if (!more.rows) expect(allowance.refused).toEqual([]);
  });

  test('a preview gives back the places that it took', async () => {
    const account = new Account('day');
    const preview = await day({ ...{ account, limit: 2 }, wanted: 2, rows: rowsOf(2, PREVIEW) });
    expect(preview.allowed.map(({ slot }) => slot)).toEqual([undefined, undefined]);
    expect((await day({ account, limit: 2, wanted: 2 })).allowed).toHaveLength(2);
    expect((await day({ account, limit: 2, wanted: 1 })).refusal).toBeDefined();
  });

  const ADVICE =
    'The credential has a limit, "Max Videos per Day", and needs this count. Try again later, or set the limit to 0 in the credential.';
  const UNCOUNTED =
    'Nothing was sent, because the videos of the last 24 hours could not be counted: ';
  test.each([
    ['is refused', answered({}, 403), /allow this API key to list the videos$/],
    [
      'repeats itself',
      answered({ data: [{ id: 'x', created_at: new Date().toISOString() }], has_more: true }),
      /: the list of the account was not read to its end$/,
    ],
  ])('nothing is sent where the list %s', async (_, answer, words) => {
    const { run } = fakeRun({ api: () => answer, maxVideosPerDay: 9 });
    const { allowed, refused, refusal } = await enforceLimits(run, rowsOf(2), true);
    expect([allowed.length, refused.length]).toEqual([0, 2]);
    expect(refusal).toEqual({
      message: expect.stringMatching(words),
      description: ADVICE,
      reason: 'account',
    });
    expect(refusal!.message.startsWith(UNCOUNTED)).toBe(true);
  });

  test('nothing is sent where the limit in the credential is invalid', async () => {
    const { run } = fakeRun({ api: () => new Error('nobody asks') });
    run.maxVideosPerDay = async () => checkDailyLimit('many');
    const { refused, refusal } = await enforceLimits(run, rowsOf(1), true);
    expect(refused).toHaveLength(1);
    expect(refusal).toMatchObject({ message: expect.stringContaining('"many" is not a number') });
  });
});

describe('A ceiling of the run', () => {
  test.each<[IDataObject, string]>([
    [
      { maxVideos: 2 },
      'This would order 3 videos, 90 seconds in all, but "Max Videos" allows only 2',
    ],
    [{ maxSeconds: '89' }, '"Max Seconds" allows only 89'],
  ])('a ceiling is kept by the whole run: %j', async (options, words) => {
    const place = running({ scripts: ['a', 'b', 'c'], options });
    expect(await errorOf(place)).toMatchObject({
      message: expect.stringContaining(words),
      description: expect.stringMatching(
        /^Nothing was sent to iTeraBiz\. If you want all of them, raise "Max \w+"; if not, give this node fewer items\.\n/,
      ),
      context: { itemIndex: 0 },
    });
    expect(place.posts).toEqual([]);
  });

  test('a ceiling counts what would be sent: not what was accepted before, nor what is there', async () => {
    const account = new Account('one');
    const first = running({ account, scripts: ['a', 'b'], options: { maxVideos: 2 } });
    await first.output;
    const again = running({
      ...{ account, memory: first.memory },
      ...{ scripts: ['a', 'b', 'c', 'd'], options: { maxVideos: 2 } },
    });
    expect(await again.output).toHaveLength(4);
    expect(again.posts).toHaveLength(2);
  });

  test('where the node goes on, each row says that its run orders too much, and nothing is sent', async () => {
    const place = running({
      scripts: ['a', 'b'],
      options: { maxVideos: 1 },
      onError: 'continueRegularOutput',
    });
    expect(await place.output).toMatchObject(
      ['account', 'notSent'].map((reason) => ({
        error: expect.stringMatching(/^This would order 2 videos/),
        details: { reason },
      })),
    );
    expect(place.posts).toEqual([]);
  });
});

test('One bad answer to the list in the middle of a run stops nothing, and is not asked for again at once', async () => {
  const usual = { ...MAX_AGE };
  MAX_AGE.start = 0;
  const page = { status: 200, body: '<html><title>Maintenance</title></html>' };
  const place = running({
    ...{ scripts: [...'abcdef'], concurrency: 1, maxVideosPerDay: 9 },
    list: () => (api.by('GET').length === 3 ? page : { body: { data: [], has_more: false } }),
  });
  expect(await place.output).toHaveLength(6);
  expect([place.posts.length, place.looks.length]).toEqual([6, 3]);
  Object.assign(MAX_AGE, usual);
});

describe('In the middle of a run', () => {
  const usual = { ...MAX_AGE };
  beforeEach(() => void Object.assign(MAX_AGE, { start: 0, failed: 0 }));
  afterEach(() => void Object.assign(MAX_AGE, usual));

  const others = { id: 'other', created_at: new Date().toISOString() };
  const page = (...data: IDataObject[]) => ({ body: { data, has_more: false } });
  const cases: [string, Reply, RegExp][] = [
    [
      "that the account's videos can no longer be counted",
      { status: 403 },
      /"Max Videos per Day" cannot be checked, because the videos of the last 24 hours could not be/,
    ],
    [
      'that others have used up the limit',
      page(others, { ...others, id: 'o2' }),
      /"Max Videos per Day" \(3\) in the credential was used up by other orders from this account in the meantime/,
    ],
  ];

  test.each(cases)(
    'it is seen %s: the rest is not sent, and the node stops',
    async (_, list, why) => {
      const place = running({
        ...{ scripts: ['a', 'b', 'c'], concurrency: 1, maxVideosPerDay: 3 },
        list: () => (api.by('GET').length > 2 ? list : page()),
      });
      const { message, description } = await errorOf(place);
      expect(message).toMatch(why);
      expect(description).toContain('Item 3: not sent');
      expect(description).toContain('Item 1: video_a');
      expect(place.posts).toHaveLength(1);
    },
  );

  test.each(cases)(
    'it is seen %s: each row says so where the node goes on',
    async (_, list, why) => {
      const place = running({
        ...{ scripts: ['a', 'b', 'c'], concurrency: 1, maxVideosPerDay: 3 },
        onError: 'continueRegularOutput',
        list: () => (api.by('GET').length > 2 ? list : page()),
      });
      const output = await place.output;
      expect(output.map(({ id, error }) => id ?? error)).toEqual([
        'video_a',
        expect.stringMatching(why),
        expect.stringMatching(why),
      ]);
      expect(output.map(({ details }) => details)).toEqual([
        undefined,
        { reason: 'account' },
        { reason: 'notSent' },
      ]);
    },
  );
});
