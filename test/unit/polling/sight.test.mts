import type { IPollFunctions } from 'n8n-workflow';

import { accountOf } from '../../../nodes/ITeraBiz/account/account.ts';
import { sightSince } from '../../../nodes/ITeraBiz/polling/sight.ts';
import { answered, fakeContext } from '../fakeContext.mts';

const nothingYet = { recent: [], pending: [], hidden: [], horizon: 0 };

async function polling() {
  const { context, asked } = fakeContext({ answer: () => answered({ data: [], has_more: false }) });
  const { requests } = await accountOf(context);
  const look = async (deadline: number) =>
    await sightSince(context as unknown as IPollFunctions, nothingYet, deadline);
  return { asked, requests, look };
}

test('a poll waits for its turn among the requests of its account', async () => {
  const { asked, requests, look } = await polling();
  for (let row = 0; row < 5; row++) await requests.enter(5);
  const sight = look(Date.now() + 60_000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(asked).toHaveLength(0);
  requests.leave();
  await sight;
  expect(asked).toHaveLength(1);
});

test.each(['turn', 'pause'])('a poll whose %s comes too late asks nothing', async (what) => {
  const { asked, requests, look } = await polling();
  if (what === 'pause') requests.holdBack(60_000);
  else for (let row = 0; row < 5; row++) await requests.enter(5);
  await look(Date.now() + 100);
  expect(asked).toHaveLength(0);
});

test.each([0.5, 99.5, Infinity, 2 ** 40])('a poll can have %p ms', async (budget) => {
  const { asked, look } = await polling();
  await look(Date.now() + 100.25 + budget);
  expect(asked).toHaveLength(1);
});
