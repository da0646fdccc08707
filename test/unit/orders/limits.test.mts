import type { IDataObject } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { MAX_AGE } from '../../../nodes/ITeraBiz/account/dailyBudget.ts';
import type { Reply } from '../../shared/littleApi.mts';
import { api, errorOf, running } from './ordering.mts';

describe('A ceiling of the run', () => {
  test.each<[IDataObject, string]>([
    [
      { maxVideos: 2 },
      'This would order 3 videos, 90 seconds in all, but "Max Videos" allows only 2',
    ],
    [{ maxSeconds: '89' }, '"Max Seconds" allows only 89'],
  ])('a ceiling is kept by the whole run: %j', async (options, words) => {
    const place = running({ scripts: ['a', 'b', 'c'], options });
    expect(await errorOf(place)).toMatchObject({
      message: expect.stringContaining(words),
      description: expect.stringMatching(/^Nothing was sent to iTeraBiz/),
      context: { itemIndex: 0 },
    });
    expect(place.posts).toEqual([]);
  });

  test('a ceiling counts what would be sent: not what was accepted before, nor what is there', async () => {
    const account = new Account('one');
    const first = running({ account, scripts: ['a', 'b'], options: { maxVideos: 2 } });
    await first.output;
    const again = running({
      ...{ account, memory: first.memory },
      ...{ scripts: ['a', 'b', 'c', 'd'], options: { maxVideos: 2 } },
    });
    expect(await again.output).toHaveLength(4);
    expect(again.posts).toHaveLength(2);
  });

  test('where the node goes on, each row says that its run orders too much, and nothing is sent', async () => {
    const place = running({
      scripts: ['a', 'b'],
      options: { maxVideos: 1 },
      onError: 'continueRegularOutput',
    });
    expect(await place.output).toMatchObject(
      ['', 'notSent'].map((reason) => ({
        error: expect.stringMatching(/^This would order 2 videos/),
        ...(reason && { details: { reason } }),
      })),
    );
    expect(place.posts).toEqual([]);
  });
});

describe('In the middle of a run', () => {
  const { start } = MAX_AGE;
  beforeEach(() => void (MAX_AGE.start = 0));
  afterEach(() => void (MAX_AGE.start = start));

  const others = { id: 'other', created_at: new Date().toISOString() };
  const page = (...data: IDataObject[]) => ({ body: { data, has_more: false } });
  const cases: [string, Reply, RegExp][] = [
    ["that the account's videos can no longer be counted", { status: 403 }, /cannot be checked/],
    ['that others have used up the limit', page(others, { ...others, id: 'o2' }), /was used up by/],
  ];

  test.each(cases)(
    'it is seen %s: the rest is not sent, and the node stops',
    async (_, list, why) => {
      const place = running({
        ...{ scripts: ['a', 'b', 'c'], concurrency: 1, maxVideosPerDay: 3 },
        list: () => (api.by('GET').length > 2 ? list : page()),
      });
      const { message, description } = await errorOf(place);
      expect(message).toMatch(why);
      expect(description).toContain('Item 3: not sent');
      expect(description).toContain('Item 1: video_a');
      expect(place.posts).toHaveLength(1);
    },
  );

  test.each(cases)(
    'it is seen %s: each row says so where the node goes on',
    async (_, list, why) => {
      const place = running({
        ...{ scripts: ['a', 'b', 'c'], concurrency: 1, maxVideosPerDay: 3 },
        onError: 'continueErrorOutput',
        list: () => (api.by('GET').length > 2 ? list : page()),
      });
      expect((await place.output).map(({ id, error }) => id ?? error)).toEqual([
        'video_a',
        expect.stringMatching(why),
        expect.stringMatching(why),
      ]);
    },
  );
});
