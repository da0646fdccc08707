import { inTurn, MOST_WAITING } from '../../../nodes/ITeraBiz/webhook/confirmations.ts';

const AT_ONCE = 10;

/** Questions that are answered when the test says so. */
function questions() {
  const asked: (() => void)[] = [];
  const ask = () => new Promise<string>((resolve) => asked.push(() => resolve('yes')));
  return { asked, ask };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('ten are asked at once, the others in turn', async () => {
  const { asked, ask } = questions();
  const all = Array.from({ length: 25 }, () => inTurn('a', ask));
  await settle();
  for (let answered = 0; answered < 25; answered++) {
    expect(asked).toHaveLength(Math.min(25, AT_ONCE + answered));
    asked[answered]();
    await settle();
  }
  expect(await Promise.all(all)).toEqual(all.map(() => 'yes'));
});

test('one account does not wait for another', async () => {
  const { asked, ask } = questions();
  const ofOne = Array.from({ length: 100 }, () => inTurn('one', ask));
  expect(await inTurn('other', async () => 'at once')).toBe('at once');
  for (let i = 0; i < 100; i++) {
    asked[i]();
    await settle();
  }
  await Promise.all(ofOne);
});

test('what is too much is turned away unasked, and there is room again afterwards', async () => {
  const { asked, ask } = questions();
  const most = AT_ONCE + MOST_WAITING;
  const all = Array.from({ length: most }, () => inTurn('full', ask));
  await settle();
  expect(await inTurn('full', ask)).toBeUndefined();
  expect(asked).toHaveLength(AT_ONCE);
  asked[0]();
  await settle();
  all.push(inTurn('full', ask));
  expect(await inTurn('full', ask)).toBeUndefined();
  for (let i = 1; i <= most; i++) {
    asked[i]();
    await settle();
  }
  expect(await Promise.all(all)).toHaveLength(most + 1);
});

test('a question that fails makes room, too', async () => {
  const fail = async () => {
    throw new Error('broken off');
  };
  for (let i = 0; i < AT_ONCE + MOST_WAITING + 1; i++) {
    await expect(inTurn('failing', fail)).rejects.toThrow('broken off');
  }
});
