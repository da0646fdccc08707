import { JobRegistry } from '../../../nodes/ITeraBiz/account/jobRegistry.ts';
import { fingerprint } from '../../../nodes/ITeraBiz/account/sameOrder.ts';

test('the latest five thousand refusals are counted, by order', () => {
  const jobs = new JobRegistry();
  const order = (script: string) => ({ url: '/videos', body: { script } });
  const count = (script: string) => jobs.refusalsOf(fingerprint(order(script)));
  ['a', 'b', 'a'].forEach((script) => jobs.recordRefused(order(script)));
  expect([count('a'), count('b'), count('c')]).toEqual([2, 1, 0]);
  for (let n = 0; n < 4_998; n++) jobs.recordRefused(order('c'));
  expect([count('a'), count('b'), count('c')]).toEqual([1, 1, 4_998]);
});
