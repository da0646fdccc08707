/** What a process remembers of the executions that may be retried. */
import {
  type Entry,
  ExecutionLog,
  type Submission,
} from '../../../nodes/ITeraBiz/orders/executionLog.ts';

const submission = (seed: string, key = '0/0/x', entry: Partial<Entry> = {}): Submission => {
  const stated = { state: 'sent', origin: 'entered', account: 'mine', ...entry } as Entry;
  return { seed, key, run: 'first', entry: stated };
};
const accepted = (seed: string, id: string, key?: string, account = 'mine') =>
  submission(seed, key, { state: 'accepted', answer: { id }, account });
const found = (log: ExecutionLog, seed: string) =>
  log
    .submissionsFor(seed)
    .map(({ key, entry }) => (entry.state === 'sent' ? key : entry.answer.id));

test('what was accepted is found by its execution, the newest last', () => {
  const log = new ExecutionLog();
  log.record(accepted('one', '1'));
  log.record(accepted('other', '2'));
  log.record(accepted('one', '3', '0/1/x'));
  log.record(accepted('one', '4'));
  expect(found(log, 'one')).toEqual(['3', '4']);
  expect(log.submissionsFor('other')).toEqual([accepted('other', '2')]);
  expect(found(log, 'third')).toEqual([]);
});

test('two accounts may each have a job for the same submission', () => {
  const log = new ExecutionLog();
  log.record(accepted('one', '1'));
  log.record(accepted('one', '2', '0/0/x', 'another'));
  expect(found(log, 'one')).toEqual(['1', '2']);
});

test('of very many accepted jobs the oldest are forgotten, and no doubt', () => {
  const log = new ExecutionLog();
  log.record(submission('one', 'doubt'));
  for (let n = 0; n <= 5_000; n++) log.record(accepted('one', String(n), String(n)));
  expect(found(log, 'one')).toHaveLength(5_001);
  expect(found(log, 'one').slice(0, 2)).toEqual(['doubt', '1']);
});

test('what was sent is a doubt until it is settled, and of very many the oldest are forgotten', () => {
  const log = new ExecutionLog();
  for (let n = 0; n <= 5_000; n++) log.record(submission('one', String(n), { at: n }));
  expect(log.submissionsFor('one')).toHaveLength(5_000);
  expect(log.submissionsFor('one')[0]).toEqual(submission('one', '1', { at: 1 }));
  log.recordSettled(submission('one', '1', { account: 'another' }));
  expect(found(log, 'one')[0]).toBe('1');
  log.recordSettled(submission('one', '1'));
  expect(found(log, 'one')[0]).toBe('2');
  log.record(accepted('one', 'video', '2'));
  expect(found(log, 'one')[0]).toBe('3');
  expect(found(log, 'other')).toEqual([]);
});
