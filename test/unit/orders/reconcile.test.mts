import fc from 'fast-check';

import { assign } from '../../../nodes/ITeraBiz/orders/reconcile.ts';
import type { Order } from '../../../nodes/ITeraBiz/orders/sameOrder.ts';

const MINUTE = 60_000;
const order = (script: string, more = {}): Order => ({ url: '/videos', body: { script, ...more } });
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
  underWay: Order[] = [],
) => {
  const found = assign(doubts, listed, underWay);
  return doubts.map((one) => found.get(one)?.id);
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
  expect(idsFor([doubt('a')], [job('x', 'a', 5)], [order('a', { background: 'office' })])).toEqual([
    undefined,
  ]);
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
      (sent, made, underWay) => {
        const doubts = sent.map(([script, at]) => doubt(script, at));
        const listed = made.map(([script, at], n) => job(String(n), script, at));
        const found = assign(
          doubts,
          listed,
          underWay.map((script) => order(script)),
        );
        const ids = [...found.values()].map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const [{ order: of, sentAt }, entry] of found) {
          const { at } = listed[Number(entry.id)];
          expect(entry.script).toBe(of.body.script);
          expect(underWay).not.toContain(entry.script);
          expect(at - sentAt).toBeGreaterThanOrEqual(-MINUTE);
          expect(at - sentAt).toBeLessThanOrEqual(2 * MINUTE);
        }
        // Nobody goes without while a job is left that would be theirs.
        for (const lone of doubts.filter((one) => !found.has(one))) {
          const left = listed.filter(
            ({ entry, at }) =>
              entry.script === lone.order.body.script &&
              !underWay.some((one) => one === entry.script) &&
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
