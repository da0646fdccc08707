/** What the account has already is used, where the user wants that. */
import type { IDataObject } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { JobRegistry } from '../../../nodes/ITeraBiz/account/jobRegistry.ts';
import { Ledger } from '../../../nodes/ITeraBiz/orders/ledger.ts';
import { findExisting } from '../../../nodes/ITeraBiz/orders/reuse.ts';
import type { Row, Rows } from '../../../nodes/ITeraBiz/orders/rows.ts';
import { answered, fakeRun } from '../../shared/fakeRun.mts';
import type { Reply } from '../../shared/littleApi.mts';
import { until } from '../../shared/until.mts';
import { accepted, api, breaks, entriesOf, errorOf, refused, running } from './ordering.mts';

describe('Where what exists is to be used', () => {
  const options = { whenVideoExists: 'reuse' };
  const there = {
    id: 'there_1',
    script: 'Hi',
    status: 'completed',
    created_at: new Date(Date.now() - 60_000).toISOString(),
  };

  test('a job that is there is used, on record, and marked as there already', async () => {
    const place = running({ options, listed: [there] });
    expect(await place.output).toEqual([{ ...there, _iteraBizReused: true }]);
    expect(place.posts).toEqual([]);
    expect(Object.values(entriesOf(place.memory))).toMatchObject([
      { state: 'accepted', answer: there, reused: true },
    ]);
  });

  test.each([[[there]], [[]]])('a retry knows whether it was there already: %j', async (listed) => {
    const account = new Account('one');
    const { memory, output } = running({ options, listed, account });
    await output;
    const again = running({ options, memory, account, answer: breaks });
    expect(await again.output).toMatchObject([{ _iteraBizReused: listed.length > 0 }]);
    expect([again.posts, again.looks]).toEqual([[], []]);
  });

  test('what is not there is ordered, under a key that all have who want the same', async () => {
    const places = [1, 2].map(() => running({ options }));
    expect((await Promise.all(places.map(({ output }) => output)))[0]).toMatchObject([
      { _iteraBizReused: false },
    ]);
    const keys = api.by('POST').map(({ headers }) => headers['idempotency-key']);
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
  });

  test('what was refused is sent under another key by a later run: an API may repeat its answer', async () => {
    const account = new Account('one');
    await errorOf(running({ options, account, answer: refused }));
    await running({ options, account }).output;
    const keys = api.by('POST').map(({ headers }) => headers['idempotency-key']);
    expect([keys.length, new Set(keys).size]).toEqual([2, 2]);
  });

  test('executions whose orders have nothing in common do not wait for each other', async () => {
    const account = new Account('one');
    let answer: (reply: Reply) => void = () => undefined;
    const slow = running({
      ...{ options, account, scripts: ['a'] },
      answer: () => new Promise<Reply>((resolve) => (answer = resolve)),
    });
    await until('the first is on its way', () => slow.posts.length === 1, { every: 5 });
    const quick = running({ options, account, scripts: ['b'], concurrency: 6 });
    api.reply = (asked) => (asked.method === 'GET' ? { body: { data: [] } } : accepted(asked));
    expect(await quick.output).toMatchObject([{ id: 'video_b' }]);
    answer({ status: 201, body: { id: 'video_a' } });
    expect(await slow.output).toMatchObject([{ id: 'video_a' }]);
  });

  test('two equal rows need a job each, and get keys of their own', async () => {
    const place = running({ options, scripts: ['Hi', 'Hi', 'Hi'], listed: [there] });
    expect((await place.output).map(({ _iteraBizReused }) => _iteraBizReused)).toEqual([
      true,
      false,
      false,
    ]);
    expect(new Set(place.posts.map(({ headers }) => headers['idempotency-key'])).size).toBe(2);
  });

  test.each<[string, Reply]>([
    ['says too little', { body: { data: [{ ...there, script: null }], has_more: false } }],
    ['cannot be read', { status: 403 }],
    ['goes in circles', { body: { data: [{ id: 'a', script: 'x' }], has_more: true } }],
  ])('nothing is sent where the list %s', async (_, list) => {
    const place = running({ options, list });
    await errorOf(place);
    expect(place.posts).toEqual([]);
  });

  test('one that failed is no question, however little the list says of it', async () => {
    const place = running({ options, listed: [{ ...there, script: null, status: 'failed' }] });
    expect(await place.output).toMatchObject([{ _iteraBizReused: false }]);
  });

  test('a job that this process made, and that failed since, is not used', async () => {
    const account = new Account('one');
    await running({ options, account }).output;
    const listed = [{ ...there, id: 'video_Hi', status: 'failed' }];
    const again = running({ options, account, listed });
    expect(await again.output).toMatchObject([{ _iteraBizReused: false }]);
    expect(again.posts).toHaveLength(1);
  });

  test('nothing is marked where the user did not choose so, and no list is read', async () => {
    const place = running({ listed: [there] });
    expect(await place.output).toEqual([{ id: 'video_Hi', status: 'queued' }]);
    expect(place.looks).toEqual([]);
  });
});

describe('In the list of the account', () => {
  const DAY = 24 * 60 * 60_000;
  const NOW = Date.parse('2026-03-04T05:06:07.000Z');
  const LONG = 'Once upon a time there was a fox who liked to talk';
  const DETAILS =
    'So this node cannot tell whether to order it. Look at that video. If it is the right one, leave this item out. If not, run this item alone with "When the Same Video Exists" set to "Order Another One", which orders every item it gets.';
  beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(NOW));

  /** `days` is its Look Back. */
  const row = (script: string, days = 30, more: Partial<Row> = {}): Row => ({
    ...{ item: 0, options: {}, waits: false, key: `0/0/${script}`, reuseSince: NOW - days * DAY },
    order: { url: '/videos', body: { script } },
    ...more,
  });
  const rowsOf = (good: Row[]): Rows => ({
    ...{ good, bad: new Map(), isPreview: false, maxVideos: Infinity, maxSeconds: Infinity },
  });
  const prompt = (text: string) =>
    row(text, 30, { order: { url: '/content/generate', body: { prompt: text } } });
  const made = (daysAgo: number, more: IDataObject = {}): IDataObject => ({
    ...{ script: 'a', created_at: new Date(NOW - daysAgo * DAY).toISOString() },
    ...more,
  });

  async function find(
    rows: Row[],
    pages: IDataObject[][] = [[]],
    {
      jobs = new JobRegistry(),
      ledger = new Ledger({}, 0, 'me', ''),
      stops = true,
      isTool = false,
    } = {},
  ) {
    const remaining = [...pages];
    const { run, asked } = fakeRun({
      api: () => answered({ data: remaining.shift(), has_more: remaining.length > 0 }),
    });
    rows.forEach((one, item) => (one.item = item));
    const all = rowsOf(rows);
    const client = await run.client();
    const refusal = await findExisting(client, jobs, all, ledger, {
      ...{ onError: stops ? 'stop' : 'continueRegularOutput', isTool },
    });
    return {
      ...{ refusal, asked, all, keys: rows.map(({ match }) => match?.key) },
      ids: rows.map(({ match }) => match?.job && (match.job.id ?? 'of no ID')),
    };
  }

  const withJob = (one: Row): Row => ({ ...one, known: { state: 'accepted', answer: {} } });
  const a = (id: string, daysAgo: number, more?: IDataObject) => made(daysAgo, { id, ...more });
  const undated = { id: 'undated', script: 'a' };
  test.each<[string, Row[], IDataObject[], unknown[]]>([
    ['the oldest is taken first', [row('a'), row('a')], [a('new', 1), a('old', 2)], ['old', 'new']],
    ['one without a time is last', [row('a'), row('a')], [undated, a('b', 1)], ['b', 'undated']],
    ['a row takes none from before its Look Back', [row('a', 1)], [a('old', 2)], [undefined]],
    ['each row has its own', [row('a', 1), row('a', 5)], [a('x', 3)], [undefined, 'x']],
    ['that time is included', [row('a', 3)], [a('x', 3)], ['x']],
    ['a failed one is none', [row('a')], [a('x', 1, { status: 'failed' })], [undefined]],
    [
      'a failed one without an ID is none',
      [row('a')],
      [made(1, { status: 'failed' })],
      [undefined],
    ],
    ['a row that has its job needs none', [withJob(row('a'))], [a('x', 1)], [undefined]],
    [
      'what is certainly of one row is not perhaps of another',
      [row(LONG), row(`${LONG} all day`)],
      [a('x', 1, { script: LONG })],
      ['x', undefined],
    ],
    [
      'what says too little is no question before the Look Back, or where it failed',
      [row(LONG, 2), row('a', 9)],
      [a('x', 3, { script: 'Once upon…' }), a('y', 1, { script: null, status: 'failed' })],
      [undefined, undefined],
    ],
  ])('%s', async (_, rows, list, ids) => {
    expect(await find(rows, [list])).toMatchObject({ refusal: undefined, ids });
  });

  test('is read as far back as the rows ask, and no further', async () => {
    const pages = [
      [a('1', 1), a('2', 2, { script: 'x' })],
      [a('3', 4, { script: 'b' }), a('4', 6, { script: 'x' })],
      [a('5', 7)],
    ];
    const { ids, asked } = await find([row('a', 1), row('b', 5)], pages);
    expect(ids).toEqual(['1', '3']);
    expect(asked.map(({ url }) => url)).toEqual(['/videos', '/videos']);
  });

  test('is not read where no row wants that', async () => {
    const rows = [withJob(row('a')), row('a', 1, { reuseSince: undefined })];
    expect(await find(rows)).toMatchObject({ asked: [], keys: [undefined, undefined] });
  });

  test('a job of another row of this execution belongs to that one', async () => {
    const ledger = new Ledger({}, 0, 'me', '');
    ledger.accepted('0/9/x', { id: 'x' });
    const jobs = new JobRegistry();
    jobs.recordCreated(row('a').order, { id: 'x' });
    expect((await find([row('a')], [[a('x', 1)]], { ledger, jobs })).ids).toEqual([undefined]);
  });

  test('one that may match two orders goes to one of them', async () => {
    const rows = [row('a', 30), row('a', 30)];
    rows[1].order.body.note = 'Loud';
    expect((await find(rows, [[a('x', 1)]])).ids).toEqual(['x', undefined]);
  });

  describe('what this process has created', () => {
    const created = () => {
      const jobs = new JobRegistry();
      jobs.recordCreated(row('a').order, { id: 'x' });
      return jobs;
    };
    const LAG = 5 * 60_000;
    test.each<[string, IDataObject[], number, unknown[]]>([
      ['is used though it is not shown', [], 0, ['x', undefined]],
      ['is used though it has not been shown for a while', [], LAG, ['x', undefined]],
      ['is lost if it has not been shown for longer', [], LAG + 1, [undefined, undefined]],
      ['is used once, though it is shown as well', [a('x', 0)], LAG + 1, ['x', undefined]],
      [
        'has failed if it is shown so',
        [a('x', 0, { status: 'failed' })],
        0,
        [undefined, undefined],
      ],
    ])('%s', async (_, list, age, ids) => {
      const jobs = created();
      jest.spyOn(Date, 'now').mockReturnValue(NOW + age);
      expect((await find([row('a'), row('a')], [list], { jobs })).ids).toEqual(ids);
    });

    test('is used though it was created while the list was read', async () => {
      const jobs = new JobRegistry();
      const { run } = fakeRun({
        api: () => {
          jobs.recordCreated(row('a').order, { id: 'x' });
          return answered({ data: [], has_more: false });
        },
      });
      const rows = rowsOf([row('a')]);
      await findExisting(await run.client(), jobs, rows, new Ledger({}, 0, 'me', ''), run);
      expect(rows.good[0].match?.job?.id).toBe('x');
    });

    test('is used though the list says too little of it', async () => {
      const list = [a('x', 0, { script: null })];
      expect((await find([row('a')], [list], { jobs: created() })).ids).toEqual(['x']);
    });

    test('is none for a row whose Look Back ended before', async () => {
      const late = row('a', 30, { reuseSince: NOW + 1 });
      expect((await find([late], [[]], { jobs: created() })).ids).toEqual([undefined]);
    });
  });

  test.each<[string, Row[], IDataObject[], string]>([
    [
      'lacks the script',
      [row('b'), row('a')],
      [a('y', 1, { script: null }), a('x', 2, { script: null }), a('b', 3, { script: 'b' })],
      'video y may already be the video of item 2, but its Script is not in the list',
    ],
    [
      'has it cut short, and an ID that cannot be read',
      [row(LONG)],
      [{ script: 'Once upon…', created_at: made(30).created_at }],
      'video without an ID may already be the video of item 1, but its Script is cut short in the list',
    ],
    [
      'lacks its ID',
      [row('a')],
      [made(1)],
      'video without an ID may already be the video of item 1, but the list does not say its ID',
    ],
    [
      'has it cut short, although it states prompts',
      [row(LONG)],
      [a('p', 1, { script: undefined, prompt: 'x' }), a('x', 2, { script: 'Once upon…' })],
      'video x may already be the video of item 1, but its Script is cut short in the list',
    ],
    [
      'says too little of two orders, one of which is there',
      [row(LONG), row('a')],
      [a('1', 1, { script: LONG }), a('2', 2, { script: 'Once…' }), a('3', 3, { script: null })],
      'video 3 may already be the video of item 2, but its Script is not in the list',
    ],
    [
      'states the scripts of generated videos, and no prompt',
      [prompt('A fox')],
      [a('x', 1)],
      'video x may already be the video of item 1, but its Prompt is not in the list',
    ],
    [
      'has the prompt cut short, and a script',
      [prompt(LONG)],
      [a('x', 1, { prompt: 'Once upon…' })],
      'video x may already be the video of item 1, but its Prompt is cut short in the list',
    ],
    [
      'states prompts, but has a video without any text',
      [prompt('A fox')],
      [a('p', 1, { prompt: 'A cat' }), a('x', 1, { script: null })],
      'video x may already be the video of item 1, but its Prompt is not in the list',
    ],
  ])('nothing is sent where it %s', async (_, rows, list, words) => {
    const { all } = await find(rows, [list]);
    const [item, { error }] = [...all.bad][0];
    expect(error).toMatchObject({ message: `Nothing was sent: ${words}`, description: DETAILS });
    expect([all.bad.size, rows[item].match]).toEqual([1, undefined]);
  });

  test('a row that may have been sent already is left to say so', async () => {
    const doubt = row(LONG, 30, { known: { state: 'sent' } });
    const list = [a('y', 2, { script: 'Once upon…' })];
    const { refusal, all } = await find([doubt], [list]);
    expect([refusal, all.good, all.bad.size]).toEqual([undefined, [doubt], 0]);
    const again = row(LONG, 30, { known: { state: 'sent' }, options: { resubmitUnknown: true } });
    expect((await find([again], [list])).all.bad.size).toBe(1);
  });

  test('each row whose video cannot be told is named, not only the first one', async () => {
    const list = [a('y', 2, { script: 'Once upon…' }), a('z', 2, { script: null })];
    const { all } = await find([row('a'), row(LONG)], [list]);
    expect([...all.bad.keys()]).toEqual([0, 1]);
  });

  test('a model that calls its tool again gets what an earlier call has ordered', async () => {
    const ledger = new Ledger({}, 0, 'me', '');
    ledger.accepted(ledger.keyOf(0, row('a').order), { id: 'x' });
    expect((await find([row('a')], [[a('x', 0)]], { ledger })).ids).toEqual([undefined]);
    expect((await find([row('a')], [[a('x', 0)]], { ledger, isTool: true })).ids).toEqual(['x']);
  });

  test('a row whose video cannot be told fails alone where the others may be sent', async () => {
    const rows = [row('a'), row(LONG), row('c')];
    const list = [a('x', 1), a('y', 2, { script: 'Once upon…' })];
    const { refusal, ids, all } = await find(rows, [list], { stops: false });
    expect([refusal, ids]).toEqual([undefined, ['x', undefined, undefined]]);
    expect(all.good).toEqual([rows[0], rows[2]]);
    expect(rows[2].match?.job).toBeUndefined();
    const message =
      'Not sent: video y may already be the video of item 2, but its Script is cut short in the list';
    const error = expect.objectContaining({ message, description: DETAILS });
    expect([...all.bad]).toEqual([[1, { error, body: { script: LONG } }]]);
  });

  test.each([
    [[a('x', 1), a('p', 2, { script: undefined, prompt: 'A cat' })]],
    [[a('p', 1, { script: undefined, prompt: 'A cat' }), a('x', 2)]],
  ])('a script alone was not generated, where prompts are stated: %#', async (list) => {
    expect((await find([prompt('A fox')], [list])).refusal).toBeUndefined();
  });

  let count = 0;
  const listCut = {
    message: "Nothing was sent: your account's list could not be read to its end",
    description:
      'It goes on for more than 20000 videos, or repeats itself, so this node cannot tell whether the video of this item is there already. Lower "Look Back (Days)" (older videos are then ordered again), or choose "Order Another One", which orders every item.',
  };
  test.each<[string, () => IDataObject, object]>([
    ['goes on and on', () => answered({ data: [a(`v${++count}`, 1)], has_more: true }), listCut],
    ['repeats itself', () => answered({ data: [a('x', 1)], has_more: true }), listCut],
    [
      'is refused',
      () => answered({}, 403),
      { message: expect.stringMatching(/list the videos/), status: 403 },
    ],
  ])('nothing is sent where it %s', async (_, api, refusal) => {
    const { run } = fakeRun({ api });
    const ledger = new Ledger({}, 0, 'me', '');
    const client = await run.client();
    const rows = rowsOf([row('b')]);
    const result = await findExisting(client, new JobRegistry(), rows, ledger, run);
    expect(result).toMatchObject(refusal);
  });

  test('n8n goes on working while thousands of long scripts are compared', async () => {
    const rows = Array.from({ length: 2_000 }, (_, n) =>
      row(`${n} ${'Grüße aus Köln '.repeat(60)}`),
    );
    let [turns, isOver] = [0, false];
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    await find(rows).finally(() => (isOver = true));
    expect(turns).toBeGreaterThan(0);
  });

  describe('the key of what is to be ordered', () => {
    const keysOf = async (...given: Parameters<typeof find>) => (await find(...given)).keys;
    const key = async (...given: Parameters<typeof find>) => (await keysOf(...given))[0];
    const failed = [a('x', 1, { status: 'failed' })];

    test('says what the order is, when, and how many of it there are', async () => {
      const keys = await keysOf([row('a'), row('a')], [failed]);
      const [print] = keys[0]!.split(' ');
      expect(print).toMatch(/^[0-9a-f]{64}$/);
      const start = `${print} ${new Date().toISOString().slice(0, 15)}`;
      expect(keys).toEqual([`${start} 1 1 0`, `${start} 1 2 0`]);
    });

    test('is the same for all that see the same within ten minutes', async () => {
      const seen = await key([row('a', 2)], [failed]);
      expect(await key([row('a', 2)], [failed])).toBe(seen);
      expect(await key([row('a', 2)], [[...failed, a('before that', 3)]])).toBe(seen);
    });

    test('is another one for each order, after each new video, and after each refusal', async () => {
      const jobs = new JobRegistry();
      jobs.recordRefused(row('a').order);
      const having = new JobRegistry();
      ['mine', 'too'].forEach((id) => having.recordCreated(row('a').order, { id }));
      const keys = await Promise.all([
        key([row('a')]),
        key([row('b')]),
        key([row('a')], [failed]),
        key([row('a')], [[]], { jobs: having }),
        key([row('a')], [[]], { jobs }),
      ]);
      expect(new Set(keys).size).toBe(5);
    });
  });
});
