import { accountOf } from '../../../nodes/ITeraBiz/account/account.ts';
import { LONGEST_WAIT, MOST_WAITING, urgently } from '../../../nodes/ITeraBiz/account/urgently.ts';
import { answered, type Answering, connectionReset, fakeContext } from '../fakeContext.mts';

const AT_ONCE = 5;
const settle = async () => await new Promise((resolve) => setImmediate(resolve));

/** An account, and questions to it that are answered when the test says so. */
async function asking(answer: Answering = () => answered({})) {
  const { context, asked } = fakeContext({ answer });
  const ends: (() => void)[] = [];
  const { httpRequestWithAuthentication } = context.helpers;
  context.helpers.httpRequestWithAuthentication = async function (...request) {
    await new Promise<void>((resolve) => ends.push(resolve));
    return await httpRequestWithAuthentication.call(this, ...request);
  };
  const { requests } = await accountOf(context);
  const ask = async () => await urgently(context, { url: '/videos' });
  return { ask, asked, ends, requests };
}

afterEach(() => void jest.useRealTimers());

test('comes before the rows of a campaign that wait for their turn, and these follow', async () => {
  const { ask, ends, requests } = await asking();
  for (let row = 0; row < AT_ONCE; row++) await requests.enter(AT_ONCE);
  const started: string[] = [];
  const row = requests.enter(AT_ONCE).then(() => started.push('row'));
  const question = ask().then(() => started.push('question'));
  await settle();
  expect(ends).toHaveLength(0);
  requests.leave();
  await settle();
  expect(ends).toHaveLength(1);
  expect(started).toEqual([]);
  ends[0]();
  await Promise.all([row, question]);
  expect(started).toEqual(expect.arrayContaining(['row', 'question']));
});

test('is answered with what the API says, once, and makes room', async () => {
  const { ask, asked, ends } = await asking(() => answered({}, 500));
  const all = Array.from({ length: AT_ONCE * 2 }, ask);
  for (let answers = 0; answers < AT_ONCE * 2; answers++) {
    await settle();
    expect(ends).toHaveLength(Math.min(AT_ONCE * 2, AT_ONCE + answers));
    ends[answers]();
  }
  for (const answer of await Promise.all(all)) expect(answer).toMatchObject({ status: 500 });
  expect(asked).toHaveLength(AT_ONCE * 2);
});

test.each<[string, Answering]>([
  ['breaks off', () => connectionReset],
  [
    'fails before it is sent',
    () => {
      throw new TypeError('no credential');
    },
  ],
])('makes room when it %s', async (_how, answer) => {
  const { ask, ends, requests } = await asking(answer);
  const asked = ask().catch((error: Error) => error);
  await settle();
  ends[0]();
  await asked;
  expect(requests.isIdle).toBe(true);
});

test('a pause that the API asks for holds back everyone of the account', async () => {
  const busy = answered({}, 429, { 'retry-after': '60' });
  const { ask, ends, requests } = await asking(() => busy);
  const asked = ask();
  await settle();
  ends[0]();
  expect(await asked).toMatchObject({ status: 429 });
  expect(requests.pauseLeft).toBeGreaterThan(59_000);
});

test('a short pause is waited for, a long one is not', async () => {
  jest.useFakeTimers({ now: 0 });
  const { ask, asked, ends, requests } = await asking();
  requests.holdBack(LONGEST_WAIT + 1);
  expect(await ask()).toBeUndefined();
  await jest.advanceTimersByTimeAsync(1);
  const answer = ask();
  await jest.advanceTimersByTimeAsync(LONGEST_WAIT - 1);
  expect(ends).toHaveLength(0);
  await jest.advanceTimersByTimeAsync(1);
  ends[0]();
  expect(await answer).toMatchObject({ status: 200 });
  expect(asked).toHaveLength(1);
});

test('what is too much is turned away unasked, and there is room again afterwards', async () => {
  const { ask, ends } = await asking();
  const most = AT_ONCE + MOST_WAITING;
  const all = Array.from({ length: most }, ask);
  await settle();
  expect(await ask()).toBeUndefined();
  expect(ends).toHaveLength(AT_ONCE);
  ends[0]();
  await settle();
  all.push(ask());
  await settle();
  expect(await ask()).toBeUndefined();
  for (let answers = 1; answers <= most; answers++) {
    ends[answers]();
    await settle();
  }
  expect(await Promise.all(all)).toHaveLength(most + 1);
});
