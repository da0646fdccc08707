import type { IExecuteSingleFunctions } from 'n8n-workflow';

import { describeStop, errorJson, onErrorOf } from '../../../nodes/ITeraBiz/run/report.ts';

const own = { message: 'Too long', description: 'Shorten it' };

/** A map of these many items, in reverse order, as they may well come in. */
function byItem<T>(count: number, value: (item: number) => T): Map<number, T> {
  const items = Array.from({ length: count }, (_, index) => count - 1 - index);
  return new Map(items.map((item) => [item, value(item)]));
}

test('where nothing else happened, the message is the own one', () => {
  expect(describeStop(own, 0, new Map([[0, own]]), new Map(), 'Wait')).toEqual(own);
});

test('names every accepted job in item order', () => {
  const said = describeStop(
    own,
    3,
    new Map([[3, own]]),
    byItem(3, (item) => `video_${item}`),
    'Wait for them',
  );
  expect(said).toEqual({
    message: 'Too long',
    description: [
      'Shorten it',
      'iTeraBiz accepted these, and goes on with them. Wait for them:',
      'Item 0: video_0',
      'Item 1: video_1',
      'Item 2: video_2',
    ].join('\n'),
  });
});

test('names the other items that failed, in item order, before the accepted ones', () => {
  const failures = byItem(3, (item) => ({ message: `Fault ${item}`, description: 'unseen' }));
  const said = describeStop(own, 1, failures, new Map([[3, 'video_3']]), 'Wait');
  expect(said.description.split('\n')).toEqual([
    'Shorten it',
    '2 more items did not go well:',
    'Item 0: Fault 0',
    'Item 2: Fault 2',
    expect.stringContaining('accepted these'),
    'Item 3: video_3',
  ]);
});

test('speaks of one item in the singular', () => {
  const said = describeStop(
    own,
    1,
    byItem(2, () => own),
    new Map(),
    'Wait',
  );
  expect(said.description).toBe('Shorten it\n1 more item did not go well:\nItem 0: Too long');
});

test.each([
  [2_000, 'Item 1999: video_1999', 2_002],
  [2_001, '… and 1 more', 2_003],
  [2_500, '… and 500 more', 2_003],
])('a list of %i ends with "%s"', (count, last, length) => {
  const said = describeStop(
    own,
    0,
    new Map(),
    byItem(count, (item) => `video_${item}`),
    'Wait',
  );
  const lines = said.description.split('\n');
  expect(lines.at(-1)).toBe(last);
  expect(lines).toHaveLength(length);
});

describe('The item that goes on in place of a result', () => {
  const input = { row: 7, error: 'from before' };

  test('keeps the fields of its input', () => {
    expect(errorJson(own, 'continueRegularOutput', input)).toEqual({
      row: 7,
      error: 'Too long. Shorten it',
    });
  });

  test('has nothing but an error for the error output, where n8n adds the fields', () => {
    expect(errorJson(own, 'continueErrorOutput', input)).toEqual({ error: 'Too long. Shorten it' });
    const stopped = { ...own, message: 'Too long.' };
    expect(errorJson(stopped, 'continueErrorOutput', input)).toEqual({
      error: 'Too long. Shorten it',
    });
  });

  test('names the video that the failure is about', () => {
    const details = { videoId: 'video_1' };
    expect(errorJson(own, 'continueErrorOutput', input, 'video_1')).toEqual({
      error: 'Too long. Shorten it',
      details,
    });
    expect(errorJson(own, 'continueRegularOutput', input, 'video_1')).toEqual({
      row: 7,
      error: 'Too long. Shorten it',
      details,
    });
  });

  test('has no empty sentence', () => {
    expect(errorJson({ ...own, description: '' }, 'continueErrorOutput', {}).error).toBe(
      'Too long',
    );
  });
});

test.each([
  [false, undefined, 'stop'],
  [false, 'stopWorkflow', 'stop'],
  [true, 'continueRegularOutput', 'continueRegularOutput'],
  [true, 'continueErrorOutput', 'continueErrorOutput'],
  // The setting's older form, Continue On Fail, and an AI tool
  [true, undefined, 'continueRegularOutput'],
])('continueOnFail %p with onError %p means %s', (continues, onError, expected) => {
  const context = { continueOnFail: () => continues, getNode: () => ({ onError }) };
  expect(onErrorOf(context as unknown as IExecuteSingleFunctions)).toBe(expected);
});
