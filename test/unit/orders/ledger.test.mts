import fc from 'fast-check';
import type { IContextObject } from 'n8n-workflow';

import { ExecutionLog } from '../../../nodes/ITeraBiz/orders/executionLog.ts';
import { Ledger } from '../../../nodes/ITeraBiz/orders/ledger.ts';

const order = { url: '/videos', body: { script: 'Hello' } };
const ledgerIn = (memory: IContextObject = {}, run = 0, account = 'mine') =>
  new Ledger(memory, run, account, 'as entered');

test('knows nothing of a submission until it is sent', () => {
  expect(ledgerIn().find(ledgerIn().keyOf(0, order))).toBeUndefined();
});

test('keeps what is sent, accepted and refused', () => {
  const ledger = ledgerIn();
  const key = ledger.keyOf(0, order);
  ledger.sent(key, 7);
  expect(ledger.find(key)).toMatchObject({ state: 'sent', at: 7 });
  ledger.refused(key);
  expect(ledger.find(key)).toBeUndefined();
  ledger.accepted(key, { id: 'video_1' });
  expect(ledger.find(key)).toEqual({
    ...{
      state: 'accepted',
      answer: { id: 'video_1' },
      origin: expect.stringMatching(/^[0-9a-f]{8}$/),
      account: 'mine',
    },
  });
  ledger.accepted(key, { id: 'video_1' }, false);
  expect(ledger.find(key)).toMatchObject({ reused: false });
  expect(ledger.answers).toEqual([{ id: 'video_1' }]);
});

test('a refusal takes back no earlier doubt', () => {
  const ledger = ledgerIn();
  const key = ledger.keyOf(0, order);
  ledger.sent(key, 7);
  const before = ledger.find(key);
  ledger.sent(key, 9);
  ledger.refused(key, before);
  expect(ledger.find(key)).toMatchObject({ state: 'sent', at: 7 });
});

test('is found again in the memory as n8n stores it with an execution', () => {
  const memory: IContextObject = { mine: 1 };
  const before = ledgerIn(memory, 2);
  const key = before.keyOf(7, order);
  before.accepted(key, { id: 'video_1' });
  before.sent('other', 1);

  const stored = JSON.parse(JSON.stringify(memory)) as IContextObject;
  const after = ledgerIn(stored, 2);
  expect(after.find(after.keyOf(7, order))).toMatchObject({
    state: 'accepted',
    answer: { id: 'video_1' },
  });
  expect(after.idempotencyKey(key)).toBe(before.idempotencyKey(key));
  expect(stored.mine).toBe(1);
});

test('the record of an older version, which named no account, is still read', () => {
  const memory: IContextObject = {};
  const ledger = ledgerIn(memory);
  const { entries } = memory.submissions as { entries: object };
  // As version 0.1.0 named it: run 0, item 3, a hash of "POST /videos" and the body.
  const former = '0/3/7f3fd320845f968ed8df1fd0807cbb43';
  Object.assign(entries, { [former]: { state: 'sent' } });
  expect(ledger.find(ledger.keyOf(3, order))).toEqual({ state: 'sent' });
  expect(ledger.find(ledger.keyOf(4, order))).toBeUndefined();
  ledger.accepted(ledger.keyOf(3, order), { id: 'video_1' });
  expect(ledger.find(ledger.keyOf(3, order))).toMatchObject({ state: 'accepted' });
});

test.each([
  ['run of the node', 1, 'mine', 0, order],
  ['item', 0, 'mine', 1, order],
  ['body', 0, 'mine', 0, { ...order, body: { script: 'Bye' } }],
  ['address', 0, 'mine', 0, { ...order, url: '/avatars' }],
])('another %s is another submission', (_, run, account, item, other) => {
  const memory: IContextObject = {};
  const known = ledgerIn(memory);
  known.accepted(known.keyOf(0, order), { id: 'video_1' });
  const ledger = ledgerIn(memory, run, account);
  expect(ledger.keyOf(item, other)).not.toBe(known.keyOf(0, order));
  expect(ledger.find(ledger.keyOf(item, other))).toBeUndefined();
});

test('another account is the same submission, but told apart', () => {
  const memory: IContextObject = {};
  const known = ledgerIn(memory);
  known.accepted(known.keyOf(0, order), { id: 'video_1' });
  known.sent(known.keyOf(1, order), 7);
  const other = new Ledger(memory, 0, 'other', 'as changed since');
  const entry = other.find(other.keyOf(0, order))!;
  expect([entry.state, other.isForeign(entry)]).toEqual(['accepted', true]);
  // In another run, its doubts are not the other account's.
  const next = ledgerIn(memory, 1, 'other');
  expect(next.takeOver(next.keyOf(0, order))).toBeUndefined();
  const own = ledgerIn(memory, 1);
  expect(own.takeOver(own.keyOf(0, order))).toMatchObject({ at: 7 });
});

test('what this process knows of its own account comes before what was made for another', () => {
  const memory: IContextObject = {};
  const first = ledgerIn(memory);
  first.accepted(first.keyOf(0, order), { id: 'video_a' });
  const log = new ExecutionLog();
  const retryOf = (account: string) =>
    new Ledger(structuredClone(memory), 0, account, 'as entered', log);
  const other = retryOf('other');
  const key = other.keyOf(0, order);
  other.accepted(key, { id: 'video_b' });
  expect(retryOf('other').find(key)).toMatchObject({ answer: { id: 'video_b' } });
  expect(retryOf('other').find(key)).toMatchObject({ answer: { id: 'video_b' } });
  expect(retryOf('mine').find(key)).toMatchObject({ answer: { id: 'video_a' } });
});

test('what earlier tries of the run ordered is known by item', () => {
  const memory: IContextObject = {};
  const first = ledgerIn(memory);
  first.accepted(first.keyOf(3, order), { id: 'video_1' });
  first.sent(first.keyOf(4, order), 7);
  expect(first.ordered).toEqual([]);
  expect(ledgerIn(memory).ordered).toEqual([[3, { id: 'video_1' }]]);
  expect(ledgerIn(memory, 1).ordered).toEqual([]);
});

test('a key says run and item, which cannot be mistaken for each other, and is short', () => {
  const body = { script: 'x'.repeat(10_000) };
  expect(ledgerIn({}, 3).keyOf(14, { ...order, body })).toMatch(/^3\/14\/[0-9a-f]{32}$/);
  const place = fc.tuple(fc.nat(2_000), fc.nat(2_000));
  const keyOf = ([run, item]: [number, number]) => ledgerIn({}, run).keyOf(item, order);
  fc.assert(
    fc.property(place, place, (one, other) => {
      expect(keyOf(one) === keyOf(other)).toBe(one.join() === other.join());
    }),
  );
});

describe('An idempotency key', () => {
  test('is the same as long as nothing is certain, and another one for another submission', () => {
    const [one, other] = [ledgerIn(), ledgerIn()];
    const key = one.keyOf(0, order);
    expect(one.idempotencyKey(key)).toMatch(/^[0-9a-f]{32}$/);
    one.sent(key, 1);
    expect(one.idempotencyKey(key)).toBe(one.idempotencyKey(key));
    expect(one.idempotencyKey(key)).not.toBe(one.idempotencyKey(one.keyOf(1, order)));
    expect(one.idempotencyKey(key)).not.toBe(other.idempotencyKey(key));
  });

  test('is another one after each refusal, since an API may keep its first answer', () => {
    const memory: IContextObject = {};
    const ledger = ledgerIn(memory);
    const key = ledger.keyOf(0, order);
    const count = () => (memory.submissions as { refusals?: object }).refusals;
    const keys = [0, 1, 2].map(() => {
      const idempotencyKey = ledger.idempotencyKey(key);
      ledger.refused(key);
      return idempotencyKey;
    });
    expect(new Set(keys).size).toBe(3);
    expect(count()).toEqual({ [key]: 3 });
  });

  test('is shared with other executions that are to send the same', () => {
    const keys = [ledgerIn(), ledgerIn()].map((ledger) => {
      const key = ledger.keyOf(0, order);
      ledger.sent(key, 1, 'shared');
      return ledger.idempotencyKey(key);
    });
    expect(keys[0]).toBe(keys[1]);
  });

  test('stays the same while the outcome is unknown, whatever others would send by now', () => {
    const ledger = ledgerIn();
    const key = ledger.keyOf(0, order);
    const keys = ['one', 'two'].map((shared, at) => {
      ledger.sent(key, at, shared);
      return ledger.idempotencyKey(key);
    });
    expect(keys[0]).toBe(keys[1]);
    expect(ledger.find(key)).toMatchObject({ at: 1, shared: 'one' });
  });
});

test('of several earlier submissions of a row, the last one counts', () => {
  const memory: IContextObject = {};
  const keyOf = (script: string) => ledgerIn(memory).keyOf(0, { ...order, body: { script } });
  ledgerIn(memory).sent(keyOf('at 1'), 7);
  ledgerIn(memory).accepted(keyOf('at 2'), { id: 'video_1' });
  expect(ledgerIn(memory).findEarlier(0)).toMatchObject({ state: 'accepted' });
  expect(ledgerIn(memory).findEarlier(1)).toBeUndefined();
  expect(ledgerIn(memory, 1).findEarlier(0)).toBeUndefined();
});

test('the items of this run whose outcome is unknown are named, whichever try they are from', () => {
  const memory: IContextObject = {};
  const [ledger, other] = [ledgerIn(memory), ledgerIn(memory, 1)];
  [2, 11].forEach((item) => ledger.sent(ledger.keyOf(item, order), 1));
  ledger.accepted(ledger.keyOf(3, order), {});
  other.sent(other.keyOf(4, order), 1);
  expect([ledger.unknownItems, other.unknownItems]).toEqual([[2, 11], [4]]);
  expect(ledgerIn(memory).unknownItems).toEqual([2, 11]);
});

test('what another run has left unknown is taken over by one row that asks for the same', () => {
  const memory: IContextObject = {};
  const [key, refused, accepted] = ['0/7/x', '0/8/x', '0/9/x'];
  const first = ledgerIn(memory);
  [key, refused, accepted].forEach((each) => first.sent(each, 5));
  first.refused(refused);
  first.accepted(accepted, {});
  const next = ledgerIn(memory, 1);
  expect(next.takeOver('1/0/y')).toBeUndefined();
  expect(next.takeOver('1/0/x')).toMatchObject({ state: 'sent', at: 5 });
  expect(next.takeOver('1/1/x')).toBeUndefined();
  expect([next.find(key), next.find('1/0/x')]).toMatchObject([undefined, { state: 'sent' }]);
  expect(next.unknownItems).toEqual([0]);
  expect(ledgerIn(memory, 1).takeOver('1/1/x')).toBeUndefined();
});

test('of two calls of a tool that came at once, one takes over what is in doubt', () => {
  const memory: IContextObject = {};
  ledgerIn(memory).sent('0/0/x', 5);
  const [one, other] = [ledgerIn(memory, 1), ledgerIn(memory, 2)];
  expect(one.takeOver('1/0/x')).toMatchObject({ state: 'sent', at: 5 });
  expect(other.takeOver('2/0/x')).toBeUndefined();
});

test('what is taken over keeps its idempotency key, also when it is sent again', () => {
  const memory: IContextObject = {};
  const first = ledgerIn(memory);
  first.sent('0/7/x', 5);
  first.refused('0/7/x');
  first.sent('0/7/x', 6);
  const idempotencyKey = first.idempotencyKey('0/7/x');
  const next = ledgerIn(memory, 1);
  next.takeOver('1/0/x');
  next.sent('1/0/x', 9);
  expect(next.idempotencyKey('1/0/x')).toBe(idempotencyKey);
});

test('only accepted submissions have an answer', () => {
  const ledger = ledgerIn();
  ledger.sent('0/0/x', 1);
  ledger.accepted('0/1/x', { id: 'video_1' });
  expect(ledger.answers).toEqual([{ id: 'video_1' }]);
});

test('what was submitted with another key is told apart, by the beginning of its account', () => {
  const account = 'a very long hash';
  const ledger = ledgerIn({}, 0, account);
  ledger.accepted('0/0/x', {});
  const entry = ledger.find('0/0/x')!;
  expect(entry.account).toBe('a very l');
  expect(ledger.isForeign(entry)).toBe(false);
  expect(ledgerIn().isForeign(entry)).toBe(true);
  // Older versions did not record the account.
  expect(ledger.isForeign({})).toBe(false);
});

test('another source has no earlier submissions', () => {
  const memory: IContextObject = {};
  const ledger = ledgerIn(memory);
  ledger.sent(ledger.keyOf(0, order), 1);
  expect(new Ledger(memory, 0, 'mine', 'as changed since').findEarlier(0)).toBeUndefined();
  expect(ledgerIn(memory, 0, 'other').findEarlier(0)).toMatchObject({ state: 'sent' });
});

test('what an earlier retry ordered is known, with the source that it was made from', () => {
  const stored: IContextObject = {};
  const key = ledgerIn(stored).keyOf(0, order);
  ledgerIn(stored).sent(key, 7);
  const log = new ExecutionLog();
  const retryOf = (source: string, memory = stored) => {
    return new Ledger(structuredClone(memory), 0, 'mine', source, log);
  };
  retryOf('as entered').accepted(key, { id: 'video_1' });
  retryOf('as entered', {}).accepted(key, { id: 'video_2' });
  const ledger = retryOf('as entered');
  expect(ledger.answers).toEqual([{ id: 'video_1' }]);
  expect(ledger.findEarlier(0)).toBe(ledger.find(key));
  expect(retryOf('as changed since').find(key)).toMatchObject({ state: 'accepted' });
  expect(retryOf('as changed since').findEarlier(0)).toBeUndefined();
});

test('what an earlier retry left in doubt is known until it is settled, with the key that it was sent under', () => {
  const stored: IContextObject = {};
  const key = ledgerIn(stored).keyOf(0, order);
  const log = new ExecutionLog();
  const retryOf = (run = 0) => new Ledger(structuredClone(stored), run, 'mine', 'entered', log);
  const first = retryOf();
  first.sent(key, 7, 'shared');
  const sentUnder = first.idempotencyKey(key);
  const second = retryOf();
  expect(second.findEarlier(0)).toMatchObject({ state: 'sent', at: 7 });
  expect([second.idempotencyKey(key), retryOf().idempotencyKey(key)]).toEqual([
    sentUnder,
    sentUnder,
  ]);
  // A refusal of a second try does not settle the first one, which is looked for from its time.
  const before = second.find(key);
  second.sent(key, 9);
  second.refused(key, before);
  expect(retryOf().find(key)).toMatchObject({ state: 'sent', at: 7 });
  first.refused(key);
  expect(retryOf().find(key)).toBeUndefined();
  retryOf().sent(key, 11);
  retryOf().accepted(key, { id: 'video_1' });
  expect(retryOf().find(key)).toMatchObject({ state: 'accepted' });
  // A later run may get other items.
  const later = retryOf(1);
  const laterKey = later.keyOf(0, order);
  later.sent(laterKey, 13);
  expect(retryOf(1).findEarlier(0)).toBeUndefined();
  expect(retryOf(1).find(laterKey)).toMatchObject({ state: 'sent', at: 13 });
});

test('a doubt that an existing video has settled is none in later retries', () => {
  const stored: IContextObject = {};
  const key = ledgerIn(stored).keyOf(0, order);
  const log = new ExecutionLog();
  const retryOf = () => new Ledger(structuredClone(stored), 0, 'mine', 'entered', log);
  retryOf().sent(key, 7);
  retryOf().accepted(key, { id: 'video_1' }, true);
  expect(retryOf().find(key)).toBeUndefined();
});

test('a doubt after a refusal keeps its Idempotency-Key in later retries, and counts from when it was sent again', () => {
  const stored: IContextObject = {};
  const key = ledgerIn(stored).keyOf(0, order);
  const log = new ExecutionLog();
  const retryOf = () => new Ledger(structuredClone(stored), 0, 'mine', 'entered', log);
  const first = retryOf();
  first.sent(key, 7);
  first.refused(key);
  first.sent(key, 9);
  const sentUnder = first.idempotencyKey(key);
  const second = retryOf();
  expect(second.idempotencyKey(key)).toBe(sentUnder);
  second.sent(key, 11);
  expect(second.idempotencyKey(key)).toBe(sentUnder);
  expect(retryOf().find(key)).toMatchObject({ state: 'sent', at: 11 });
});

test('what an earlier retry sent again with other values and ordered comes before its doubt', () => {
  const stored: IContextObject = {};
  ledgerIn(stored);
  const log = new ExecutionLog();
  const retryOf = () => new Ledger(structuredClone(stored), 0, 'mine', 'entered', log);
  const first = retryOf();
  const later = { ...order, body: { script: 'Later' } };
  first.sent(first.keyOf(0, order), 7);
  first.accepted(first.keyOf(0, later), { id: 'video_1' });
  expect(retryOf().findEarlier(0)).toMatchObject({ answer: { id: 'video_1' } });
});

test('what an earlier retry ordered in a later run is known only by its content: other items may come there', () => {
  const stored: IContextObject = {};
  ledgerIn(stored, 2);
  const log = new ExecutionLog();
  const inRun = (run: number, memory = stored) =>
    new Ledger(memory, run, 'mine', 'as entered', log);
  const ordered = inRun(3, structuredClone(stored));
  const key = ordered.keyOf(0, order);
  ordered.accepted(key, { id: 'video_1' });
  inRun(2);
  const again = inRun(3);
  expect(again.findEarlier(0)).toBeUndefined();
  expect(again.find(key)).toMatchObject({ state: 'accepted' });
});

test('what an earlier retry did with another key is known as of that account, and its doubt gives way to what was ordered', () => {
  const stored: IContextObject = {};
  const log = new ExecutionLog();
  const key = ledgerIn(stored).keyOf(0, order);
  const retryOf = (account: string) =>
    new Ledger(structuredClone(stored), 0, account, 'as entered', log);
  retryOf('replaced').sent(key, 7);
  const doubting = retryOf('mine');
  expect(doubting.find(key)).toMatchObject({ state: 'sent', at: 7, account: 'replaced' });
  expect(doubting.isForeign(doubting.find(key)!)).toBe(true);
  retryOf('replaced').accepted(key, { id: 'video_1' });
  const knowing = retryOf('mine');
  expect(knowing.find(key)).toMatchObject({ state: 'accepted', answer: { id: 'video_1' } });
  expect(knowing.isForeign(knowing.find(key)!)).toBe(true);
  retryOf('mine').sent(key, 9);
  expect(retryOf('mine').find(key)).toMatchObject({ state: 'sent', at: 9 });
  retryOf('mine').accepted(key, { id: 'video_2' });
  expect(retryOf('mine').find(key)).toMatchObject({ answer: { id: 'video_2' } });
});

test('where a key was replaced twice, what this account has comes first, and no other replaces what is stored', () => {
  const stored: IContextObject = {};
  const log = new ExecutionLog();
  const key = ledgerIn(stored).keyOf(0, order);
  ledgerIn(stored).accepted(key, { id: 'video_a' });
  const retryOf = (account: string) =>
    new Ledger(structuredClone(stored), 0, account, 'as entered', log);
  const other = retryOf('other');
  other.sent(key, 7);
  expect(retryOf('third').find(key)).toMatchObject({ answer: { id: 'video_a' } });
  other.accepted(key, { id: 'video_b' });
  expect(retryOf('third').find(key)).toMatchObject({ answer: { id: 'video_a' } });
  // With an expression such as $now, each try has a key of its own.
  other.accepted(other.keyOf(0, { ...order, body: { script: 'Later' } }), { id: 'video_c' });
  expect(retryOf('mine').findEarlier(0)).toMatchObject({ answer: { id: 'video_a' } });
  expect(retryOf('other').findEarlier(0)).toMatchObject({ answer: { id: 'video_c' } });
});

test('a gateway that may have lost a yes gets the same Idempotency-Key again', () => {
  const ledger = ledgerIn();
  const key = ledger.keyOf(0, order);
  ledger.sent(key, 7);
  const sentUnder = ledger.idempotencyKey(key);
  ledger.refused(key, undefined, true);
  expect([ledger.find(key), ledger.idempotencyKey(key)]).toEqual([undefined, sentUnder]);
  ledger.refused(key);
  expect(ledger.idempotencyKey(key)).not.toBe(sentUnder);
});
