import type { IDataObject } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { Claims } from '../../../nodes/ITeraBiz/orders/claims.ts';
import { Lookout } from '../../../nodes/ITeraBiz/orders/reconcile.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { answered, type Answering, connectionReset, fakeContext } from '../fakeContext.mts';

const SECOND = 1_000;
/** How often a doubt is looked into in this process, and when, in milliseconds */
const LOOKS = [0, 30, 90];

beforeEach(() => void jest.useFakeTimers({ now: Date.parse('2026-01-05T10:00:00Z') }));
afterEach(() => void jest.useRealTimers());

const advance = async (ms: number) => await jest.advanceTimersByTimeAsync(ms);

const order = (script = 'Hi') => ({ url: '/videos', body: { script } });

/** As the list shows it, made so long after now, in milliseconds. */
const job = (id: string, after = 0, more: IDataObject = {}): IDataObject => ({
  id,
  script: 'Hi',
  created_at: new Date(Date.now() + after).toISOString(),
  ...more,
});
const page = (jobs: IDataObject[], has_more = false) => answered({ data: jobs, has_more });

/** Somebody who looks for orders in a list that answers like this. */
function looking(answer: Answering) {
  const claims = new Claims();
  const lookout = new Lookout(claims, '/videos');
  const account = new Account();
  let asked = 0;
  const find = ({
    after = 0,
    script = 'Hi',
    timeout = undefined as number | undefined,
    isOld = false,
    signal = undefined as AbortSignal | undefined,
  } = {}) => {
    const { context } = fakeContext({
      signal,
      answer: (request) => {
        asked += 1;
        return answer(request);
      },
    });
    const run = new NodeRun(1, 0, async () => account, 5, signal);
    const item = { context, index: 0, run, prepared: { url: '/videos', timeout } };
    return lookout.find(item, order(script), Date.now() + after, isOld);
  };
  return {
    claims,
    find,
    get asked() {
      return asked;
    },
  };
}

test('what is found is claimed, at the first look that shows it', async () => {
  const since = Date.now();
  const place = looking(() => page(Date.now() - since < 30 ? [] : [job('found')]));
  const finding = place.find();
  await advance(100);
  expect(await finding).toMatchObject({ job: { id: 'found' }, looks: 2, since, at: since + 30 });
  expect(place.claims.isClaimed('found')).toBe(true);
  expect(place.asked).toBe(2);
});

test('what is not there is looked for as often as it may still come', async () => {
  const place = looking(() => page([job('other', 0, { script: 'Ho' })]));
  const finding = place.find();
  await advance(200);
  expect(await finding).toMatchObject({ job: undefined, looks: LOOKS.length, trouble: undefined });
  expect(place.asked).toBe(LOOKS.length);
});

test('all that are in doubt share their looks, also who comes later', async () => {
  const place = looking(() => page([]));
  const both = [place.find(), place.find()];
  await advance(12);
  expect(place.asked).toBe(2);
  const later = place.find();
  await advance(9);
  expect(place.asked).toBe(3);
  await advance(500);
  expect((await Promise.all([...both, later])).map(({ looks }) => looks)).toEqual([5, 4, 4]);
  expect(place.asked).toBe(6);
});

test.each([
  [5 * SECOND, 66 * SECOND, false],
  [5 * SECOND, 64 * SECOND, true],
  [undefined, 66 * SECOND, true],
  [undefined, 361 * SECOND, false],
])('an answer waited for %s ms, a job made after %i ms: %s', async (timeout, after, isFound) => {
  const finding = looking(() => page([job('late', after)])).find({ timeout });
  await advance(200);
  expect((await finding).job?.id).toBe(isFound ? 'late' : undefined);
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

  test('as far back as a minute before the first request', async () => {
    const pages = paged(
      [job('1', 10 * SECOND, { script: 'x' }), job('2', -30 * SECOND, { script: 'x' })],
      [job('3', -40 * SECOND), job('4', -70 * SECOND, { script: 'x' })],
      [job('5', -71 * SECOND, { script: 'x' })],
    );
    const place = looking(pages);
    expect(await place.find({ isOld: true })).toMatchObject({ job: { id: '3' }, looks: 1 });
    expect(place.asked).toBe(2);
  });

  test('for the oldest of all doubts', async () => {
    const pages = paged(
      [job('1', 10 * SECOND, { script: 'x' }), job('2', -70 * SECOND, { script: 'x' })],
      [job('3', -110 * SECOND, { script: 'old' })],
    );
    const place = looking(pages);
    const both = [place.find(), place.find({ script: 'old', after: -120 * SECOND })];
    await advance(200);
    expect((await Promise.all(both)).map((finding) => finding.job?.id)).toEqual([undefined, '3']);
  });

  test('to no end where it has none, which is said', async () => {
    let entries = 0;
    const place = looking(() => page([job(`x${++entries}`, 0, { script: 'x' })], true));
    const { trouble } = await place.find({ isOld: true });
    expect(trouble).toMatch(/^Only the newest \d+ entries of the list were read$/);
    expect(place.asked).toBeLessThanOrEqual(21);
  });
});

test.each([
  [401, 1],
  [403, 1],
  [429, LOOKS.length],
  [500, LOOKS.length],
  [502, LOOKS.length],
])('a list refused with %i is looked at %i times', async (status, times) => {
  const place = looking(() => answered({}, status));
  const finding = place.find();
  await advance(200);
  const { trouble, looks } = await finding;
  expect([looks, place.asked]).toEqual([times, times]);
  expect(trouble).toEqual(expect.any(String));
});

test('a list that is out of reach says which one it is', async () => {
  const finding = looking(() => connectionReset).find();
  await advance(200);
  expect((await finding).trouble).toMatch(/ list the videos\b/);
});

test('what an order on its way may have made is left alone', async () => {
  const place = looking(() => page([job('another')]));
  place.claims.underWay.add(order());
  const finding = place.find();
  await advance(200);
  expect((await finding).job).toBeUndefined();
});

describe('An execution that is cancelled', () => {
  test('looks no more, and says why', async () => {
    const cancel = new AbortController();
    const place = looking(() => page([]));
    const finding = place.find({ signal: cancel.signal });
    const end = expect(finding).rejects.toThrow('stopped');
    await advance(5);
    cancel.abort(new Error('stopped'));
    await end;
    await advance(500);
    expect(place.asked).toBe(1);
    const tooLate = place.find({ signal: cancel.signal });
    await expect(tooLate).rejects.toThrow('stopped');
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
    await advance(500);
    await end;
    expect((await other).job?.id).toBe('one');
  });

  test('in whose name a look was made, which it spoils, costs the others none of theirs', async () => {
    const cancel = new AbortController();
    const place = looking(() => {
      if (cancel.signal.aborted) return page([]);
      cancel.abort(new Error('stopped'));
      return connectionReset;
    });
    const end = expect(place.find({ signal: cancel.signal })).rejects.toThrow('stopped');
    const other = place.find();
    await advance(500);
    await end;
    expect(await other).toMatchObject({ looks: LOOKS.length });
    expect(place.asked).toBe(LOOKS.length + 1);
  });
});
