import type { IExecuteSingleFunctions } from 'n8n-workflow';

import {
  describeStop,
  errorJson,
  type JobList,
  onErrorOf,
} from '../../../nodes/ITeraBiz/run/report.ts';

const own = { message: 'Too long', description: 'Shorten it' };

/** A map of these many items, in reverse order, as they may well come in. */
function byItem<T>(count: number, value: (item: number) => T): Map<number, T> {
  const items = Array.from({ length: count }, (_, index) => count - 1 - index);
  return new Map(items.map((item) => [item, value(item)]));
}

const nobody = { failures: new Map(), notSent: new Set<number>(), size: 1 };
const counted = (item: number) => `n8n counts items from 0: item ${item} is row ${item + 1}.`;

/** What a user reads below the title, line by line. */
function linesOf(
  item: number,
  { failures = nobody.failures, notSent = nobody.notSent }: Partial<typeof nobody>,
  lists: JobList[] = [],
): string[] {
  const said = describeStop(own, item, { failures, notSent, size: 200 }, lists, 'Wait for them');
  expect(said.message).toBe('Too long');
  return said.description.split('\n');
}

test('where nothing else happened, the message is the own one', () => {
  const empty = [{ title: 'Accepted', jobs: [] }];
  const run = { ...nobody, failures: new Map([[0, own]]) };
  expect(describeStop(own, 0, run, empty, 'Wait')).toEqual(own);
});

test('says which row the item is where there are several', () => {
  expect(linesOf(14, { failures: new Map([[14, own]]) })).toEqual(['Shorten it', counted(14)]);
});

test('names every job in item order, list by list, and what to do about them', () => {
  const jobs = [...byItem(3, (item) => `video_${item}`)];
  const lists = [
    { title: 'Finished', jobs: [jobs[0]] },
    { title: 'Failed', jobs: [] },
    { title: 'Accepted', jobs: jobs.slice(1) },
  ];
  expect(linesOf(3, { failures: new Map([[3, own]]) }, lists)).toEqual([
    'Shorten it',
    counted(3),
    'Finished:',
    'Item 2: video_2',
    'Accepted:',
    'Item 0: video_0',
    'Item 1: video_1',
    'Wait for them.',
  ]);
});

test('names the other items that failed, in item order, those with one message together', () => {
  const failures = byItem(9, (item) => ({
    message: item < 7 ? 'Empty' : `Fault ${item}`,
    description: 'unseen',
  }));
  failures.delete(4);
  expect(linesOf(1, { failures }, [{ title: 'Accepted', jobs: [[4, 'video_4']] }])).toEqual([
    'Shorten it',
    counted(1),
    '7 more items did not go well:',
    'Items 0, 2–3, 5–6: Empty',
    'Item 7: Fault 7',
    'Item 8: Fault 8',
    'Accepted:',
    'Item 4: video_4',
    'Wait for them.',
  ]);
});

test('names what was not sent in one line', () => {
  expect(linesOf(0, { notSent: new Set([12, 11, 13, 199, 20, 21]) })).toEqual([
    'Shorten it',
    counted(0),
    'Items 11–13, 20–21, 199: not sent',
  ]);
});

test('speaks of one item in the singular', () => {
  const failures = byItem(2, () => own);
  expect(linesOf(1, { failures, notSent: new Set([7]) })).toEqual([
    'Shorten it',
    counted(1),
    '1 more item did not go well:',
    'Item 0: Too long',
    'Item 7: not sent',
  ]);
});

test.each([
  [2_000, 'Item 1999: video_1999', 2_004],
  [2_001, '… and 1 more', 2_005],
  [2_500, '… and 500 more', 2_005],
])('a list of %i ends with "%s"', (count, last, length) => {
  const jobs = [...byItem(count, (item) => `video_${item}`)];
  const lines = linesOf(0, {}, [{ title: 'Accepted', jobs }]);
  expect(lines.at(-2)).toBe(last);
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
