import fc from 'fast-check';
import type { IContextObject, IHttpRequestOptions } from 'n8n-workflow';

import { Ledger } from '../../../nodes/ITeraBiz/orders/ledger.ts';

const request: IHttpRequestOptions = { method: 'POST', url: '/videos', body: { script: 'Hello' } };

test('knows nothing of a submission at first', () => {
  const ledger = new Ledger({});
  expect(ledger.find(ledger.keyOf(0, 0, request))).toBeUndefined();
});

test('keeps what is sent, accepted and refused', () => {
  const ledger = new Ledger({});
  const key = ledger.keyOf(0, 0, request);
  ledger.sent(key);
  expect(ledger.find(key)).toEqual({ state: 'sent' });
  ledger.accepted(key, { id: 'video_1' });
  expect(ledger.find(key)).toEqual({ state: 'accepted', answer: { id: 'video_1' } });
  ledger.refused(key);
  expect(ledger.find(key)).toBeUndefined();
});

test('is found again in the context as n8n stores it with an execution', () => {
  const context: IContextObject = {};
  const before = new Ledger(context);
  const key = before.keyOf(2, 7, request);
  before.accepted(key, { id: 'video_1' });

  const after = new Ledger(JSON.parse(JSON.stringify(context)));
  expect(after.keyOf(2, 7, request)).toBe(key);
  expect(after.find(key)).toEqual({ state: 'accepted', answer: { id: 'video_1' } });
  expect(after.idempotencyKey(key)).toBe(before.idempotencyKey(key));
});

test('leaves what else is in the context alone', () => {
  const context: IContextObject = { mine: 1 };
  new Ledger(context).sent('a');
  new Ledger(context).sent('b');
  expect(context.mine).toBe(1);
  expect(new Ledger(context).find('a')).toEqual({ state: 'sent' });
  expect(new Ledger(context).find('b')).toEqual({ state: 'sent' });
});

test.each([
  ['run of the node', 1, 0, request],
  ['item', 0, 1, request],
  ['body', 0, 0, { ...request, body: { script: 'Bye' } }],
  ['address', 0, 0, { ...request, url: '/avatars' }],
  ['method', 0, 0, { ...request, method: 'PUT' as const }],
])('another %s is another submission', (_, run, item, other) => {
  const ledger = new Ledger({});
  expect(ledger.keyOf(run, item, other)).not.toBe(ledger.keyOf(0, 0, request));
});

test('what does not make a submission another one: headers, timeout, the base URL', () => {
  const ledger = new Ledger({});
  const other = { ...request, headers: { a: 'b' }, timeout: 5, baseURL: 'http://localhost' };
  expect(ledger.keyOf(0, 0, other)).toBe(ledger.keyOf(0, 0, request));
});

test('a key says run and item, and is short whatever the body is', () => {
  const body = { script: 'x'.repeat(10_000) };
  expect(new Ledger({}).keyOf(3, 14, { ...request, body })).toMatch(/^3\/14\/[0-9a-f]{32}$/);
});

test('run and item cannot be mistaken for each other', () => {
  const ledger = new Ledger({});
  const place = fc.tuple(fc.nat(2_000), fc.nat(2_000));
  fc.assert(
    fc.property(place, place, (one, other) => {
      const same = one[0] === other[0] && one[1] === other[1];
      expect(ledger.keyOf(...one, request) === ledger.keyOf(...other, request)).toBe(same);
    }),
  );
});

test('an idempotency key is the same for a submission, and differs by submission and execution', () => {
  const one = new Ledger({});
  const other = new Ledger({});
  const key = one.keyOf(0, 0, request);
  expect(one.idempotencyKey(key)).toMatch(/^[0-9a-f]{32}$/);
  expect(one.idempotencyKey(key)).toBe(one.idempotencyKey(key));
  expect(one.idempotencyKey(key)).not.toBe(one.idempotencyKey(one.keyOf(0, 1, request)));
  expect(one.idempotencyKey(key)).not.toBe(other.idempotencyKey(key));
});
