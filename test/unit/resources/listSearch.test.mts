import type { IDataObject, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { NodeOperationError, UserError } from 'n8n-workflow';

import { accountOf } from '../../../nodes/ITeraBiz/account/account.ts';
import {
  avatarEntry,
  searchAvatars,
  searchVideos,
  timeFormat,
  videoEntry,
} from '../../../nodes/ITeraBiz/resources/listSearch.ts';
import { answered, type Answering, connectionReset, fakeContext } from '../fakeContext.mts';

describe('An avatar in the picker', () => {
  test('has its name and a link to its preview', () => {
    expect(
      avatarEntry({ id: 'avatar_1', name: ' Anna ', preview_url: 'https://cdn.example/a.jpg' }),
    ).toEqual({ name: 'Anna', value: 'avatar_1', url: 'https://cdn.example/a.jpg' });
  });

  test('makes do with its ID', () => {
    expect(avatarEntry({ id: 'avatar_1' })).toEqual({ name: 'avatar_1', value: 'avatar_1' });
    expect(avatarEntry({ id: 'avatar_1', name: '', preview_url: null })?.name).toBe('avatar_1');
    expect(avatarEntry({ id: 'avatar_1', name: 7 })?.name).toBe('avatar_1');
  });

  test('may have a number for an ID, and is left out without one', () => {
    expect(avatarEntry({ id: 7, name: 'Anna' })?.value).toBe('7');
    expect(avatarEntry({ name: 'Anna' })).toBeUndefined();
  });

  test('links to web addresses only', () => {
    const urlOf = (preview_url: string | string[]) => avatarEntry({ id: 'a', preview_url })?.url;
    expect(urlOf('javascript:alert(1)')).toBeUndefined();
    expect(urlOf('see https://cdn.example/a.jpg')).toBeUndefined();
    expect(urlOf(['https://cdn.example/a.jpg'])).toBeUndefined();
    expect(urlOf('HTTP://cdn.example/a.jpg')).toBe('HTTP://cdn.example/a.jpg');
  });
});

describe('A video in the picker', () => {
  const video = { id: 'video_1', status: 'completed', created_at: '2025-01-15T10:30:00Z' };

  const entry = (more: object, timezone = 'UTC') =>
    videoEntry({ ...video, ...more }, timeFormat(timezone));

  test('has its words, then its time', () => {
    expect(entry({ script: 'Hello\n  you' })?.name).toBe('Hello you · 2025-01-15 10:30');
    for (const script of ['', '  ', null, 7]) {
      expect(entry({ script, prompt: ' Tea\n' })?.name).toBe('Tea · 2025-01-15 10:30');
    }
  });

  test('has the time that it is where the workflow is', () => {
    const { name } = entry({ script: 'Tea' }, 'Asia/Tokyo')!;
    expect(name).toBe('Tea · 2025-01-15 19:30');
  });

  test.each(['"Asia/Tokyo"', "'Asia/Tokyo'", ' Asia/Tokyo\n'])(
    'has it also where the timezone is written as %j',
    (timezone) => expect(entry({ script: 'Tea' }, timezone)?.name).toBe('Tea · 2025-01-15 19:30'),
  );

  test.each(['', 'Berlin', 'Mars/Olympus'])('has UTC where it is written as %j', (timezone) => {
    expect(entry({ script: 'Tea' }, timezone)?.name).toBe('Tea · 2025-01-15 10:30');
  });

  test.each(['2025-01-15T10:30:00', 1_736_937_000, 1_736_937_000_000])(
    'reads its time from %j',
    (created_at) =>
      expect(entry({ script: 'Tea', created_at })?.name).toBe('Tea · 2025-01-15 10:30'),
  );

  test('has its status only where it is not finished', () => {
    expect(entry({ script: 'Tea', status: 'done' })?.name).toBe('Tea · 2025-01-15 10:30');
    expect(entry({ script: 'Tea', status: 'queued' })?.name).toBe(
      'Tea · 2025-01-15 10:30 · queued',
    );
  });

  test('has a title that fits, and is found by all of its words', () => {
    const { name, words } = entry({ script: `${'word '.repeat(7)}  ${'x'.repeat(500)} end` })!;
    expect(name).toBe(`${'word '.repeat(7)}xxxxx… · 2025-01-15 10:30`);
    expect(words).toMatch(/^word .* end completed$/);
    const titleOf = (script: string) => entry({ script })?.name.split(' · ')[0];
    expect(titleOf('x'.repeat(40))).toBe('x'.repeat(40));
    expect(titleOf('word '.repeat(9))).toBe(`${'word '.repeat(7)}word…`);
  });

  test('makes do with its ID', () => {
    const format = timeFormat('UTC');
    expect(videoEntry({ id: 'video_1' }, format)).toMatchObject({
      name: 'video_1 · unknown',
      value: 'video_1',
    });
    expect(videoEntry({ id: 7, status: 'failed', created_at: 'soon' }, format)).toMatchObject({
      name: '7 · failed',
      value: '7',
    });
    expect(videoEntry({ status: 'completed' }, format)).toBeUndefined();
  });

  test('links to its file, or else to its picture', () => {
    const thumbnail_url = 'https://cdn.example/a.jpg';
    expect(entry({ thumbnail_url })?.url).toBe(thumbnail_url);
    expect(entry({ thumbnail_url, video_url: 'https://cdn.example/a.mp4' })?.url).toBe(
      'https://cdn.example/a.mp4',
    );
    expect(entry({ thumbnail_url, video_url: 'data:,x' })?.url).toBe(thumbnail_url);
  });
});

/** A picker, and what it asks of an account whose list has pages of two. */
function picker(answer: Answering | IDataObject[], timezone = 'UTC') {
  const { context, asked } = fakeContext({
    answer: Array.isArray(answer) ? pagesOf(answer) : answer,
  });
  return {
    asked,
    context: Object.assign(context, {
      getTimezone: () => timezone,
    }) as unknown as ILoadOptionsFunctions,
  };
}

/** The pages of a list, after the entry that is asked for. */
function pagesOf(entries: IDataObject[]): Answering {
  return ({ qs = {} }) => {
    const after = qs.starting_after;
    const from = after === undefined ? 0 : entries.findIndex(({ id }) => id === after) + 1;
    return answered({ data: entries.slice(from, from + 2), has_more: from + 2 < entries.length });
  };
}

const videos = (count: number, more: IDataObject = { status: 'completed' }) =>
  Array.from({ length: count }, (_, n) => ({ id: `video_${n + 1}`, ...more }));
const values = ({ results }: INodeListSearchResult) => results.map(({ value }) => value);

describe('A picker', () => {
  test.each([
    ['/avatars', searchAvatars],
    ['/videos', searchVideos],
  ] as const)('shows a page of %s, and the next one when the user scrolls', async (url, search) => {
    const { context, asked } = picker(videos(5));
    const first = await search.call(context);
    expect([values(first), first.paginationToken]).toEqual([['video_1', 'video_2'], 'video_2']);
    const second = await search.call(context, '', 'video_2');
    expect([values(second), second.paginationToken]).toEqual([['video_3', 'video_4'], 'video_4']);
    const third = await search.call(context, undefined, 'video_4');
    expect([values(third), third.paginationToken]).toEqual([['video_5'], undefined]);
    expect(asked).toMatchObject([
      { method: 'GET', url, qs: { limit: 100 } },
      { method: 'GET', url, qs: { limit: 100, starting_after: 'video_2' } },
      { method: 'GET', url, qs: { limit: 100, starting_after: 'video_4' } },
    ]);
  });

  test('asks once more where the list does not say whether there is more', async () => {
    const { context } = picker(({ qs = {} }) => answered(qs.starting_after ? [] : videos(1)));
    const first = await searchVideos.call(context);
    expect(first).toMatchObject({ results: [{ value: 'video_1' }], paginationToken: 'video_1' });
    const second = await searchVideos.call(context, '', 'video_1');
    expect(second).toEqual({ results: [], paginationToken: undefined });
  });

  test('leaves out what has no ID', async () => {
    const { context } = picker([{ name: 'Nobody' }, { id: 'avatar_1', name: 'Anna' }]);
    expect((await searchAvatars.call(context)).results).toEqual([
      { name: 'Anna', value: 'avatar_1', url: undefined },
    ]);
  });

  test('shows the time that it is where the workflow is', async () => {
    const created = { status: 'completed', created_at: '2025-01-15T10:30:00Z' };
    const { context } = picker(videos(1, created), 'Asia/Tokyo');
    const { results } = await searchVideos.call(context);
    expect(results.map(({ name }) => name)).toEqual(['video_1 · 2025-01-15 19:30']);
  });

  test('makes one format for all times: n8n would stand still while it makes thousands', async () => {
    const made = jest.spyOn(Intl, 'DateTimeFormat');
    const { context } = picker(videos(2, { created_at: '2025-01-15T10:30:00Z' }));
    expect((await searchVideos.call(context)).results).toHaveLength(2);
    expect(made).toHaveBeenCalledTimes(1);
    made.mockRestore();
  });

  test('tells apart by their IDs what would look the same, and only that', async () => {
    const names = ['José', 'Ben', ' JOSE\u0301 '];
    const avatars = names.map((name, n) => ({ id: `avatar_${n}`, name }));
    const { context } = picker(() => answered({ data: avatars, has_more: false }));
    expect((await searchAvatars.call(context)).results).toEqual([
      { name: 'José · avatar_0', value: 'avatar_0' },
      { name: 'Ben', value: 'avatar_1' },
      { name: 'JOSE\u0301 · avatar_2', value: 'avatar_2' },
    ]);
  });
});

describe('A search in a picker', () => {
  const hay = videos(6, { status: 'completed', script: 'Some hay' });
  const script = `${'Much hay. '.repeat(20)}The\nneedle of Zoë`;
  const needle = {
    id: 'needle_9',
    status: 'queued',
    script,
    thumbnail_url: 'https://cdn.example/a',
  };

  test.each([
    ['a word', 'needle'],
    ['words with other spaces, in capitals', ' the  NEEDLE '],
    ['a name whose accents are written in another way', 'ZOE\u0308'],
    ['the ID', 'needle_9'],
    ['the status', 'queued'],
  ])('reads on until there are enough matches: %s', async (_, filter) => {
    const { context, asked } = picker([...hay.slice(0, 4), needle, ...hay.slice(4)]);
    expect(await searchVideos.call(context, filter)).toEqual({
      results: [
        {
          name: 'Much hay. Much hay. Much hay. Much hay.… · queued',
          value: 'needle_9',
          url: 'https://cdn.example/a',
        },
      ],
      paginationToken: undefined,
    });
    expect(asked).toHaveLength(4);
  });

  test('shows the matches of all pages, since few of them leave nothing to scroll', async () => {
    const { context } = picker(videos(5, { script: 'Hay' }));
    const few = await searchVideos.call(context, 'hay');
    expect([values(few).length, few.paginationToken]).toEqual([5, undefined]);
    const many = await searchVideos.call(picker(videos(50, { script: 'Hay' })).context, 'hay');
    expect([values(many).length, many.paginationToken]).toEqual([10, 'video_10']);
  });

  test('fails where a later page is refused', async () => {
    const page = answered({ data: videos(2, { script: 'Hay' }), has_more: true });
    const { context } = picker(({ qs = {} }) => (qs.starting_after ? answered({}, 429) : page));
    await expect(searchVideos.call(context, 'hay')).rejects.toThrow('too busy');
  });

  describe('where each page takes long', () => {
    /** Hay, a page of one entry every four seconds. */
    const slowly = () => {
      let time = 0;
      jest.spyOn(performance, 'now').mockImplementation(() => time);
      return picker(({ qs = {} }) => {
        time += 4_000;
        const n = Number(String(qs.starting_after ?? 'video_0').slice(6)) + 1;
        return answered({ data: [{ id: `video_${n}`, script: 'Hay' }], has_more: n < 100 });
      });
    };
    afterEach(() => void jest.restoreAllMocks());

    test('shows the matches so far after twenty seconds', async () => {
      const { context, asked } = slowly();
      const { results, paginationToken } = await searchVideos.call(context, 'hay');
      expect([results.length, asked.length, paginationToken]).toEqual([6, 6, 'video_6']);
    });

    test('says after twenty seconds that there was no match', async () => {
      await expect(searchVideos.call(slowly().context, 'needle')).rejects.toThrow(
        'No match among the first 6 videos of your account',
      );
    });
  });

  test('ends with the list', async () => {
    const { context, asked } = picker(hay);
    const none = { results: [], paginationToken: undefined };
    expect(await searchVideos.call(context, 'needle')).toEqual(none);
    expect(asked).toHaveLength(3);
  });

  test('looks at no more than 20 pages at a time, and says how far it looked', async () => {
    const { context, asked } = picker([...videos(84), needle]);
    const search = searchVideos.call(context, 'needle');
    await expect(search).rejects.toBeInstanceOf(NodeOperationError);
    await expect(search).rejects.toMatchObject({
      message: 'No match among the first 40 videos of your account',
      description: 'Search for other words, or choose By ID.',
    });
    expect(asked).toHaveLength(20);
  });

  test('looks at 20 more when the user scrolls', async () => {
    const { context, asked } = picker([...videos(84), needle]);
    expect(await searchVideos.call(context, 'needle', 'video_2')).toEqual({
      results: [],
      paginationToken: 'video_42',
    });
    expect(asked).toHaveLength(20);
    expect(values(await searchVideos.call(context, 'needle', 'video_46'))).toEqual(['needle_9']);
    expect(asked).toHaveLength(40);
  });

  test.each([
    ['is the page that was asked for before', videos(2)],
    ['has the last entry of that page in it', videos(4)],
  ])('ends where the next page %s', async (_, data) => {
    const { context, asked } = picker(() => answered({ data, has_more: true }));
    const none = { results: [], paginationToken: undefined };
    expect(await searchVideos.call(context, '', 'video_2')).toEqual(none);
    await expect(searchVideos.call(context, 'needle')).rejects.toThrow(
      `No match among the first ${data.length} videos of your account`,
    );
    expect(asked).toHaveLength(3);
  });
});

describe('A picker that gets no list', () => {
  beforeAll(() => {
    jest.useFakeTimers();
    jest.spyOn(Math, 'random').mockReturnValue(0);
    // Jest's own clock does not reach this timer.
    jest.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
      const timeUp = new AbortController();
      setTimeout(() => timeUp.abort(), milliseconds);
      return timeUp.signal;
    });
  });
  afterAll(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  const isBusy = (when: string) => ({
    message: 'iTeraBiz is too busy to list your videos',
    description: `It is not accepting requests from your account right now. Open the list again ${when}, or choose By ID.`,
  });

  test.each([
    [{}, 'in a few minutes'],
    [{ 'retry-after': '50' }, 'in a minute'],
    [{ 'retry-after': '600' }, 'in about 10 minutes'],
  ])('from a busy iTeraBiz says when to open it again: %j', async (headers, when) => {
    const { context, asked } = picker(() => answered({}, 503, headers));
    const search = searchVideos.call(context);
    await expect(search).rejects.toMatchObject({ ...isBusy(when), httpCode: '503' });
    expect(asked).toMatchObject([{ timeout: 30_000 }]);
  });

  test.each([
    [50_000, 'in a minute'],
    [50 * 60_000, 'in about 50 minutes'],
  ])(
    'for a pause of %i ms that iTeraBiz asked for, longer than anyone waits, says so at once',
    async (pause, when) => {
      const { context, asked } = picker(videos(1));
      (await accountOf(context)).queue.pauseFor(pause, { status: 429, headers: {}, body: {} });
      let ended: unknown;
      const search = searchVideos.call(context).catch((error: unknown) => (ended = error));
      await jest.advanceTimersByTimeAsync(1);
      expect(ended).toMatchObject(isBusy(when));
      await search;
      expect(asked).toEqual([]);
    },
  );

  test.each<[string, IDataObject | Error, object]>([
    [
      'where the key is refused',
      answered({ error: { message: 'Unknown key' } }, 401),
      {
        message: 'iTeraBiz does not accept the API key of this credential',
        description:
          'Compare the key with the one in your iTeraBiz dashboard, or create a new key there, and save it in the credential. iTeraBiz says: Unknown key (status 401).',
        httpCode: '401',
      },
    ],
    [
      'where iTeraBiz has a fault',
      answered({}, 500),
      {
        message: 'iTeraBiz could not list your videos because of a fault on its side',
        description:
          'iTeraBiz gave no reason (status 500). Try again later; if it keeps happening, write to api@iterabiz.com and say when it happened.',
      },
    ],
    [
      'where no answer comes',
      connectionReset,
      {
        message:
          'The connection to iTeraBiz was lost before it answered the request to list your videos',
      },
    ],
  ])('says what to do %s, and asks once', async (_, answer, error) => {
    const { context, asked } = picker(() => answer);
    await expect(searchVideos.call(context)).rejects.toMatchObject(error);
    expect(asked).toHaveLength(1);
  });

  test('passes on what the credential refuses', async () => {
    const refusal = new UserError('The Base URL begins with http://');
    const { context } = picker(() => refusal);
    await expect(searchVideos.call(context)).rejects.toBe(refusal);
  });
});
