import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';
import { UserError } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { matchJobs, RECONCILING } from '../../../nodes/ITeraBiz/account/reconciler.ts';
import type { Order } from '../../../nodes/ITeraBiz/account/sameOrder.ts';
import { answered, type Answering, connectionReset, requesterOf } from '../../shared/fakeRun.mts';

const SECOND = 1_000;
const MINUTE = 60_000;

describe('Which job a doubt is about', () => {
  const order = (script: string, more = {}): Order => ({
    url: '/videos',
    body: { script, ...more },
  });
  const doubt = (script: string, sentAt = 0, timeout = MINUTE) => ({
    order: order(script),
    sentAt,
    timeout,
  });
  const job = (id: string, script: string, at: number) => ({ entry: { id, script }, at });

  /** Which job each doubt got. */
  const idsFor = <T extends ReturnType<typeof doubt>>(
    doubts: T[],
    listed: ReturnType<typeof job>[],
    sending: Order[] = [],
  ) => {
    const found = matchJobs(doubts, listed, sending);
    return doubts.map((one) => found.get(one)?.entry.id);
  };

  test('the one made nearest after the request, before one made earlier', () => {
    const listed = [job('before', 'a', -1_000), job('late', 'a', 40_000), job('near', 'a', 5_000)];
    expect(idsFor([doubt('a')], listed)).toEqual(['near']);
    expect(idsFor([doubt('a')], listed.slice(0, 1))).toEqual(['before']);
  });

  test('of those made earlier the nearest, of all one made in the same moment', () => {
    const sentAt = 1e12;
    const made = (id: string, after: number) => job(id, 'a', sentAt + after);
    const before = [made('early', -5_000), made('just before', -1_000)];
    expect(idsFor([doubt('a', sentAt)], before)).toEqual(['just before']);
    const all = [...before, made('after', 5_000)];
    expect(idsFor([doubt('a', sentAt)], all)).toEqual(['after']);
    expect(idsFor([doubt('a', sentAt)], [...all, made('now', 0)])).toEqual(['now']);
  });

  test('one made after a long wait, before one made earlier', () => {
    const listed = [job('before', 'a', -1_000), job('late', 'a', 9 * MINUTE)];
    expect(idsFor([doubt('a', 0, 10 * MINUTE)], listed)).toEqual(['late']);
  });

  test('of many equal ones each gets one of its own', () => {
    const doubts = Array.from({ length: 200 }, (_, n) => doubt('a', n));
    const listed = doubts.map((_, n) => job(`video_${n}`, 'a', n));
    expect(new Set(idsFor(doubts, listed)).size).toBe(200);
  });

  test('of two orders that a list does not tell apart, one made at the time of the other is not in question', () => {
    const german = { ...doubt('a', 60 * MINUTE), order: order('a', { language: 'de' }) };
    const listed = [job('now', 'a', 60 * MINUTE + 1_000)];
    expect(idsFor([doubt('a'), german], listed)).toEqual([undefined, 'now']);
    expect(idsFor([doubt('a', 60 * MINUTE), german], listed)).toEqual([undefined, undefined]);
  });

  test('who asked first chooses first', () => {
    const doubts = [doubt('a', 9_000), doubt('a', 0)];
    expect(idsFor(doubts, [job('x', 'a', 9_500)])).toEqual([undefined, 'x']);
  });

  test.each([
    [-MINUTE, true],
    [-MINUTE - 1, false],
    [2 * MINUTE, true],
    [2 * MINUTE + 1, false],
    [NaN, false],
  ])('made %d ms after the request: %s', (at, isFound) => {
    expect(idsFor([doubt('a')], [job('x', 'a', at)])).toEqual([isFound ? 'x' : undefined]);
  });

  test('equal orders share the jobs, each gets its own', () => {
    const doubts = [doubt('a', 9_000), doubt('a', 0), doubt('a', 20_000)];
    expect(idsFor(doubts, [job('2', 'a', 9_500), job('1', 'a', 1_000)])).toEqual([
      '2',
      '1',
      undefined,
    ]);
  });

  test('what an order on its way may have made is left alone', () => {
    expect(
      idsFor([doubt('a')], [job('x', 'a', 5)], [order('a', { background: 'office' })]),
    ).toEqual([undefined]);
    expect(idsFor([doubt('a')], [job('x', 'a', 5)], [order('b')])).toEqual(['x']);
  });

  test('what two different orders may have made is left alone', () => {
    const two = [doubt('a'), { ...doubt('a'), order: order('a', { background: 'office' }) }];
    expect(idsFor(two, [job('x', 'a', 5), job('y', 'a', 6)])).toEqual([undefined, undefined]);
  });

  test('whatever is listed: no job twice, none of other words, and as many as there can be', () => {
    const word = fc.constantFrom('a', 'b', 'c');
    const time = fc.integer({ min: -2 * MINUTE, max: 3 * MINUTE });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(word, fc.integer({ min: 0, max: MINUTE }))),
        fc.array(fc.tuple(word, time)),
        fc.uniqueArray(word),
        (sent, made, sending) => {
          const doubts = sent.map(([script, at]) => doubt(script, at));
          const listed = made.map(([script, at], n) => job(String(n), script, at));
          const found = matchJobs(
            doubts,
            listed,
            sending.map((script) => order(script)),
          );
          const ids = [...found.values()].map(({ entry }) => entry.id);
          expect(new Set(ids).size).toBe(ids.length);
          for (const [{ order: of, sentAt }, { entry, at }] of found) {
            expect(entry.script).toBe(of.body.script);
            expect(sending).not.toContain(entry.script);
            expect(at - sentAt).toBeGreaterThanOrEqual(-MINUTE);
            expect(at - sentAt).toBeLessThanOrEqual(2 * MINUTE);
          }
          // Nobody goes without while a job is left that would be theirs.
          for (const lone of doubts.filter((one) => !found.has(one))) {
            const left = listed.filter(
              ({ entry, at }) =>
                entry.script === lone.order.body.script &&
                !sending.some((one) => one === entry.script) &&
                !ids.includes(entry.id) &&
                at >= lone.sentAt - MINUTE &&
                at <= lone.sentAt + 2 * MINUTE,
            );
            expect(left).toEqual([]);
          }
        },
      ),
    );
  });
});

describe('Looking for the job of a doubt', () => {
  const POLLS = RECONCILING.polls.length;
  const OVER = Math.max(...RECONCILING.polls) + SECOND;

  beforeEach(() => void jest.useFakeTimers({ now: Date.parse('2026-01-05T10:00:00Z') }));
  afterEach(() => void jest.useRealTimers());

  const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

  /** As the list shows it, made so long after now, in milliseconds. */
  const job = (id: string | null, after = 0, more: IDataObject = {}): IDataObject => ({
    id,
    script: 'Hi',
    created_at: new Date(Date.now() + after).toISOString(),
    ...more,
  });
  const page = (jobs: IDataObject[], has_more = false) => answered({ data: jobs, has_more });

  /** An account whose list answers like this, and executions that look for an order in it. */
  function looking(answer: Answering) {
    const account = new Account('one');
    let asked = 0;
    const find = ({
      after = 0,
      script = 'Hi',
      timeout = undefined as number | undefined,
      isOld = false,
      signal = undefined as AbortSignal | undefined,
      deadline = undefined as number | undefined,
    } = {}) => {
      const { context } = requesterOf((request) => {
        asked += 1;
        return answer(request);
      });
      const client = account.client(context, {
        ...{ priority: 'row', signal, deadline, options: { timeout } },
      });
      const order = { url: '/videos', body: { script } };
      return account.reconcilers['/videos'].find(client, order, Date.now() + after, isOld);
    };
    return {
      account,
      find,
      get asked() {
        return asked;
      },
    };
  }

  test('what is found is assigned, at the first poll that shows it', async () => {
    const since = Date.now();
    const place = looking(() => page(Date.now() - since < 5 * SECOND ? [] : [job('found')]));
    const finding = place.find();
    await advance(6 * SECOND);
    const at = since + 5 * SECOND;
    expect(await finding).toMatchObject({ job: { id: 'found' }, polls: 2, since, at });
    expect(place.account.jobs.isAssigned('found')).toBe(true);
    expect(place.asked).toBe(2);
  });

  test('what was made well before the request is an earlier one, unless nothing else comes', async () => {
    const twin = job('earlier', -3_001);
    const since = Date.now();
    const place = looking(() =>
      page(Date.now() - since < SECOND * 5 ? [twin] : [job('own'), twin]),
    );
    const finding = place.find();
    await advance(6 * SECOND);
    expect(await finding).toMatchObject({ job: { id: 'own' }, polls: 2 });

    const other = looking(() => page([twin]));
    const lonely = [0, 1].map(() => other.find({ after: since - Date.now() }));
    await advance(OVER);
    // No job is that of two requests.
    const found = await Promise.all(lonely);
    expect(found.map(({ job: one, polls }) => [one?.id, polls])).toEqual([
      ['earlier', POLLS],
      [undefined, POLLS],
    ]);
  });

  test('such a one counts also if the last polls cannot be read', async () => {
    const twin = job('earlier', -3_001);
    let count = 0;
    const finding = looking(() => (++count < POLLS ? page([twin]) : answered({}, 403))).find();
    await advance(OVER + MINUTE);
    expect(await finding).toMatchObject({ job: { id: 'earlier' } });
  });

  test('what was made just before the request by the clocks is its own', async () => {
    const made = job('own', -3_000);
    const finding = looking(() => page([made])).find();
    await advance(SECOND);
    expect(await finding).toMatchObject({ job: { id: 'own' }, polls: 1 });
  });

  test('what is not there is looked for as often as it may still come', async () => {
    const place = looking(() => page([job('other', 0, { script: 'Ho' })]));
    const finding = place.find();
    await advance(OVER);
    expect(await finding).toMatchObject({ job: undefined, polls: POLLS, trouble: undefined });
    expect(place.asked).toBe(POLLS);
  });

  test.each([
    [20 * SECOND, 3],
    [15 * SECOND, 2],
    [0, 1],
  ])('whoever waits for no more than %i ms gets an answer after poll %i', async (ms, polls) => {
    const finding = looking(() => page([])).find({ deadline: performance.now() + ms });
    await advance(RECONCILING.polls[polls - 1]);
    expect(await finding).toMatchObject({ job: undefined, polls });
  });

  test('all doubts share their polls, also one that comes later', async () => {
    const place = looking(() => page([]));
    const both = [place.find(), place.find()];
    await advance(4.5 * SECOND);
    expect(place.asked).toBe(1);
    const later = place.find();
    await advance(SECOND);
    expect(place.asked).toBe(2);
    await advance(OVER);
    expect((await Promise.all([...both, later])).map((finding) => finding.job)).toEqual(
      Array(3).fill(undefined),
    );
    // Three of them would have asked three times as often.
    expect(place.asked).toBeLessThan(2 * POLLS);
  });

  test('one that comes while the others wait long is looked for in its own time', async () => {
    const place = looking(() => page([job('one', 0, { script: 'Ho' })]));
    const first = place.find();
    await advance(5.5 * SECOND);
    const later = place.find({ script: 'Ho' });
    await advance(SECOND - 1);
    expect(place.account.jobs.isAssigned('one')).toBe(false);
    await advance(1);
    expect(await later).toMatchObject({ job: { id: 'one' }, polls: 1 });
    await advance(OVER);
    await first;
  });

  test.each([
    [5 * SECOND, 66 * SECOND, false],
    [5 * SECOND, 64 * SECOND, true],
    [undefined, 66 * SECOND, true],
    [undefined, 361 * SECOND, false],
  ])('an answer waited for %s ms, a job made after %i ms: %s', async (timeout, after, isFound) => {
    const finding = looking(() => page([job('late', after)])).find({ timeout });
    await advance(OVER);
    expect((await finding).job?.id).toBe(isFound ? 'late' : undefined);
  });

  test.each([
    ['without an ID', () => job(null)],
    ['of other words', () => job('a', 0, { script: 'Ho' })],
    ['that was generated', () => job('a', 0, { prompt: 'Greet' })],
    ['without its script', () => job('a', 0, { script: null })],
    ['that does not say when it was made', () => job('a', 0, { created_at: null })],
    ['of long before', () => job('a', -3 * MINUTE)],
  ])('a job %s is not the one', async (_, listed) => {
    expect((await looking(() => page([listed()])).find({ isOld: true })).job).toBeUndefined();
  });

  test('a list that does not say when its jobs were made, or repeats itself, is no answer', async () => {
    const undated = looking(() => page([job('a', 0, { created_at: null })]));
    expect((await undated.find({ isOld: true })).trouble).toBe(
      'The list does not say of each when it was made',
    );
    const stuck = looking(() => page([job('a', 0, { script: 'x' })], true));
    expect((await stuck.find({ isOld: true })).trouble).toBe('The list was not read to its end');
  });

  test('what is assigned, or an order on its way may have made, is left alone', async () => {
    const place = looking(() => page([job('another')]));
    const order = { url: '/videos', body: { script: 'Hi' } };
    place.account.jobs.sending.add(order);
    expect((await place.find({ isOld: true })).job).toBeUndefined();
    place.account.jobs.sending.delete(order);
    place.account.jobs.assign('another');
    expect((await place.find({ isOld: true })).job).toBeUndefined();
  });

  describe('The list is read', () => {
    /** Each page by the last entry of the one before. */
    const paged =
      (...pages: IDataObject[][]): Answering =>
      ({ qs }) => {
        const { starting_after: after } = qs as IDataObject;
        const number = pages.findIndex((jobs) => jobs.at(-1)!.id === after) + 1;
        return page(pages[number], number + 1 < pages.length);
      };
    const other = { script: 'x' };

    test('as far back as a minute before the first request', async () => {
      const place = looking(
        paged(
          [job('1', 10 * SECOND, other), job('2', -30 * SECOND, other)],
          [job('3', -40 * SECOND), job('4', -70 * SECOND, other)],
          [job('5', -71 * SECOND, other)],
        ),
      );
      expect(await place.find({ isOld: true })).toMatchObject({ job: { id: '3' }, polls: 1 });
      expect(place.asked).toBe(2);
    });

    test('for the oldest of all doubts', async () => {
      const place = looking(
        paged(
          [job('1', 10 * SECOND, other), job('2', -70 * SECOND, other)],
          [job('3', -110 * SECOND, { script: 'old' })],
        ),
      );
      const both = [place.find(), place.find({ script: 'old', after: -120 * SECOND })];
      await advance(OVER);
      expect((await Promise.all(both)).map((finding) => finding.job?.id)).toEqual([undefined, '3']);
    });

    test('by the clock of the API, where its answer tells it', async () => {
      const date = new Date(Date.now() + 30 * MINUTE).toUTCString();
      const ahead = () =>
        answered({ data: [job('ahead', 30 * MINUTE)], has_more: false }, 200, { date });
      expect((await looking(ahead).find({ isOld: true })).job?.id).toBe('ahead');
    });

    test('to no end where it has none, which is said', async () => {
      let entries = 0;
      const place = looking(() => page([job(`x${++entries}`, 0, other)], true));
      const trouble = 'The list was not read to its end';
      expect(await place.find({ isOld: true })).toMatchObject({ trouble });
      expect(place.asked).toBeLessThanOrEqual(21);
    });
  });

  describe('A list that cannot be read', () => {
    /** At first as often as any other, then every 15 seconds for up to five minutes. */
    const OUTAGE = POLLS + 15;

    test.each([
      [400, 4, 'with these values'],
      [401, 4, 'does not accept the API key'],
      [402, 4, 'has no credits left'],
      [403, 4, 'does not allow this API key to list what the account has'],
      [404, 4, 'could not list what the account has'],
      [429, OUTAGE, 'is too busy'],
      [500, OUTAGE, 'a fault on its side'],
      [502, OUTAGE, 'a fault on its side'],
    ])('because it is refused with %i is asked for %i times', async (status, times, words) => {
      const place = looking(() => answered({}, status));
      const finding = place.find();
      await advance(5 * MINUTE);
      const { trouble, polls } = await finding;
      expect([polls, place.asked]).toEqual([times, times]);
      expect(trouble).toContain(words);
    });

    test.each([
      ['a web page', () => answered('<html>')],
      ['a web page with 404', () => answered('<html>', 404)],
      ['nothing', () => connectionReset],
    ])('because it is %s is no list', async (_, answer) => {
      const place = looking(answer);
      const finding = place.find();
      await advance(5 * MINUTE);
      expect((await finding).trouble).toBeDefined();
      expect(place.asked).toBe(OUTAGE);
    });

    /** The list cannot be read until then. */
    const outage = (ms: number, answer: Answering = () => connectionReset, jobs = [job('one')]) => {
      const since = Date.now();
      return looking((request) => (Date.now() - since < ms ? answer(request) : page(jobs)));
    };

    test.each([
      [75 * SECOND, () => connectionReset],
      [4.5 * MINUTE, () => connectionReset],
      [20 * SECOND, () => answered({}, 403)],
      [20 * SECOND, () => answered({}, 404)],
    ])('for %i ms: what was made is found as soon as it can be', async (ms, answer) => {
      const finding = outage(ms, answer).find();
      await advance(ms + 15 * SECOND);
      expect(await finding).toMatchObject({ job: { id: 'one' }, trouble: undefined });
    });

    test('is read once after an outage: what is not there then is not waited for', async () => {
      const place = outage(100 * SECOND, () => connectionReset, []);
      const finding = place.find();
      await advance(105 * SECOND);
      expect(await finding).toMatchObject({ job: undefined, trouble: undefined, polls: POLLS + 3 });
    });

    test('is refused for good only by refusals in a row', async () => {
      const statuses = [403, 403, 403, 500, 403];
      const place = looking(() => {
        const status = statuses.shift();
        return status ? answered({}, status) : page([job('one')]);
      });
      const finding = place.find();
      await advance(75 * SECOND);
      expect((await finding).job?.id).toBe('one');
    });

    test('is tried for less than a minute for a request of long ago', async () => {
      const late = outage(40 * SECOND).find({ isOld: true });
      await advance(45 * SECOND);
      expect((await late).job?.id).toBe('one');
      const place = looking(() => connectionReset);
      const never = place.find({ isOld: true });
      await advance(MINUTE);
      expect(await never).toMatchObject({ job: undefined, polls: 4 });
      const refused = looking(() => answered({}, 403)).find({ isOld: true });
      await advance(30 * SECOND);
      expect(await refused).toMatchObject({ polls: 3 });
    });

    test.each([
      [false, 80 * SECOND, POLLS + 1],
      [true, 16 * SECOND, 2],
    ])('is not asked for beyond a deadline (old: %s, %i ms)', async (isOld, ms, polls) => {
      const place = looking(() => connectionReset);
      const finding = place.find({ isOld, deadline: performance.now() + ms });
      await advance(ms);
      expect(await finding).toMatchObject({ job: undefined, polls });
    });

    test('is asked for every 15 seconds, however many look for something', async () => {
      const place = looking(() => connectionReset);
      const all = [];
      for (let n = 0; n < 10; n++) {
        all.push(place.find());
        await advance(1.4 * SECOND);
      }
      await advance(75 * SECOND);
      const before = place.asked;
      await advance(2 * MINUTE);
      expect(place.asked - before).toBe(8);
      await advance(2 * MINUTE);
      expect(await Promise.all(all)).toHaveLength(10);
    });
  });

  describe('What keeps one execution from asking', () => {
    const noCredential = new UserError('no credential');

    test('ends its search, says why, and leaves the account able to look', async () => {
      let answer: Answering = () => noCredential;
      const place = looking((request) => answer(request));
      const finding = place.find();
      await advance(OVER);
      expect((await finding).trouble).toBe('no credential');
      answer = () => page([job('one')]);
      expect((await place.find({ isOld: true })).job?.id).toBe('one');
    });

    test('as a fault of our own, ends all searches and leaves nothing deaf', async () => {
      const place = looking(() => page([job('one')]));
      jest.spyOn(place.account.jobs, 'isAssigned').mockImplementationOnce(() => {
        throw new Error('broken');
      });
      const both = [place.find(), place.find()];
      await advance(OVER);
      for (const { trouble } of await Promise.all(both)) expect(trouble).toBeDefined();
      expect((await place.find({ isOld: true })).job?.id).toBe('one');
    });

    test('costs the others nothing', async () => {
      let count = 0;
      const place = looking(() => (++count === 1 ? noCredential : page([])));
      const [own, other] = [place.find(), place.find()];
      await advance(OVER);
      expect((await own).trouble).toBeDefined();
      expect(await other).toMatchObject({ trouble: undefined, polls: POLLS });
    });

    test('as a proxy of its own that is down: the others take their turn', async () => {
      const place = looking(() => page([job('one', 0, { script: 'Ho' })]));
      const { context } = requesterOf(() => connectionReset);
      const client = place.account.client(context, { priority: 'row' });
      const order = { url: '/videos', body: { script: 'Hi' } };
      const cutOff = place.account.reconcilers['/videos'].find(client, order, Date.now(), false);
      const other = place.find({ script: 'Ho' });
      await advance(10 * SECOND);
      expect((await other).job?.id).toBe('one');
      await advance(5 * MINUTE);
      await cutOff;
    });
  });

  describe('An execution that is canceled', () => {
    test('polls no more, and says why', async () => {
      const cancel = new AbortController();
      const place = looking(() => page([]));
      const finding = place.find({ signal: cancel.signal });
      const end = expect(finding).rejects.toThrow('stopped');
      await advance(2 * SECOND);
      cancel.abort(new Error('stopped'));
      await end;
      await advance(OVER);
      expect(place.asked).toBe(1);
      await expect(place.find({ signal: cancel.signal })).rejects.toThrow('stopped');
    });

    test('takes nothing from another one', async () => {
      const cancel = new AbortController();
      const place = looking(() => {
        if (!cancel.signal.aborted) cancel.abort(new Error('stopped'));
        return page([job('one')]);
      });
      const stopped = place.find({ signal: cancel.signal, after: -10 });
      const end = expect(stopped).rejects.toThrow('stopped');
      const other = place.find();
      await advance(OVER);
      await end;
      expect((await other).job?.id).toBe('one');
    });

    test('in whose name a poll was made, which it spoils, costs the others none of theirs', async () => {
      const cancel = new AbortController();
      const place = looking(() => {
        if (cancel.signal.aborted) return page([]);
        cancel.abort(new Error('stopped'));
        return connectionReset;
      });
      const end = expect(place.find({ signal: cancel.signal })).rejects.toThrow('stopped');
      const other = place.find();
      await advance(OVER);
      await end;
      expect(await other).toMatchObject({ polls: POLLS });
      expect(place.asked).toBe(POLLS + 1);
    });
  });
});
