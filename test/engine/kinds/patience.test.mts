/** Patience is counted in time, never in tries. */
import fc from 'fast-check';
import type { IDataObject } from 'n8n-workflow';

import { TOLERANCE } from '../../../nodes/ITeraBiz/account/snapshot.ts';
import { POLLING } from '../../../nodes/ITeraBiz/account/videoPoller.ts';
import { FILE_PATIENCE } from '../../../nodes/ITeraBiz/operations/download.ts';
import { cases } from '../../shared/cases.mts';
import type { Reply } from '../../shared/littleApi.mts';
import { byId } from '../operations/byId.mts';
import { createVideo, errorOf, itemsOf, jsonOf, rows } from '../support.mts';
import { N8n } from '../triggers/n8n.mts';
import { useLittleAccount } from './littleAccount.mts';

const account = useLittleAccount();

/** Longer than any test takes: what comes in the end is waited for. */
const LONG = 100_000;
beforeEach(() => {
  Object.assign(POLLING, { shortestInterval: 20, shortestPause: 10 });
  Object.assign(TOLERANCE, { unknown: LONG, withoutLink: LONG, refused: LONG });
  Object.assign(FILE_PATIENCE, { total: LONG, pause: 1, longestPause: 5 });
});

const film = Buffer.from('\0\0\0\x20ftypisom film');
const link = () => account.url.replace('/v1', '/film.mp4');
const finished = () => ({ status: 'completed', video_url: link() });

describe('A file host', () => {
  const download = {
    ...{ resource: 'video', operation: 'download', videoId: byId('video_1') },
  };
  const meets = (replies: Reply[]) => {
    const left = [...replies];
    account.add(finished());
    account.api.reply = (asked) => {
      if (asked.path !== '/film.mp4') return account.reply(asked);
      return left.shift() ?? { body: film, headers: { 'content-type': 'video/mp4' } };
    };
  };

  test.each([202, 204, 403, 404, 423, 425, 429, 500, 503, 520, 522])(
    'that says %i for the first ten times is waited for',
    async (status) => {
      meets(Array<Reply>(10).fill({ status }));
      const [item] = itemsOf(await account.run(download));
      expect(item).toMatchObject({ binary: { data: { bytes: film.length } } });
    },
  );

  test.each([202, 403, 404, 425, 500])('that says %i for good is given up', async (status) => {
    FILE_PATIENCE.total = 100;
    meets(Array<Reply>(LONG).fill({ status }));
    const run = await account.run(download);
    expect(errorOf(run).message).toMatch(
      /file of video video_1|link of video video_1 does not work/,
    );
  });

  test.each([0, 1_000])(
    'that is the API and stalls after %i more bytes is given up',
    async (more) => {
      const headers = { 'content-length': String(film.length + more + 1) };
      const body = Buffer.concat([film, Buffer.alloc(more)]);
      meets(Array<Reply>(LONG).fill({ body, headers, stalls: true }));
      const run = await account.run({ ...download, requestOptions: { timeout: 500 } });
      expect(errorOf(run).description).toContain('ETIMEDOUT');
    },
  );

  test('however it begins, the file comes in the end', async () => {
    const early = fc.constantFrom<Reply>(
      ...[202, 204, 403, 404, 408, 423, 425, 429, 500, 502, 503, 504, 520, 521].map((status) => ({
        status,
        body: 'Not yet',
      })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(early, { maxLength: 12 }), async (replies) => {
        account.jobs = [];
        meets(replies);
        const run = await account.run(download);
        expect(errorOf(run).message).toBe('');
        expect(itemsOf(run)[0].binary!.data.bytes).toBe(film.length);
      }),
      { numRuns: cases(20) },
    );
  });
});

describe('A video', () => {
  const waiting = createVideo({ waitForCompletion: true, options: { pollInterval: 0.02 } });

  /** What its polls see, one after the other, before it is finished: nothing is a 404. */
  const meets = (polls: (IDataObject | null)[]) => {
    const left = [...polls];
    account.list = () => ({ status: 404, body: {} });
    account.api.reply = (asked) => {
      if (!asked.path.startsWith('/videos/')) return account.reply(asked);
      const seen = left.length > 0 ? left.shift() : finished();
      return seen ? { body: { id: 'video_1', ...seen } } : { status: 404, body: {} };
    };
  };
  const withoutLink = { status: 'completed', video_url: null };

  test.each<[string, IDataObject | null]>([
    ['the API does not know yet', null],
    ['is completed, but without its link', withoutLink],
  ])('that %s for five polls is waited for', async (_, seen) => {
    meets(Array<IDataObject | null>(5).fill(seen));
    const run = await account.run(waiting, { items: rows(1) });
    expect(errorOf(run).message).toBe('');
    expect(jsonOf(run)).toMatchObject([{ id: 'video_1', ...finished() }]);
  });

  test.each<[string, IDataObject | null, RegExp, number]>([
    ['is unknown for good is given up', null, /can no longer find video video_1/, 0],
    ['never gets its link is handed on', withoutLink, /^$/, 1],
  ])('that %s', async (_, seen, message, count) => {
    Object.assign(TOLERANCE, { unknown: 200, withoutLink: 200 });
    meets(Array<IDataObject | null>(LONG).fill(seen));
    const run = await account.run(waiting, { items: rows(1) });
    expect(errorOf(run).message).toMatch(message);
    expect(jsonOf(run)).toHaveLength(count);
  });

  test('whatever its polls see on the way, it is handed on finished', async () => {
    const seen = fc.constantFrom(null, withoutLink, { status: 'queued' }, { status: 'rendering' });
    await fc.assert(
      fc.asyncProperty(fc.array(seen, { maxLength: 5 }), async (polls) => {
        account.jobs = [];
        account.apiKey += '_';
        meets(polls);
        const run = await account.run(waiting, { items: rows(1) });
        expect(jsonOf(run)).toMatchObject([{ id: 'video_1', ...finished() }]);
      }),
      { numRuns: cases(10) },
    );
  });
});

describe('An answer that only trickles in is given up when its time is up', () => {
  beforeEach(() => {
    account.api.reply = () => ({ body: '[', trickles: true });
  });

  test('by a poll, so that the next one is not held up', async () => {
    const n8n = await N8n.start({ apiKey: account.apiKey, baseUrl: account.url });
    n8n.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger' } });
    n8n.pollBudgetMs = 500;
    try {
      await expect(n8n.poll('w1')).rejects.toThrow(/^The connection to iTeraBiz was lost/);
      account.api.reply = (asked) => account.reply(asked);
      n8n.pollBudgetMs = 60_000;
      await n8n.poll('w1');
      const { id } = account.add({ status: 'failed' });
      expect((await n8n.poll('w1')).map(({ video }) => video.id)).toEqual([id]);
    } finally {
      await n8n.stop();
    }
  });

  test('by a run, at its Timeout', async () => {
    const run = await account.run({
      ...{ resource: 'video', operation: 'get', videoId: byId('video_1') },
      requestOptions: { timeout: 100 },
    });
    expect(errorOf(run).message).toMatch(/^The connection to iTeraBiz was lost .*6 times/);
  });
});
