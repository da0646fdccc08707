import type { IDataObject } from 'n8n-workflow';

import { PATIENCE, pauseBefore, TRIES, withRetries } from '../../../nodes/ITeraBiz/client/retry.ts';
import { Slots } from '../../../nodes/ITeraBiz/client/slots.ts';
import { type ApiResponse, NetworkError } from '../../../nodes/ITeraBiz/api/response.ts';

const answer = (status: number, headers: IDataObject = {}): ApiResponse => ({
  status,
  headers,
  body: {},
});
const neverSent = new NetworkError('ECONNREFUSED', false, 'refused');
const brokeOff = new NetworkError('ECONNRESET', true, 'reset');

describe('The pause before the next try', () => {
  test.each([
    [1, 1_000],
    [2, 2_000],
    [3, 4_000],
    [4, 8_000],
    [5, 16_000],
  ])('after try %i is a random part of %i ms', (tries, limit) => {
    expect(pauseBefore(tries, 0, undefined, 0)).toBe(0);
    expect(pauseBefore(tries, 0, undefined, 0.5)).toBe(limit / 2);
    expect(pauseBefore(tries, 0, undefined, 0.999)).toBe(limit * 0.999);
  });

  test('draws a number of its own', () => {
    jest.spyOn(Math, 'random').mockReturnValueOnce(0.25);
    expect(pauseBefore(1, 0, undefined)).toBe(250);
  });

  test('is never shorter than the one the API asks for, and up to a second longer', () => {
    expect(pauseBefore(1, 0, 2_000, 0)).toBe(2_000);
    expect(pauseBefore(1, 0, 2_000, 0.5)).toBe(2_500);
    expect(pauseBefore(1, 0, 0, 0.999)).toBe(999);
    jest.spyOn(Math, 'random').mockReturnValueOnce(0.25);
    expect(pauseBefore(4, 0, 60_000)).toBe(60_250);
  });

  test('never comes after the sixth try', () => {
    expect(TRIES).toBe(6);
    expect(pauseBefore(5, 0, 0, 0)).toBe(0);
    expect(pauseBefore(6, 0, 0)).toBeUndefined();
    expect(pauseBefore(7, 0, 0)).toBeUndefined();
  });

  test('does not take all pauses together over five minutes', () => {
    expect(PATIENCE).toBe(300_000);
    expect(pauseBefore(1, 0, 300_000, 0)).toBe(300_000);
    expect(pauseBefore(1, 0, 300_001)).toBeUndefined();
    expect(pauseBefore(2, 299_000, undefined, 0.5)).toBe(1_000);
    expect(pauseBefore(2, 299_001, undefined, 0.5)).toBeUndefined();
  });
});

describe('Sending with retries', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
    jest.spyOn(Math, 'random').mockReturnValue(0);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  /** Gives these outcomes one after the other, the last one for ever, and notes when it was asked. */
  function scripted(...outcomes: (ApiResponse | NetworkError)[]) {
    const times: number[] = [];
    const ask = async () => {
      times.push(Date.now());
      return outcomes[Math.min(times.length, outcomes.length) - 1];
    };
    return { ask, times };
  }

  async function end<T>(promise: Promise<T>): Promise<T> {
    await jest.advanceTimersByTimeAsync(1_000_000);
    return await promise;
  }

  test('the time counts from the first try', async () => {
    jest.setSystemTime(5_000_000);
    const { ask } = scripted(answer(503, { 'retry-after': '3' }), answer(200));
    expect(await end(withRetries(ask, 'GET', new Slots(1)))).toMatchObject({ seconds: 3 });
  });

  test.each(['GET', 'POST'] as const)('%s asks once where it is answered', async (method) => {
    const { ask, times } = scripted(answer(200));
    const made = await end(withRetries(ask, method, new Slots(1)));
    expect(made).toEqual({ outcome: answer(200), verdict: 'done', tries: 1, seconds: 0 });
    expect(times).toEqual([0]);
  });

  test('waits as long as Retry-After says, and tells how long it took', async () => {
    const refusal = answer(429, { 'retry-after': '2' });
    const { ask, times } = scripted(refusal, refusal, answer(201));
    const made = await end(withRetries(ask, 'POST', new Slots(1)));
    expect(times).toEqual([0, 2_000, 4_000]);
    expect(made).toEqual({ outcome: answer(201), verdict: 'done', tries: 3, seconds: 4 });
  });

  test('gives up after six tries with ever longer pauses, and hands back the last refusal', async () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.5);
    const { ask, times } = scripted(answer(503));
    const made = await end(withRetries(ask, 'POST', new Slots(1)));
    jest.restoreAllMocks();
    expect(times).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500]);
    expect(made).toEqual({ outcome: answer(503), verdict: 'retry', tries: 6, seconds: 15.5 });
  });

  test('gives up when the pauses together would be over five minutes', async () => {
    const { ask, times } = scripted(answer(429, { 'retry-after': '120' }));
    const made = await end(withRetries(ask, 'POST', new Slots(1)));
    expect(times).toEqual([0, 120_000, 240_000]);
    expect(made).toMatchObject({ verdict: 'retry', tries: 3, seconds: 240 });
  });

  test.each([answer(500), answer(502), answer(504), brokeOff])(
    'never sends a submission again whose outcome is unknown (%#)',
    async (outcome) => {
      const { ask, times } = scripted(outcome);
      const made = await end(withRetries(ask, 'POST', new Slots(1)));
      expect(made).toEqual({ outcome, verdict: 'unknown', tries: 1, seconds: 0 });
      expect(times).toHaveLength(1);
    },
  );

  test.each([
    [3_000, [0, 1_000, 2_000]],
    [3_001, [0, 1_000, 2_000, 3_000]],
    [1_500, [0, 1_000]],
  ])('ends before a pause that would last beyond its time: %i', async (until, expected) => {
    const { ask, times } = scripted(answer(503, { 'retry-after': '1' }));
    const made = await end(withRetries(ask, 'GET', new Slots(1), Date.now() + until));
    expect(times).toEqual(expected);
    expect(made).toMatchObject({ verdict: 'retry', tries: expected.length });
  });

  test('sends a read again after a broken connection', async () => {
    const { ask } = scripted(brokeOff, neverSent, answer(200));
    const made = await end(withRetries(ask, 'GET', new Slots(1)));
    expect(made).toMatchObject({ verdict: 'done', tries: 3 });
  });

  test('holds back the other requests while one waits', async () => {
    const slots = new Slots(2);
    const first = scripted(answer(429, { 'retry-after': '3' }), answer(200));
    const second = scripted(answer(200));
    const one = withRetries(first.ask, 'GET', slots);
    await jest.advanceTimersByTimeAsync(1_000);
    const other = withRetries(second.ask, 'GET', slots);
    await end(Promise.all([one, other]));
    expect(first.times).toEqual([0, 3_000]);
    expect(second.times).toEqual([3_000]);
  });

  test('an error that is no answer of the network ends it', async () => {
    const ask = async () => {
      throw new Error('no credential');
    };
    await expect(withRetries(ask, 'GET', new Slots(1))).rejects.toThrow('no credential');
  });
});
