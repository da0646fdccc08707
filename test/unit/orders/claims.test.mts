import { Claims } from '../../../nodes/ITeraBiz/orders/claims.ts';

const MOST = 20_000;

test('of very many claims the oldest are forgotten, and one that is claimed again is young', () => {
  const claims = new Claims();
  for (let job = 0; job < MOST; job++) claims.claim(`video_${job}`);
  expect(claims.isClaimed('video_0')).toBe(true);
  claims.claim('video_0');
  claims.claim('one more');
  const claimed = ['video_0', 'video_1', 'video_2', 'one more'].map((id) => claims.isClaimed(id));
  expect(claimed).toEqual([true, false, true, true]);
});
