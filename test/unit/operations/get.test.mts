import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { get, readVideo } from '../../../nodes/ITeraBiz/operations/get.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { answered, fakeContext } from '../fakeContext.mts';

function itemFor(videoId: unknown, body: unknown = { id: String(videoId).trim() }) {
  const { context, asked } = fakeContext({
    answer: () => answered(body),
    parameters: { videoId } as never,
  });
  const prepared = { method: 'GET' as const, url: '/videos' };
  const run = new NodeRun(1, 0, async () => new Account(), 1);
  return { asked, item: { context, index: 0, run, prepared } };
}

test.each(['video_7', ' video_7 ', 7])('The video %p is asked for by its ID', async (videoId) => {
  const { asked, item } = itemFor(videoId);
  expect(await get(item)).toEqual([{ json: { id: String(videoId).trim() } }]);
  expect(asked.map(({ url }) => url)).toEqual([`/videos/${String(videoId).trim()}`]);
});

test.each(['../a?b#c', 'a b', '', undefined, null, ['video_7'], { id: 'video_7' }])(
  'What can be no ID asks nothing: %p',
  async (videoId) => {
    const { asked, item } = itemFor(videoId);
    await expect(get(item)).rejects.toThrow(/^"Video"/);
    expect(asked).toEqual([]);
  },
);

test('A video ID that would lead elsewhere stays one part of the address', async () => {
  const { asked, item } = itemFor('', { id: '../a?b#c' });
  await readVideo(item, '../a?b#c', 'get it');
  expect(asked.map(({ url }) => url)).toEqual(['/videos/..%2Fa%3Fb%23c']);
});

test.each([{ id: 'video_8' }, { status: 'completed' }, '<html>', [], null])(
  'An answer that is not the video that was asked for is not taken for it: %p',
  async (body) => {
    const { item } = itemFor('video_7', body);
    await expect(get(item)).rejects.toThrow(
      'The answer to the request to get video video_7 does not look like one from iTeraBiz',
    );
  },
);
