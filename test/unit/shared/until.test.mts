import { until } from '../../shared/until.mts';

test('looks until it is so, and gives out what it saw then', async () => {
  let looks = 0;
  const isSo = (seen: number) => seen === 3;
  await expect(until('the third look', async () => ++looks, { isSo, every: 1 })).resolves.toBe(3);
});

test('looks at least once, and says what was to be and what it saw last', async () => {
  const options = { isSo: ({ done }: { done: boolean }) => done, seconds: 0 };
  await expect(until('the work is done', () => ({ done: false }), options)).rejects.toThrow(
    'Not after 0 seconds: the work is done. Seen last: { done: false }',
  );
  await expect(
    until('more is printed', () => 'starts …', { isSo: () => false, seconds: 0 }),
  ).rejects.toThrow('Not after 0 seconds: more is printed. Seen last: starts …');
});

test('ends with what the look throws', async () => {
  const look = async (): Promise<never> => {
    throw new Error('It has ended');
  };
  await expect(until('it is ready', look)).rejects.toThrow('It has ended');
});
