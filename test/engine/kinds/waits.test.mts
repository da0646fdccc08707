/** What a wait, a stop and a download say and keep. */
import type { IDataObject } from 'n8n-workflow';

import { TOLERANCE } from '../../../nodes/ITeraBiz/account/snapshot.ts';
import { POLLING } from '../../../nodes/ITeraBiz/account/videoPoller.ts';
import { FILE_PATIENCE } from '../../../nodes/ITeraBiz/operations/download.ts';
import { until } from '../../shared/until.mts';
import { useLittleAccount } from './littleAccount.mts';
import { byId } from '../operations/byId.mts';
import { createVideo, errorOf, jsonOf, rows } from '../support.mts';

const account = useLittleAccount();
beforeEach(() => {
  Object.assign(POLLING, { shortestInterval: 20, shortestPause: 10 });
  Object.assign(TOLERANCE, { unknown: 100_000, withoutLink: 300, refused: 300 });
  Object.assign(FILE_PATIENCE, { total: 200, pause: 1, longestPause: 5 });
});

const goesOn = { onError: 'continueRegularOutput' } as const;
const finished = () => ({
  status: 'completed',
  video_url: account.url.replace('/v1', '/film.mp4'),
});
/** A wait of three seconds. */
const waiting = (more: IDataObject = {}) =>
  createVideo({
    waitForCompletion: true,
    options: { pollInterval: 0.02, maxWait: 0.05, ...more },
  } as never);

describe('A message about a wait says nothing false of the order, and tells nobody to order again', () => {
  test.each([[403, 'in memory: polls are not allowed']])('%i, %s', async (status) => {
    account.state = () => ({});
    account.api.reply = (asked) =>
      asked.method === 'POST' ? account.reply(asked) : { status, body: { message: 'No' } };
    const run = await account.run(waiting(), { items: rows(1), settings: goesOn });
    expect(account.jobs).toHaveLength(1); // paid
    expect(jsonOf(run)[0].error).toContain('video_1');
    expect(jsonOf(run)[0].error).not.toMatch(/nothing was (made|sent)|run it again/i);
  });
});

describe('An avatar by its name', () => {
  const byName = (name: string) =>
    createVideo({ avatarId: { __rl: true, mode: 'name', value: name } } as never);

  test('that nobody can see is none, and not the one avatar without a name', async () => {
    account.avatars = [
      { id: 'avatar_1', name: 'Maria' },
      { id: 'avatar_2', name: null },
    ];
    await account.run(byName('\u200B'), { items: rows(1), settings: goesOn });
    expect(account.jobs).toEqual([]);
  });
});

describe('A download', () => {
  const download = (more: IDataObject = {}) => ({
    ...{ resource: 'video', operation: 'download', videoId: byId('video_1') },
    ...(more as object),
  });
  test('whose field name comes from an empty cell goes to "data", as by default', async () => {
    account.add(finished());
    const film = Buffer.from('\0\0\0\x20ftypisom film');
    account.api.reply = (asked) =>
      asked.path === '/film.mp4' ? { body: film } : account.reply(asked);
    const run = await account.run(download({ binaryPropertyName: '={{ $json.nothing }}' }), {
      items: [{ a: 1 }],
    });
    expect(errorOf(run).message).toBe('');
    const [[item]] = run.data.resultData.runData.iTeraBiz[0].data!.main as never as [
      [{ binary: object }],
    ];
    expect(Object.keys(item.binary)).toEqual(['data']);
  });
});

test('an execution that is stopped has the names of all its orders, not of the first dozens', async () => {
  const stop = new AbortController();
  const running = account.run(waiting({ maxWait: 10 }), { items: rows(100), signal: stop.signal });
  await until('all are ordered', () => account.jobs.length === 100);
  await new Promise((resolve) => setTimeout(resolve, 200));
  stop.abort();
  const { metadata = {} } = (await running).data.resultData;
  const named = Object.values(metadata).join(', ').split(', ');
  expect(account.jobs.filter(({ id }) => !named.includes(String(id)))).toHaveLength(0);
});
