import { describeStop, type JobList, rangesOf } from '../../../nodes/ITeraBiz/messages/items.ts';

const own = { message: 'Too long', description: 'Shorten it' };

/** A map of these many items, in reverse order, as they may well come in. */
function byItem<T>(count: number, value: (item: number) => T): Map<number, T> {
  const items = Array.from({ length: count }, (_, index) => count - 1 - index);
  return new Map(items.map((item) => [item, value(item)]));
}

const nobody = { failures: new Map(), skipped: new Set<number>() };
const counted = (item: number) =>
  `This is item ${item + 1} of 200 (n8n counts from 0 and calls it [item ${item}]).`;

/** What a user reads below the title, line by line. */
function linesOf(
  item: number,
  { failures = nobody.failures, skipped = nobody.skipped }: Partial<typeof nobody>,
  lists: JobList[] = [],
): string[] {
  const said = describeStop(own, item, { failures, skipped }, 200, lists, 'Wait for them');
  expect(said.message).toBe('Too long');
  return said.description.split('\n');
}

test('where nothing else happened, the message is the own one', () => {
  const empty = [{ title: 'Accepted', jobs: [] }];
  const all = { ...nobody, failures: new Map([[0, own]]) };
  expect(describeStop(own, 0, all, 1, empty, 'Wait')).toEqual(own);
});

test('an error without a description, as of an expression, has the rest alone', () => {
  const bare = { message: 'No such node', description: '' };
  expect(describeStop(bare, 14, nobody, 200, [], '')).toEqual({
    message: 'No such node',
    description: counted(14),
  });
});

test('says which row the item is where there are several', () => {
  expect(linesOf(14, { failures: new Map([[14, own]]) })).toEqual(['Shorten it.', counted(14)]);
});

test('names every job in item order, list by list, and what to do about them', () => {
  const jobs = [...byItem(3, (item) => `video_${item}`)];
  const lists = [
    { title: 'Finished', jobs: [jobs[0]] },
    { title: 'Failed', jobs: [] },
    { title: 'Accepted', jobs: jobs.slice(1) },
  ];
  expect(linesOf(3, { failures: new Map([[3, own]]) }, lists)).toEqual([
    'Shorten it.',
    counted(3),
    'Finished:',
    'Item 3: video_2.',
    'Accepted:',
    'Item 1: video_0.',
    'Item 2: video_1.',
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
    'Shorten it.',
    counted(1),
    '7 more items failed:',
    'Items 1, 3–4, 6–7: Empty.',
    'Item 8: Fault 7.',
    'Item 9: Fault 8.',
    'Accepted:',
    'Item 5: video_4.',
    'Wait for them.',
  ]);
});

test('names what was not sent in one line', () => {
  expect(linesOf(0, { skipped: new Set([12, 11, 13, 199, 20, 21]) })).toEqual([
    'Shorten it.',
    counted(0),
    'Items 12–14, 21–22, 200: not sent.',
  ]);
});

test('speaks of one item in the singular', () => {
  const failures = byItem(2, () => own);
  expect(linesOf(1, { failures, skipped: new Set([7]) })).toEqual([
    'Shorten it.',
    counted(1),
    '1 more item failed:',
    'Item 1: Too long.',
    'Item 8: not sent.',
  ]);
});

test('names every job, however many there are', () => {
  const jobs = [...byItem(10_000, (item) => `video_${item}`)];
  const lines = linesOf(0, {}, [{ title: 'Accepted', jobs }]);
  expect(lines.slice(3, -1)).toEqual(
    jobs.map(([item, id]) => `Item ${item + 1}: ${id}.`).reverse(),
  );
});

test('of many reasons, some are left out, but no item', () => {
  const failures = byItem(31, (item) => ({ message: `Fault ${item}`, description: '' }));
  const lines = linesOf(0, { failures });
  expect(lines.at(-2)).toBe('Item 21: Fault 20.');
  expect(lines.at(-1)).toBe('Items 22–31: other reasons.');
});

test('items are named in ranges', () => {
  expect(rangesOf([7, 0, 2, 1])).toBe('Items 1–3, 8');
  expect(rangesOf([3])).toBe('Item 4');
  expect(rangesOf([3, 4])).toBe('Items 4–5');
  const even = Array.from({ length: 50 }, (_, item) => 2 * item);
  expect(rangesOf([...even, 99, 100])).toMatch(/^Items 1, 3, .*, 77, 79 … and 12 more$/);
});
