/** What a process remembers of the jobs of an account. */
import { JobRegistry } from '../../../nodes/ITeraBiz/account/jobRegistry.ts';
import { fingerprint, type Order } from '../../../nodes/ITeraBiz/account/sameOrder.ts';

const order = (script: string): Order => ({ url: '/videos', body: { script } });

test('of very many assigned jobs the oldest are forgotten, and one that is assigned again is young', () => {
  const jobs = new JobRegistry();
  const MOST = 20_000;
  for (let job = 0; job < MOST; job++) jobs.assign(`video_${job}`);
  jobs.assign(undefined);
  expect(jobs.isAssigned('video_0')).toBe(true);
  jobs.assign('video_0');
  jobs.assign('one more');
  const assigned = ['video_0', 'video_1', 'video_2', 'one more'].map((id) => jobs.isAssigned(id));
  expect(assigned).toEqual([true, false, true, true]);
});

test('a created job is assigned, and found by its order', () => {
  const jobs = new JobRegistry();
  jobs.recordCreated(order('a'), { id: '1' });
  jobs.recordCreated(order('b'), { id: '2' });
  jobs.recordCreated(order('a'), { id: '3' });
  expect(jobs.isAssigned('2')).toBe(true);
  const created = jobs.createdBy(fingerprint(order('a')));
  expect(created.map(({ entry }) => entry.id)).toEqual(['1', '3']);
});

test('the last five thousand created jobs are kept: more than a campaign orders while a list is late', () => {
  const jobs = new JobRegistry();
  for (let n = 0; n < 5_000; n++) jobs.recordCreated(order('a'), { id: String(n) });
  expect(jobs.createdBy(fingerprint(order('a')))[0].entry).toEqual({ id: '0' });
  jobs.recordCreated(order('a'), { id: 'new' });
  expect(jobs.createdBy(fingerprint(order('a')))[0].entry).toEqual({ id: '1' });
});
