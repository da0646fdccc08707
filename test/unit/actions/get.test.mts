import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { get, readVideo } from '../../../nodes/ITeraBiz/actions/get.ts';
import { NodeRun } from '../../../nodes/ITeraBiz/run/nodeRun.ts';
import { answered, fakeContext } from '../fakeContext.mts';

function itemFor(videoId: unknown) {
  const { context, asked } = fakeContext({
    answer: () => answered({ id: 'video_7' }),
    parameters: { videoId } as never,
  });
  const prepared = { method: 'GET' as const, url: '/videos' };
  const run = new NodeRun(1, 0, async () => new Account(), 1);
  return { asked, item: { context, index: 0, run, prepared } };
}

test.each(['video_7', ' video_7 ', 7])('The video %p is asked for by its ID', async (videoId) => {
  const { asked, item } = itemFor(videoId);
  expect(await get(item)).toEqual([{ json: { id: 'video_7' } }]);
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
  const { asked, item } = itemFor('');
  await readVideo(item, '../a?b#c', 'get it');
  expect(asked.map(({ url }) => url)).toEqual(['/videos/..%2Fa%3Fb%23c']);
});
