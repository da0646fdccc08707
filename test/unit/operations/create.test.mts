/** A run that orders, from its items to its output. */
import { randomUUID } from 'node:crypto';
import type { IContextObject, IDataObject, INodeParameters } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { checkDailyLimit } from '../../../nodes/ITeraBiz/fields/validate.ts';
import type { Asked, Reply } from '../../shared/littleApi.mts';
import { until } from '../../shared/until.mts';
import {
  accepted,
  api,
  breaks,
  entriesOf,
  errorOf,
  type Given,
  refused,
  running,
} from '../orders/ordering.mts';

describe('Before anything is sent', () => {
  test('all rows are checked: one that is invalid stops all, and every bad one is named', async () => {
    const place = running({ scripts: ['a', ' ', 'b', ''] });
    const error = await errorOf(place);
    expect(error).toMatchObject({ message: '"Script" is empty', context: { itemIndex: 1 } });
    expect(error.description).toContain('\nItem 4: "Script" is empty.');
    expect(place.posts).toEqual([]);
  });

  test.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
    'the others are sent where the node goes on: %s',
    async (onError) => {
      const place = running({ scripts: ['a', ' ', 'b'], onError });
      const output = await place.output;
      expect(output.map(({ id, error }) => id ?? error)).toEqual([
        'video_a',
        expect.stringMatching(/^"Script" is empty\. /),
        'video_b',
      ]);
      expect(output[1]).toHaveProperty('error');
      expect(place.posts).toHaveLength(2);
    },
  );

  test('a node that stops asks nothing either, also where an earlier try left a doubt', async () => {
    const account = new Account('one');
    const first = running({ account, scripts: ['a'], answer: breaks });
    await errorOf(first);
    const again = running({ account, memory: first.memory, scripts: ['a', ' '] });
    const error = await errorOf(again);
    expect(error.message).toBe('"Script" is empty');
    expect(error.description).toContain('\nItem 1: no answer yet.');
    expect([again.posts, again.looks]).toEqual([[], []]);
  });

  test('a retry that may send nothing names what has no answer, beside what was ordered', async () => {
    const account = new Account('one');
    const scripts = ['a', 'doubt', 'late'];
    const answer = (asked: Asked) =>
      asked.body?.script === 'doubt'
        ? breaks()
        : asked.body?.script === 'late'
          ? refused()
          : accepted(asked);
    const first = running({ account, scripts, answer });
    expect((await errorOf(first)).description).not.toContain('no answer yet');
    const list = { status: 403 };
    const again = running({ account, memory: first.memory, scripts, list, maxVideosPerDay: 9 });
    const { description } = await errorOf(again);
    expect(description).toMatch(/Item 1: video_a\./);
    expect(description).toMatch(/perhaps accepted .*:\nItem 2: no answer yet\./);
    expect(again.posts).toEqual([]);
  });

  test('a preview says of each row whether it would be ordered, or why not, and sends nothing', async () => {
    const account = new Account('one');
    const first = running({ account, scripts: ['a'] });
    await first.output;
    const place = running({
      ...{ account, memory: first.memory },
      ...{
        scripts: ['a', ' ', 'b'],
        options: { previewOnly: true },
        onError: 'continueErrorOutput',
      },
    });
    expect(await place.output).toMatchObject([
      { wouldOrder: false, reason: 'It was ordered before, in this execution', videoId: 'video_a' },
      {
        wouldOrder: false,
        reason: expect.stringMatching(/^"Script" is empty/),
        request: { script: ' ' },
      },
      { wouldOrder: true, reason: '1 video, 30 seconds', request: { script: 'b', duration: 30 } },
    ]);
    expect(place.posts).toEqual([]);
    const tooMuch = running({ scripts: ['x', 'y'], options: { previewOnly: true, maxVideos: 1 } });
    expect(await tooMuch.output).toMatchObject([{ wouldOrder: false }, { wouldOrder: false }]);
  });
});

describe('A preview', () => {
  const options = { previewOnly: true };
  const hasAvatars = (...data: object[]): Reply => ({ body: { data, has_more: false } });
  const reasonsOf = async (given: Given) =>
    (await running({ options, ...given }).output).map(({ wouldOrder, reason }) =>
      wouldOrder === true ? true : reason,
    );

  test('says that an avatar is missing, and asks for the list once', async () => {
    const place = running({ options, scripts: ['a', 'b'], avatars: hasAvatars({ id: 'other' }) });
    expect(await place.output).toMatchObject(
      Array(2).fill({ wouldOrder: false, reason: 'Your account has no avatar "avatar_1"' }),
    );
    expect([place.posts.length, place.looks.length]).toEqual([0, 1]);
    expect(place.hints.slice(1)).toEqual([
      'A preview: nothing was ordered. 0 videos, 0 seconds would be ordered; 2 would not.',
    ]);
  });

  test.each<[string, Reply]>([
    ['cannot be read', { status: 403 }],
    ['does not say the ID of each', hasAvatars({ id: 'other' }, { avatar: 'avatar_1' })],
  ])('misses no avatar where the list %s', async (_, avatars) => {
    expect(await reasonsOf({ avatars })).toEqual([true]);
  });

  test('does not wait for an execution that orders the same', async () => {
    const account = new Account('one');
    const reuse = { whenVideoExists: 'reuse' };
    let goOn!: () => void;
    const isTime = new Promise<void>((resolve) => (goOn = resolve));
    const answer = async (asked: Asked) => {
      await isTime;
      return accepted(asked);
    };
    const first = running({ account, answer, options: reuse });
    await until('it is sent', () => first.posts.length > 0);
    const preview = running({ account, answer, options: { ...reuse, ...options } });
    expect(await preview.output).toMatchObject([{ wouldOrder: true }]);
    goOn();
    expect(await first.output).toHaveLength(1);
  });

  test('misses no avatar that was just created, though the list does not show it yet', async () => {
    const account = new Account('one');
    const answer = (): Reply => ({ status: 201, body: { id: 'avatar_1', name: 'Anna' } });
    await running({ account, of: 'avatar', answer }).output;
    expect(await reasonsOf({ account, avatars: hasAvatars() })).toEqual([true]);
  });

  test('says what to do instead where the list of avatars By Name is refused', async () => {
    const given = { locatorMode: 'name', avatars: { status: 403 } };
    expect(await reasonsOf(given)).toEqual([
      expect.stringMatching(/\. By Name needs the whole list: /),
    ]);
  });

  test('takes avatars By Name from the list that their IDs came from', async () => {
    const place = running({
      ...{ options, locatorMode: 'name', scripts: ['a', 'b'] },
      avatars: hasAvatars({ id: 'a1', name: 'Avatar_1' }),
    });
    expect(await place.output).toMatchObject(
      Array(2).fill({ wouldOrder: true, request: { avatar_id: 'a1' } }),
    );
    expect(place.looks).toHaveLength(1);
  });

  test('asks for no avatars where nothing would be ordered, and takes no place in the day', async () => {
    const account = new Account('one');
    const day = { account, maxVideosPerDay: 1, onError: 'continueRegularOutput' } as const;
    expect(await reasonsOf({ ...day, scripts: ['a', 'b'] })).toEqual([
      true,
      expect.stringMatching(/^This would order 2 videos, but "Max Videos per Day"/),
    ]);
    expect(await running(day).output).toMatchObject([{ id: 'video_Hi' }]);
    const full = running({ ...day, options });
    expect(await full.output).toMatchObject([{ wouldOrder: false }]);
    expect(full.looks.map(({ path }) => path)).not.toContain('/avatars');
  });

  test('does not keep others from ordering the same', async () => {
    const account = new Account('one');
    const reuse = { ...options, whenVideoExists: 'reuse' };
    let goOn: ((limit: undefined) => void) | undefined;
    const preview = running({ account, options: reuse });
    preview.run.maxVideosPerDay = async () => await new Promise((resolve) => (goOn = resolve));
    await until('the preview asks for the limit', () => goOn, { every: 1 });
    expect(await running({ account, options: { whenVideoExists: 'reuse' } }).output).toMatchObject([
      { _iteraBizReused: false },
    ]);
    goOn!(undefined);
    expect(await preview.output).toMatchObject([{ wouldOrder: true }]);
  });
});

test('an execution that is canceled ends with that, and sends nothing more', async () => {
  const cancel = new AbortController();
  const place = running({
    ...{ scripts: ['a', 'b', 'c'], concurrency: 1, signal: cancel.signal },
    onError: 'continueErrorOutput',
    answer: () => {
      cancel.abort(new Error('canceled'));
      return 'break';
    },
  });
  await expect(place.output).rejects.toThrow('canceled');
  expect(place.posts).toHaveLength(1);
  expect(Object.values(entriesOf(place.memory))).toMatchObject([{ state: 'sent' }]);
  expect(place.account.jobs.sending.size).toBe(0);
});

test('an execution that is canceled names what is accepted, and what has no answer yet', async () => {
  const cancel = new AbortController();
  let answerB: (reply: Reply) => void = () => undefined;
  const place = running({
    ...{ scripts: ['a', 'b', 'c'], concurrency: 1, signal: cancel.signal },
    answer: async (asked) =>
      asked.body?.script === 'a'
        ? accepted(asked)
        : await new Promise((resolve) => (answerB = resolve)),
  });
  await until('b is on its way', () => place.posts.length === 2, { every: 5 });
  cancel.abort(new Error('canceled'));
  expect(place.notes).toEqual({ iTeraBiz_orders: 'video_a', iTeraBiz_check: 'Item 2' });
  // n8n keeps the first ten.
  expect(Object.keys(place.notes)[0]).toBe('iTeraBiz_check');
  expect(place.warnings).toEqual([
    expect.stringMatching(/stand: video_a\. .*not answered these.*: Item 2\./),
  ]);
  answerB({ status: 201, body: { id: 'video_b' } });
  await expect(place.output).rejects.toThrow('canceled');
  expect(place.warnings.slice(1)).toEqual([expect.stringMatching(/stand: video_a, video_b\. /)]);
});

describe('One that is canceled while two of its rows are on their way', () => {
  const moment = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

  /** The second row is refused then, the first answered a moment later. */
  function canceled(given: Given, late: (asked: Asked) => Reply) {
    const cancel = new AbortController();
    const answer = async (asked: Asked) => {
      if (asked.body?.script === 'a') {
        await moment(100);
        return late(asked);
      }
      cancel.abort(new Error('canceled'));
      return refused();
    };
    return running({ ...given, scripts: ['a', 'b'], signal: cancel.signal, answer });
  }

  test('leaves the job that it was too late for to whoever waits for the same', async () => {
    const account = new Account('one');
    const options = { whenVideoExists: 'reuse' };
    const first = canceled({ account, options }, accepted);
    await until('both are on their way', () => api.by('POST').length === 2, { every: 5 });
    const second = running({ account, options, scripts: ['a'] });
    await expect(first.output).rejects.toThrow('canceled');
    expect(await second.output).toMatchObject([{ id: 'video_a', _iteraBizReused: true }]);
    // It waited, and did not read the list time and again.
    expect(second.looks).toHaveLength(1);
  });

  test('gives back the places in the day of what was refused', async () => {
    const account = new Account('one');
    const limit = { account, maxVideosPerDay: 2 };
    await expect(canceled(limit, refused).output).rejects.toThrow('canceled');
    expect(await running({ ...limit, scripts: ['c', 'd'] }).output).toHaveLength(2);
  });
});

describe('After a run', () => {
  const others = { id: 'other', created_at: new Date().toISOString() };

  test.each<[string, Given, string[]]>([
    ['what was ordered', {}, ['Ordered: 1 video, 30 seconds.']],
    [
      'and how much of the day is used',
      { scripts: ['a', 'b'], maxVideosPerDay: 9, listed: [others] },
      ['Ordered: 2 videos, 60 seconds in all. Last 24 hours: 3 of 9 videos.'],
    ],
    ['nothing of what was refused', { answer: refused, onError: 'continueErrorOutput' }, []],
    ['nothing of avatars', { of: 'avatar' }, []],
  ])('the step says: %s', async (_, given, hints) => {
    const place = running(given);
    await place.output;
    expect(place.hints.filter((hint) => /ordered/i.test(hint))).toEqual(hints);
  });

  test('a script that does not fit its duration is told', async () => {
    const place = running({ scripts: ['Hi'] });
    await place.output;
    expect(place.hints[0]).toMatch(/^Item 1: the script is much too short for its duration\./);
  });

  test('but not of an order that is not sent', async () => {
    const place = running({ scripts: ['Hi', 'Ho'], options: { maxVideos: 1 } });
    await errorOf(place);
    expect(place.hints).toEqual([]);
  });

  test('the account is let go of, and a stop names nothing any more', async () => {
    const account = new Account('one');
    const release = jest.fn();
    jest.spyOn(account, 'hold').mockReturnValue(release);
    const stop = new AbortController();
    const place = running({ account, signal: stop.signal });
    await place.output;
    stop.abort();
    expect([release.mock.calls.length, place.warnings]).toEqual([1, []]);
    const failed = running({ account, answer: refused });
    await errorOf(failed);
    expect(release).toHaveBeenCalledTimes(2);
  });
});

describe('A retry', () => {
  test('names what an earlier try ordered', async () => {
    const account = new Account('one');
    const answer = (asked: Asked) => (asked.body?.script === 'a' ? accepted(asked) : refused());
    const given = { account, scripts: ['a', 'b'], answer };
    const first = running(given);
    await errorOf(first);
    const again = running({ ...given, memory: first.memory });
    const { description } = await errorOf(again);
    expect(description).toContain('Item 1: video_a.');
    expect(description).toContain(
      'open this execution under Executions and choose "Retry with currently saved workflow"',
    );
    expect(again.looks).toEqual([]);
  });

  test('after an option was changed, as messages advise, orders nothing again', async () => {
    const account = new Account('one');
    const nodeWith = (options: INodeParameters, waitForCompletion: boolean) => ({
      parameters: { options, waitForCompletion, requestOptions: { timeout: options.maxWait ?? 1 } },
    });
    const first = running({ account, scripts: ['at nine'], node: nodeWith({}, true) });
    await first.output;
    const node = nodeWith({ maxWait: 90 }, false);
    const again = running({ account, scripts: ['at ten'], node, memory: first.memory });
    expect(await again.output).toMatchObject([{ id: 'video_at nine' }]);
    expect(again.posts).toEqual([]);
  });

  test('says again of what was there before that it was', async () => {
    const account = new Account('one');
    const answer = (asked: Asked) => (asked.body?.script === 'a' ? accepted(asked) : refused());
    const given = { account, options: { whenVideoExists: 'reuse' }, answer };
    await running({ ...given, scripts: ['a'] }).output;
    const first = running({ ...given, scripts: ['a', 'b'] });
    await errorOf(first);
    const both = running({ ...given, scripts: ['a', 'b'], memory: first.memory, answer: accepted });
    expect(await both.output).toMatchObject([
      { id: 'video_a', _iteraBizReused: true },
      { id: 'video_b', _iteraBizReused: false },
    ]);
  });

  test('with another API key finds what an earlier retry ordered with the first one', async () => {
    const stored = () => ({
      submissions: { seed: 'replaced', run: { index: 0, id: 'first' }, entries: {} },
    });
    const scripts = ['a', 'b'];
    const answer = (asked: Asked) => (asked.body?.script === 'a' ? accepted(asked) : refused());
    await errorOf(running({ account: new Account('old key'), memory: stored(), scripts, answer }));
    const job = { id: 'video_a', status: 'processing' };
    const again = running({
      ...{ account: new Account('new key'), memory: stored(), scripts },
      list: ({ path }) => ({
        body: path === '/videos/video_a' ? job : { data: [job], has_more: false },
      }),
    });
    expect(await again.output).toMatchObject([{ id: 'video_a' }, { id: 'video_b' }]);
    expect(again.posts.map(({ body }) => body?.script)).toEqual(['b']);
  });

  test('waits for another one of the same execution, also if that has another API key', async () => {
    const memory = () => ({
      submissions: { seed: 'beside', run: { index: 0, id: 'first' }, entries: {} },
    });
    let goOn!: () => void;
    const isTime = new Promise<void>((resolve) => (goOn = resolve));
    const answer = async (asked: Asked) => {
      await isTime;
      return accepted(asked);
    };
    const job = { id: 'video_Hi', status: 'processing' };
    const list = () => ({ body: { ...job, data: [job], has_more: false } });
    const given = { answer, list };
    const first = running({ ...given, memory: memory(), account: new Account('old key') });
    const second = running({ ...given, memory: memory(), account: new Account('new key') });
    await until('one is sent', () => api.by('POST').length > 0);
    goOn();
    for (const { output } of [first, second]) expect(await output).toMatchObject([{ id: job.id }]);
    expect(api.by('POST')).toHaveLength(1);
  });

  test('finds what another retry of the same execution ordered, which the stored one lacks', async () => {
    const account = new Account('one');
    const stored = () => ({ submissions: { seed: 'stored', entries: {} } });
    await running({ account, memory: stored() }).output;
    const again = running({ account, memory: stored(), answer: refused });
    expect(await again.output).toEqual([{ id: 'video_Hi', status: 'queued' }]);
    expect(again.posts).toEqual([]);
    const other = { submissions: { seed: 'another one', entries: {} } };
    expect((await running({ account, memory: other }).output).length).toBe(1);
    expect(api.by('POST')).toHaveLength(2);
  });

  describe('beside another one', () => {
    let seed: string;
    beforeEach(() => void (seed = randomUUID()));
    const memory = () => ({
      submissions: { seed, run: { index: 0, id: 'first' }, entries: {} },
    });
    /** Answers submissions only once it is told to. */
    const slowly = () => {
      let goOn!: () => void;
      const isTime = new Promise<void>((resolve) => (goOn = resolve));
      const answer = async (asked: Asked) => {
        await isTime;
        return accepted(asked);
      };
      return { answer, goOn };
    };

    test('orders nothing that the other one is ordering, also if a value has changed', async () => {
      const { answer, goOn } = slowly();
      const account = new Account('one');
      const first = running({ account, memory: memory(), answer, scripts: ['at nine'] });
      const second = running({ account, memory: memory(), answer, scripts: ['at ten'] });
      await until('one is sent', () => api.by('POST').length > 0);
      goOn();
      for (const { output } of [first, second]) {
        expect(await output).toMatchObject([{ id: 'video_at nine' }]);
      }
      expect(api.by('POST')).toHaveLength(1);
    });

    test('goes on once the other one has failed or was canceled', async () => {
      const { answer: accept, goOn } = slowly();
      let sent = 0;
      const answer = async (asked: Asked) => {
        const isFirst = sent++ === 0;
        const reply = await accept(asked);
        return isFirst ? refused() : reply;
      };
      const cancel = new AbortController();
      const given = { account: new Account('one'), answer };
      const first = running({ ...given, memory: memory() });
      const second = running({ ...given, memory: memory(), signal: cancel.signal });
      const third = running({ ...given, memory: memory() });
      await until('the first is sent', () => sent > 0);
      cancel.abort(new Error('canceled'));
      expect((await errorOf(second)).message).toBe('canceled');
      goOn();
      const { message } = await errorOf(first);
      expect(message).toBe('iTeraBiz refused the field "Script": script is bad');
      expect(await third.output).toMatchObject([{ id: 'video_Hi' }]);
    });

    test('waits for no other call of a tool, which orders something else', async () => {
      const { answer, goOn } = slowly();
      const given = { account: new Account('one'), memory: memory(), isTool: true, answer };
      const calls = ['a', 'b'].map((script) => running({ ...given, scripts: [script] }));
      await until('both are sent', () => api.by('POST').length === 2);
      goOn();
      await Promise.all(calls.map(async ({ output }) => await output));
    });
  });

  describe('of an execution that was retried before, with a loop that other items came to', () => {
    const account = new Account('looping');
    const looping = (given: Given, memory: object) =>
      running({ account, index: 1, ...given, memory: structuredClone(memory) as IContextObject });

    test('gives no row the video of another, ordered by another retry in the same run', async () => {
      const original = running({ account, scripts: ['first'], answer: refused });
      await errorOf(original);
      const one = looping({ scripts: ['W'], answer: refused }, original.memory);
      await errorOf(one);
      await looping({ scripts: ['Z'] }, original.memory).output;
      const again = looping({ scripts: ['W'] }, one.memory);
      expect(await again.output).toMatchObject([{ id: 'video_W' }]);
    });

    test('reuses what another retry ordered for a row elsewhere', async () => {
      const original = running({ account, scripts: ['first'], answer: refused });
      await errorOf(original);
      await looping({ scripts: ['X', 'Y'] }, original.memory).output;
      const options = { whenVideoExists: 'reuse' };
      const again = looping({ scripts: ['Y', 'X'], options }, original.memory);
      expect(await again.output).toMatchObject([{ id: 'video_Y' }, { id: 'video_X' }]);
      expect(again.posts).toEqual([]);
    });

    test('orders nothing again that it found, although a value changes before its next try', async () => {
      const original = running({ account, scripts: ['first'], answer: refused });
      await errorOf(original);
      await looping({ scripts: ['on Monday'] }, original.memory).output;
      const found = looping({ scripts: ['on Monday'] }, original.memory);
      expect(await found.output).toMatchObject([{ id: 'video_on Monday' }]);
      const again = looping({ scripts: ['on Tuesday'] }, found.memory);
      expect(await again.output).toMatchObject([{ id: 'video_on Monday' }]);
    });
  });

  test.each<[string, object, number]>([
    ['not, if only a value has changed', { a: '={{ $now }}' }, 0],
    ['it is, if the user has changed the node', { a: 'changed' }, 1],
  ])('orders anew what it ordered with other values: %s', async (_, parameters, count) => {
    const account = new Account('one');
    const { memory, output } = running({ account, node: { parameters: { a: '={{ $now }}' } } });
    await output;
    const node = { parameters: parameters as INodeParameters };
    const again = running({ account, memory, node, scripts: ['Ho'] });
    await again.output;
    expect(again.posts).toHaveLength(count);
  });

  const gone = { status: 404, body: { error: 'No such video' } };
  const listed = (...data: IDataObject[]) => ({ body: { data, has_more: false } });
  test.each<[string, Reply, Reply, number]>([
    ['has it', { body: { id: 'video_Hi', status: 'queued' } }, gone, 0],
    ['certainly does not have it', gone, listed({ id: 'video_x', script: 'Ho' }), 1],
    ['lists it', gone, listed({ id: 'video_Hi' }), 0],
    ['lists the same order', gone, listed({ id: 'video_x', script: 'Hi' }), 0],
    ['does not list its videos', gone, { status: 403, body: {} }, 0],
    ['does not say', { status: 403, body: { error: 'No' } }, listed(), 0],
  ])('with another key asks for what was ordered: the account %s', async (_, byId, list, count) => {
    const first = running({ account: new Account('one') });
    await first.output;
    const again = running({
      ...{ account: new Account('two'), memory: first.memory },
      list: ({ path }) => (path === '/videos' ? list : byId),
    });
    expect(await again.output).toEqual([{ id: 'video_Hi', status: 'queued' }]);
    expect(again.posts).toHaveLength(count);
    expect(again.looks.map(({ path }) => path)).toEqual(
      byId === gone ? ['/videos/video_Hi', '/videos'] : ['/videos/video_Hi'],
    );
  });

  test('with another key forgets no order of the first account for what is refused now, and takes no place in its day', async () => {
    const scripts = ['a', 'b'];
    const [one, two] = [new Account('one'), new Account('two')];
    const first = running({ account: one, scripts });
    await first.output;
    const broke = { status: 402, body: { error: 'No credits' } };
    const list: Given['list'] = ({ path }) => (path === '/videos' ? listed() : gone);
    const wrong = running({
      ...{ account: two, memory: first.memory, scripts, list, answer: () => broke },
      ...{ maxVideosPerDay: 2, concurrency: 1 },
    });
    await errorOf(wrong);
    expect(wrong.posts).toHaveLength(1);
    const next = running({ account: two, scripts, maxVideosPerDay: 2 });
    expect(await next.output).toHaveLength(2);
    const memory = JSON.parse(JSON.stringify(first.memory)) as IContextObject;
    const back = running({ account: new Account('one'), memory, scripts });
    expect(await back.output).toHaveLength(2);
    expect(back.posts).toEqual([]);
  });

  test('with another key orders nothing again where the account has one of them: a single 404 decides nothing', async () => {
    const scripts = ['a', 'b'];
    const first = running({ account: new Account('one'), scripts });
    await first.output;
    const replies: Reply[] = [
      { status: 404, body: { error: 'No such video' } },
      { body: { id: 'video_b', status: 'queued' } },
    ];
    const again = running({
      ...{ account: new Account('two'), memory: first.memory, scripts },
      ...{ list: () => replies.shift()!, options: { maxConcurrency: 1 } },
    });
    expect((await again.output).map(({ id }) => id)).toEqual(['video_a', 'video_b']);
    expect([again.posts.length, again.looks.length]).toEqual([0, 2]);
  });

  test('with another key asks for no video whose ID is not known', async () => {
    const first = running({ account: new Account('one'), answer: breaks });
    await errorOf(first);
    const again = running({ account: new Account('two'), memory: first.memory });
    await errorOf(again);
    expect(again.posts).toEqual([]);
    expect(new Set(again.looks.map(({ path }) => path))).toEqual(new Set(['/videos']));
  });

  test('with another key asks for no avatar', async () => {
    const first = running({ account: new Account('one'), of: 'avatar' });
    await first.output;
    const again = running({ account: new Account('two'), memory: first.memory, of: 'avatar' });
    await again.output;
    expect([again.posts, again.looks]).toEqual([[], []]);
  });
});

describe('Rows that a limit refuses', () => {
  test.each<[string, Given, unknown[], string[]]>([
    ['the run', { options: { maxVideos: 1 } }, ['account', 'notSent'], []],
    ['the day', { maxVideosPerDay: 1 }, ['video_a', 'account'], ['a']],
    [
      'the day, after an invalid row',
      { maxVideosPerDay: 1, scripts: [' ', 'a', 'b'] },
      [undefined, 'video_a', 'notSent'],
      ['a'],
    ],
  ])(
    'say so and are not sent, and the first is the cause: of %s',
    async (_, given, reasons, sent) => {
      const place = running({ onError: 'continueRegularOutput', scripts: ['a', 'b'], ...given });
      const output = await place.output;
      const details = output.map((json) => json.details as IDataObject | undefined);
      expect(output.map(({ id }, n) => details[n]?.reason ?? id)).toEqual(reasons);
      expect(place.posts.map(({ body }) => body?.script)).toEqual(sent);
    },
  );

  test('are not at fault where the limit in the credential is invalid', async () => {
    const place = running({ onError: 'continueRegularOutput', scripts: ['a'] });
    place.run.maxVideosPerDay = async () => checkDailyLimit('many');
    expect(await place.output).toMatchObject([{ details: { reason: 'account' } }]);
  });

  test('are not sent where the node stops, and neither are the others', async () => {
    const place = running({ scripts: ['a', 'b'], maxVideosPerDay: 1 });
    expect((await errorOf(place)).message).toMatch(/^This would order 2 videos/);
    expect(place.posts).toEqual([]);
    // Nothing keeps its place.
    expect(await running({ account: place.account, maxVideosPerDay: 1 }).output).toHaveLength(1);
  });
});

test('where the node stops on an invalid row, the list is not read for the others', async () => {
  const options = { whenVideoExists: 'reuse' };
  const place = running({ options, scripts: ['a', ' '] });
  await errorOf(place);
  expect(place.looks).toEqual([]);
  const going = running({ options, scripts: ['a', ' '], onError: 'continueErrorOutput' });
  await going.output;
  expect(going.looks).toHaveLength(1);
});

describe('While an order is on its way that uses what is there', () => {
  const options = { whenVideoExists: 'reuse' };
  const sent = () => api.by('POST').map(({ body }) => body?.script);

  /** A run whose order is refused, but not before the test says so. */
  async function onItsWay(account: Account) {
    let refuse: (() => void) | undefined;
    const answer = async () =>
      await new Promise<Reply>((resolve) => (refuse = () => resolve(refused())));
    const { output } = running({ account, options, answer });
    await until('the order is on its way', () => refuse, { every: 1 });
    return async () => {
      refuse!();
      await errorOf({ output });
    };
  }

  test('others of the same wait, also for each other', async () => {
    const account = new Account('one');
    const refuse = await onItsWay(account);
    const others = [running({ account, options }), running({ account, options })];
    await running({ account, options, scripts: ['Ho'] }).output;
    expect(sent()).toEqual(['Hi', 'Ho']);
    await refuse();
    const outputs = await Promise.all(others.map(async ({ output }) => await output));
    const marks = outputs.flat().map(({ _iteraBizReused: isReused }) => isReused);
    expect(marks.sort()).toEqual([false, true]);
    expect(sent()).toEqual(['Hi', 'Ho', 'Hi']);
  });

  test('a tool waits no longer than its caller does', async () => {
    const account = new Account('one');
    const refuse = await onItsWay(account);
    const tool = running({ account, options, isTool: true, giveUpAt: performance.now() + 50 });
    expect((await errorOf(tool)).message).toMatch(/^There was no time left to list the videos/);
    await refuse();
    expect(sent()).toEqual(['Hi']);
  });

  test('one that may reuse a video waits for one that orders it without', async () => {
    const account = new Account('one');
    let goOn!: () => void;
    const isTime = new Promise<void>((resolve) => (goOn = resolve));
    const answer = async (asked: Asked) => {
      await isTime;
      return accepted(asked);
    };
    const first = running({ account, answer });
    await until('it is sent', () => first.posts.length > 0);
    const second = running({ account, answer, options: { whenVideoExists: 'reuse' } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(second.looks).toEqual([]);
    goOn();
    await first.output;
    expect(await second.output).toMatchObject([{ id: 'video_Hi', _iteraBizReused: true }]);
    expect(second.posts).toEqual([]);
  });

  test('one that orders another one does not wait', async () => {
    const account = new Account('one');
    const refuse = await onItsWay(account);
    expect(await running({ account }).output).toEqual([{ id: 'video_Hi', status: 'queued' }]);
    await refuse();
  });
});
