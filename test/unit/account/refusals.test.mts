import { JobRegistry } from '../../../nodes/ITeraBiz/account/jobRegistry.ts';
import { fingerprint } from '../../../nodes/ITeraBiz/account/sameOrder.ts';

test('refusals are counted, of the five thousand orders that were refused last', () => {
  const jobs = new JobRegistry();
  const order = (script: string) => ({ url: '/videos', body: { script } });
  const count = (script: string) => jobs.refusalsOf(fingerprint(order(script)));
  ['a', 'b', 'a'].forEach((script) => jobs.recordRefused(order(script)));
  expect([count('a'), count('b'), count('c')]).toEqual([2, 1, 0]);
  for (let n = 0; n < 4_999; n++) jobs.recordRefused(order(String(n)));
  expect([count('a'), count('b'), count('0')]).toEqual([2, 0, 1]);
  jobs.recordRefused(order('one more'));
  expect([count('a'), count('0')]).toEqual([0, 1]);
});
