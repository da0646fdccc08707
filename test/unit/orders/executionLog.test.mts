/** What a process remembers of the executions that may be retried. */
import { ExecutionLog } from '../../../nodes/ITeraBiz/orders/executionLog.ts';

const submission = (seed: string, key = '0/0/x', account = 'mine') => ({
  ...{ seed, key, run: 'first', origin: 'entered', account },
});

test('what was accepted is found by its execution, the newest last', () => {
  const log = new ExecutionLog();
  log.recordCreated({ ...submission('one'), answer: { id: '1' } });
  log.recordCreated({ ...submission('other'), answer: { id: '2' } });
  log.recordCreated({ ...submission('one', '0/1/x'), answer: { id: '3' } });
  log.recordCreated({ ...submission('one'), answer: { id: '4' } });
  expect(log.createdFor('one').map(({ answer }) => answer.id)).toEqual(['3', '4']);
  expect(log.createdFor('other')).toEqual([{ ...submission('other'), answer: { id: '2' } }]);
  expect(log.createdFor('third')).toEqual([]);
});

test('two accounts may each have a job for the same submission', () => {
  const log = new ExecutionLog();
  log.recordCreated({ ...submission('one'), answer: { id: '1' } });
  log.recordCreated({ ...submission('one', '0/0/x', 'another'), answer: { id: '2' } });
  expect(log.createdFor('one').map(({ answer }) => answer.id)).toEqual(['1', '2']);
});

test('of very many accepted jobs the oldest are forgotten', () => {
  const log = new ExecutionLog();
  for (let n = 0; n <= 5_000; n++) {
    log.recordCreated({ ...submission('one', String(n)), answer: {} });
  }
  expect(log.createdFor('one')).toHaveLength(5_000);
  expect(log.createdFor('one')[0].key).toBe('1');
});

test('what was sent is open until it is settled, and of very many the oldest are forgotten', () => {
  const log = new ExecutionLog();
  for (let n = 0; n <= 5_000; n++) log.recordSent({ ...submission('one', String(n)), at: n });
  expect(log.openFor('one')).toHaveLength(5_000);
  expect(log.openFor('one')[0]).toEqual({ ...submission('one', '1'), at: 1 });
  log.recordSettled(submission('one', '1', 'another'));
  expect(log.openFor('one')[0].key).toBe('1');
  log.recordSettled(submission('one', '1'));
  expect(log.openFor('one')[0].key).toBe('2');
  expect(log.openFor('other')).toEqual([]);
});
