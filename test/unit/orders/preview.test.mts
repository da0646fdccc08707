import type { IDataObject } from 'n8n-workflow';

import { BadInput } from '../../../nodes/ITeraBiz/fields/validate.ts';
import { previewOf } from '../../../nodes/ITeraBiz/orders/preview.ts';
import type { Allowance } from '../../../nodes/ITeraBiz/orders/limits.ts';
import type { Row, Rows } from '../../../nodes/ITeraBiz/orders/rows.ts';

/** A row that can be ordered, of 10 seconds. */
const row = (item: number, body: IDataObject = {}): Row => ({
  item,
  options: {},
  waits: false,
  order: { url: '/videos', body: { avatar_id: 'a', script: `${item}`, duration: 10, ...body } },
  key: `${item}`,
});

const rowsOf = (good: Row[], bad: Rows['bad'] = new Map()): Rows => ({
  ...{ good, bad, isPreview: true, maxVideos: Infinity, maxSeconds: Infinity },
});

function preview(
  good: Row[],
  avatars?: string[],
  bad?: Rows['bad'],
  more: Partial<Allowance> = {},
) {
  const known = avatars && ((id: string) => avatars.includes(id));
  const allowance = { allowed: good, refused: [], ...more };
  const { items, summary } = previewOf(rowsOf(good, bad), allowance, known);
  return {
    summary,
    reasons: Object.fromEntries([...items].map(([item, { reason }]) => [item, reason])),
  };
}

test('an avatar that the account has not would not be ordered, nor counted', () => {
  const good = [row(0), row(1, { avatar_id: 'b' }), row(2)];
  expect(preview(good, ['a'])).toEqual({
    summary: '2 videos, 20 seconds in all would be ordered; 1 would not.',
    reasons: {
      0: 'One of 2 videos, 20 seconds in all',
      1: 'Your account has no avatar "b"',
      2: 'One of 2 videos, 20 seconds in all',
    },
  });
});

test('where the avatars are not known, none is missing', () => {
  expect(preview([row(0)])).toEqual({
    summary: '1 video, 10 seconds would be ordered.',
    reasons: { 0: '1 video, 10 seconds' },
  });
});

test('an avatar ID may be a number', () => {
  expect(preview([row(0, { avatar_id: 7 })], ['7']).summary).toMatch(/^1 video/);
});

test('equal rows name the first of them', () => {
  const good = [row(4, { script: 'x' }), row(5), row(6, { script: 'x' }), row(9, { script: 'x' })];
  const { reasons } = preview(good, ['a']);
  const all = 'One of 4 videos, 40 seconds in all';
  const same = `${all}. The same order as item 5`;
  expect(reasons).toEqual({ 4: all, 5: all, 6: same, 9: same });
});

test('the summary counts invalid rows, and the day is named once', () => {
  const bad: Rows['bad'] = new Map([[1, { error: new Error('Bad'), body: {} }]]);
  expect(preview([row(0)], ['a'], bad, { limit: 9, used: 3 })).toEqual({
    summary: '1 video, 10 seconds would be ordered; 1 would not.',
    reasons: { 0: '1 video, 10 seconds. Last 24 hours: 3 of 9 videos', 1: 'Bad' },
  });
});

test('each row that would not be ordered says why, and names the video that is there', () => {
  const good: Row[] = [
    { ...row(0), known: { state: 'accepted', answer: { id: 'video_1' } } },
    { ...row(1), match: { job: { id: 'video_2' }, key: '' } },
    { ...row(2), known: { state: 'sent' } },
    row(3),
    row(4, { avatar_id: 'b' }),
    { ...row(5), known: { state: 'sent' }, options: { resubmitUnknown: true } },
  ];
  const refusal = { message: 'Too much', description: 'Raise the limit.' };
  const allowance = { allowed: [good[4], good[5]], refused: [good[3]], refusal };
  const { items } = previewOf(rowsOf(good), allowance, (id) => id === 'a');
  const not = (reason: string, videoId?: string) => ({ wouldOrder: false, reason, videoId });
  const shown = [...items.values()].map(({ wouldOrder, reason, videoId }) => {
    return { wouldOrder, reason, videoId };
  });
  expect(shown).toEqual([
    not('It was ordered before, in this execution', 'video_1'),
    not('Your account has this video already', 'video_2'),
    not(
      'Check this one: an earlier try may have been accepted already, so it would not be sent again',
    ),
    not('Too much. Raise the limit.'),
    not('Your account has no avatar "b"'),
    { wouldOrder: true, reason: '1 video, 10 seconds' },
  ]);
  expect([...items.values()].map(({ request }) => request)).toEqual(
    good.map(({ order }) => order.body),
  );
});

test('an invalid row says what is wrong, and shows its values', () => {
  const body = { script: '' };
  const error = new BadInput('"Script" is empty', 'Enter it');
  const bad: Rows['bad'] = new Map([[0, { error, body }]]);
  const allowance = { allowed: [], refused: [] };
  expect(previewOf(rowsOf([], bad), allowance).items.get(0)).toEqual({
    ...{ wouldOrder: false, reason: '"Script" is empty. Enter it', request: body },
  });
});
