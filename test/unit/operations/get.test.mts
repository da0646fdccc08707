import type { IDataObject } from 'n8n-workflow';

import { get } from '../../../nodes/ITeraBiz/operations/get.ts';
import { fakeRun, type FakeRunOptions } from '../../shared/fakeRun.mts';
import { useLittleApi } from '../../shared/littleApi.mts';

const api = useLittleApi();

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0));
afterEach(() => void jest.restoreAllMocks());

const getting = async (videoIds: unknown[], more: Partial<FakeRunOptions> = {}) => {
  const { run } = fakeRun({
    api,
    items: videoIds.map((videoId) => ({ videoId }) as IDataObject),
    parameters: (_, { videoId }) => ({ videoId, waitForCompletion: '' }),
    concurrency: 1,
    ...more,
  });
  return (await get(run, { doing: 'get the video', url: '/videos', fields: [] })).map(
    ({ json }) => json,
  );
};

test('each item gives out its video, asked for by its ID', async () => {
  api.reply = ({ path }) => ({ body: { id: path.split('/')[2], status: 'queued' } });
  expect(await getting(['video_7', ' video_8 ', 9])).toEqual(
    ['video_7', 'video_8', '9'].map((id) => ({ id, status: 'queued' })),
  );
  expect(api.asked.map(({ path }) => path)).toEqual(
    ['video_7', 'video_8', '9'].map((id) => `/videos/${id}`),
  );
});

test.each(['../a?b#c', 'a b', '', undefined, null, ['video_7', 'video_8'], {}, Number.NaN])(
  'what can be no ID asks nothing: %p',
  async (videoId) => {
    await expect(getting([videoId])).rejects.toThrow(/^"Video"/);
    expect(api.asked).toEqual([]);
  },
);

test.each([
  [404, {}, 'iTeraBiz has nothing with the ID "video_1"'],
  [500, {}, expect.stringMatching(/^iTeraBiz could not get video video_1.*fault/)],
  [
    200,
    '<html>',
    'The answer to the request to get video video_1 does not look like one from iTeraBiz',
  ],
  [
    200,
    { id: 'video_2' },
    'The answer to the request to get video video_1 does not look like one from iTeraBiz',
  ],
])('an answer of %i with %j says so', async (status, body, message) => {
  api.reply = () => ({ status, body });
  await expect(getting(['video_1'])).rejects.toMatchObject({
    message,
    httpCode: String(status),
    context: { itemIndex: 0 },
  });
});

test.each([
  [401, 1],
  [404, 2],
])('of two, refused with %i, %i are asked for', async (status, count) => {
  api.reply = () => ({ status });
  expect(await getting(['a', 'b'], { onError: 'continueErrorOutput' })).toHaveLength(2);
  expect(api.asked).toHaveLength(count);
});

test('after a failure that stops the node, no further video is asked for', async () => {
  api.reply = ({ path }) => (path.endsWith('a') ? { status: 404 } : { body: { id: 'b' } });
  await expect(getting(['a', 'b', 'b'])).rejects.toMatchObject({
    description: expect.stringMatching(/Items 2–3: not sent\.$/),
  });
  expect(api.asked).toHaveLength(1);
});

test('a switch that is neither on nor off, and an option that is invalid, ask nothing', async () => {
  for (const parameters of [{ waitForCompletion: 'maybe' }, { options: { maxWait: 'long' } }]) {
    await expect(getting(['a'], { parameters: { videoId: 'a', ...parameters } })).rejects.toThrow();
  }
  expect(api.asked).toEqual([]);
});
