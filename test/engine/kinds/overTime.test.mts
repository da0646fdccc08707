/** What costs money, over time, in several executions, and when it is canceled. */
import type { IDataObject } from 'n8n-workflow';

import { create } from '../../../nodes/ITeraBiz/operations/create.ts';
import { resources } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { fakeRun } from '../../shared/fakeRun.mts';
import { until } from '../../shared/until.mts';
import { useLittleAccount } from './littleAccount.mts';
import { textOf } from '../runs/promise.mts';
import { createVideo, errorOf, jsonOf, rows } from '../support.mts';

const account = useLittleAccount();
const goesOn = { onError: 'continueRegularOutput' } as const;
const reuse = { whenVideoExists: 'reuse' };
const moment = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));
const told = (run: Parameters<typeof jsonOf>[0]) => JSON.stringify(jsonOf(run)) + textOf(run);
const paced = (ms: number) => ({ batching: { batch: { batchSize: 1, batchInterval: ms } } });

afterEach(() => void jest.restoreAllMocks());

describe('An account is one while any of its executions runs', () => {
  test('a paced campaign of more than a day: a second execution that wants the same does not order it, too', async () => {
    const parameters = createVideo({ options: reuse, requestOptions: paced(1_500) });
    const first = account.run(parameters, { items: rows(2) });
    await until('the first row is ordered', () => account.jobs.length === 1, { every: 5 });
    await moment(50);
    // Two days later, between two rows: nothing is in flight.
    const real = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => real() + 48 * 60 * 60_000);
    const second = account.run(createVideo({ options: reuse }), { items: rows(2) });
    await Promise.all([first, second]);
    expect(account.jobs).toHaveLength(2);
  });

  test('two credentials whose Base URLs differ by the case of the host are one account', async () => {
    const baseUrl = account.url.replace('127.0.0.1', 'localhost');
    const all = account.reply.bind(account);
    account.api.reply = async (asked) => (await moment(100), all(asked));
    const parameters = createVideo({ options: reuse });
    await Promise.all(
      [baseUrl, baseUrl.replace('localhost', 'LOCALHOST')].map(
        async (one) => await account.run(parameters, { items: rows(1), baseUrl: one }),
      ),
    );
    expect(account.jobs).toHaveLength(1);
  });
});

test('executions that have an order in common wait for each other, and read the list once each', async () => {
  const all = account.reply.bind(account);
  account.api.reply = async (asked) => (await moment(20), all(asked));
  const numbers = [1, 2, 3, 4, 5, 6];
  await Promise.all(
    numbers.map(async (n) => {
      const items = [{ script: 'In common' }, { script: `Own ${n}` }];
      await account.run(createVideo({ options: reuse }), { items });
    }),
  );
  expect(account.jobs).toHaveLength(7);
  expect(account.api.by('GET')).toHaveLength(6);
});

describe('An execution that is canceled names what it ordered', () => {
  function templateOf(resource: string, value: string) {
    const { operations } = resources.find((one) => one.value === resource)!;
    const { request, fields } = operations.find((one) => one.value === value)!;
    return { doing: `${value} the ${resource}`, url: request.url, fields };
  }

  async function cancelAfterPost(reply: () => 'break' | { body: unknown }) {
    const cancel = new AbortController();
    account.api.reply = async (asked) => {
      if (asked.method !== 'POST') return account.reply(asked);
      account.add(asked.body as IDataObject);
      cancel.abort(new Error('canceled'));
      await moment(50);
      return reply();
    };
    const { run, warnings, notes } = fakeRun({
      api: account,
      items: [{}],
      signal: cancel.signal,
      parameters: { avatarId: 'avatar_1', language: 'en-US', duration: 30, script: 'Hi' },
    });
    await create(run, templateOf('video', 'create')).catch(() => undefined);
    await moment(100);
    return warnings.join() + JSON.stringify(notes);
  }

  test('also what was accepted a moment later', async () => {
    expect(await cancelAfterPost(() => ({ body: account.jobs[0] }))).toContain('video_1');
  });
});

describe('A pause and a busy API', () => {
  test('one row that always meets 503 does not stop rows that are accepted beside it', async () => {
    account.post = (accept, { body }) =>
      body!.script === rows(2)[1].script
        ? { status: 503, body: { error: { message: 'Try later' } } }
        : { body: accept() };
    const run = await account.run(createVideo({ options: { maxConcurrency: 2 } }), {
      items: rows(60),
      settings: goesOn,
    });
    expect(told(run)).not.toContain('Not sent, because');
    expect(account.jobs).toHaveLength(59);
  });
});

describe('Limits', () => {
  const limited = (maxVideosPerDay: number) => ({
    secrets: { iTeraBizApi: { apiKey: account.apiKey, baseUrl: account.url, maxVideosPerDay } },
  });

  test('Resubmit if Unsure: a refused try takes no place in the day', async () => {
    let count = 0;
    account.post = (accept) => {
      count += 1;
      if (count === 1) return 'break';
      if (count <= 3) return { status: 400, body: { message: 'Not now' } };
      return { body: accept() };
    };
    const parameters = createVideo({ options: { resubmitUnknown: true } });
    const settings = { retryOnFail: true, maxTries: 4, waitBetweenTries: 1 };
    // One may have been made, and one is: that fits.
    const run = await account.run(parameters, { items: rows(1), settings, ...limited(2) });
    expect(errorOf(run).message).toBe('');
    expect(account.jobs).toHaveLength(1);
  });
});
