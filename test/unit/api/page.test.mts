import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import {
  type Page,
  type Pageful,
  pageIn,
  pageQuery,
  pages,
  PAGE_SIZE,
} from '../../../nodes/ITeraBiz/api/page.ts';

const entries = (...ids: unknown[]) => ids.map((id) => ({ id })) as IDataObject[];

/** Asks for these pages one after the other, and notes what they were to follow. */
async function read(...answers: Page[]) {
  const asked: (string | undefined)[] = [];
  const got: Pageful[] = [];
  for await (const page of pages(async (after) => answers[asked.push(after) - 1])) got.push(page);
  return { asked, got };
}

test('the first page follows nothing, each other one the last entry before it', async () => {
  const { asked, got } = await read(
    { data: entries('a', 'b'), has_more: true },
    { data: entries('c', 'd'), has_more: true },
    { data: entries('e'), has_more: false },
  );
  expect(asked).toEqual([undefined, 'b', 'd']);
  expect(got).toEqual([
    { newItems: entries('a', 'b'), cursorStalled: false },
    { newItems: entries('c', 'd'), cursorStalled: false },
    { newItems: entries('e'), cursorStalled: false },
  ]);
});

test('an empty list is one page', async () => {
  const { asked, got } = await read({ data: [], has_more: false });
  expect(asked).toEqual([undefined]);
  expect(got).toEqual([{ newItems: [], cursorStalled: false }]);
});

test('what an earlier page had does not come again', async () => {
  const { asked, got } = await read(
    { data: entries('a', 'b'), has_more: true },
    { data: entries('b', 'c'), has_more: false },
  );
  expect(asked).toEqual([undefined, 'b']);
  expect(got[1].newItems).toEqual(entries('c'));
});

test('what a page has twice comes once', async () => {
  const { got } = await read({
    data: entries('a', 'b', 'a', undefined, undefined),
    has_more: false,
  });
  expect(got[0].newItems).toEqual(entries('a', 'b', undefined, undefined));
});

test('a page that brings nothing new although there is more is the last one', async () => {
  const page = { data: entries('a', 'b'), has_more: true };
  const { asked, got } = await read(page, page, page);
  expect(asked).toEqual([undefined, 'b']);
  expect(got[1]).toEqual({ newItems: [], cursorStalled: true });
});

test('so is an empty page, and one whose last entry has no ID', async () => {
  const empty = await read({ data: [], has_more: true });
  expect(empty.got).toEqual([{ newItems: [], cursorStalled: true }]);
  const nameless = await read({ data: entries('a', undefined), has_more: true });
  expect(nameless.got).toEqual([{ newItems: entries('a', undefined), cursorStalled: true }]);
});

test('a repeated last page of a list that ends is no circle', async () => {
  const { got } = await read(
    { data: entries('a'), has_more: true },
    { data: entries('a'), has_more: false },
  );
  expect(got[1]).toEqual({ newItems: [], cursorStalled: false });
});

test('entries without an ID are all kept, since nobody can tell them apart', async () => {
  const { got } = await read(
    { data: entries(undefined, undefined, 'a'), has_more: true },
    { data: entries(undefined), has_more: false },
  );
  expect(got.map(({ newItems }) => newItems.length)).toEqual([3, 1]);
});

test('a list that repeats entries without an ID goes in circles, too', async () => {
  const page = { data: entries(undefined, 'a'), has_more: true };
  const { got } = await read(page, page, page);
  expect(got.map(({ cursorStalled }) => cursorStalled)).toEqual([false, true]);
});

test('a number as ID goes into the next request as text', async () => {
  const { asked } = await read(
    { data: entries(1, 2), has_more: true },
    { data: entries(3), has_more: false },
  );
  expect(asked).toEqual([undefined, '2']);
});

test('nobody asks for a page that is not wanted', async () => {
  const fetch = jest.fn(async () => ({ data: entries(String(Math.random())), has_more: true }));
  for await (const { cursorStalled } of pages(fetch)) {
    expect(cursorStalled).toBe(false);
    break;
  }
  expect(fetch).toHaveBeenCalledTimes(1);
});

test('of any list in pages of any size each entry comes once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(30), fc.integer({ min: 1, max: 8 }), async (total, size) => {
      const all = entries(...Array.from({ length: total }, (_, index) => `id${index}`));
      let requests = 0;
      const fetch = async (after?: string): Promise<Page> => {
        requests += 1;
        const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
        return { data: all.slice(start, start + size), has_more: start + size < total };
      };
      const got: IDataObject[] = [];
      for await (const { newItems } of pages(fetch)) got.push(...newItems);
      expect(got).toEqual(all);
      expect(requests).toBe(Math.max(1, Math.ceil(total / size)));
    }),
  );
});

test('however a server answers, it comes to an end after as many pages as bring something new', async () => {
  const page = fc.record({
    data: fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e') }), { maxLength: 4 }),
    has_more: fc.constant(true),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(page, { minLength: 7, maxLength: 7 }), async (answers) => {
      const { asked, got } = await read(...answers);
      expect(asked.length).toBeLessThanOrEqual(6);
      expect(got.at(-1)!.cursorStalled).toBe(true);
    }),
  );
});

describe('The page in an answer', () => {
  test.each([
    [
      { data: [{ id: 1 }], has_more: true },
      { data: [{ id: 1 }], has_more: true },
    ],
    [
      { data: [{ id: 1 }], has_more: 'yes' },
      { data: [{ id: 1 }], has_more: true },
    ],
    [{ data: [] }, { data: [], has_more: false }],
    [
      { data: [{ id: 1 }], hasMore: true },
      { data: [{ id: 1 }], has_more: true },
    ],
    [
      { data: [{ id: 1 }], has_more: false, hasMore: true },
      { data: [{ id: 1 }], has_more: false },
    ],
    [[], { data: [], has_more: false }],
    [{ data: null }, { data: [], has_more: false }],
    [
      { data: null, has_more: null, success: true },
      { data: [], has_more: false },
    ],
  ])('of %j', (body, page) => {
    expect(pageIn(body)).toEqual(page);
  });

  test.each([
    [{}],
    // Entries that cannot be read are not to look like none.
    [{ data: ['video_1', 'video_2'] }],
    [[{ id: 1 }, 'text']],
    [{ data: [{ id: 1 }, null] }],
    [{ data: {} }],
    [{ data: null, error: 'No' }],
    [{ data: null, success: false }],
    [{ data: null, success: true, error: 'No' }],
    [{ videos: [] }],
    ['<html>'],
    [''],
    [null],
    [undefined],
    [5],
  ])('of %j is none', (body) => {
    expect(pageIn(body)).toBeUndefined();
  });
});

describe('Whether another page follows', () => {
  const full = entries(...Array.from({ length: PAGE_SIZE }, (_, index) => index));

  test.each([
    [true, true],
    ['true', true],
    [1, true],
    ['1', true],
    [undefined, true],
    [null, true],
    ['', true],
    ['maybe', true],
    [{}, true],
    [false, false],
    ['false', false],
    [0, false],
    ['no', false],
  ])('after a full page with has_more %j: %s', (has_more, expected) => {
    expect(pageIn({ data: full, has_more })?.has_more).toBe(expected);
  });

  test('a bare list that is full, too', () => {
    expect(pageIn(full)?.has_more).toBe(true);
  });

  test.each([undefined, null, 'maybe'])('is open after a short one with %j', (has_more) => {
    expect(pageIn({ data: full.slice(1), has_more })?.has_more).toBeUndefined();
    expect(pageIn({ data: full.slice(1), has_more }, PAGE_SIZE - 1)?.has_more).toBe(true);
  });

  test('nor where more came than were asked for: there are no pages', () => {
    expect(pageIn([...full, { id: 'one more' }])?.has_more).toBe(false);
  });

  test.each([PAGE_SIZE, 20])('250 entries without has_more are read to their end', async (size) => {
    const all = entries(...Array.from({ length: 250 }, (_, index) => `id${index}`));
    const got: IDataObject[] = [];
    const fetch = async (after?: string) => {
      const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      return pageIn({ data: all.slice(start, start + size) })!;
    };
    for await (const { newItems, cursorStalled } of pages(fetch)) {
      got.push(...newItems);
      expect(cursorStalled).toBe(false);
    }
    expect(got).toEqual(all);
  });

  test('a short list without has_more and without pages is read twice, and ends', async () => {
    const { asked, got } = await read({ data: entries('a', 'b') }, { data: entries('a', 'b') });
    expect(asked).toEqual([undefined, 'b']);
    expect(got[1]).toEqual({ newItems: [], cursorStalled: false });
  });
});

test('an ID is the same as a number and as text', async () => {
  const { got } = await read(
    { data: entries(1, 2), has_more: true },
    { data: entries('2', '3'), has_more: false },
  );
  expect(got[1].newItems).toEqual(entries('3'));
});

test('a page is requested by its size, and by the entry that it follows', () => {
  expect(pageQuery()).toStrictEqual({ limit: PAGE_SIZE });
  expect(pageQuery('a', 7)).toEqual({ limit: 7, starting_after: 'a' });
});

test('the largest page is the largest that the API allows', () => {
  expect(PAGE_SIZE).toBe(100);
});
