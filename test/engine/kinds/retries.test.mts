/** What a retry of an execution orders, and what it names. */

import { run as runWorkflow } from '../../../n8n/embedded.mts';
import type { Reply } from '../../shared/littleApi.mts';
import { useLittleAccount } from './littleAccount.mts';
import { textOf } from '../runs/promise.mts';
import { asRetry, createVideo, ITERABIZ, jsonOf, kit, node, rows } from '../support.mts';

const account = useLittleAccount();
const retrying = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

const paid = () => account.jobs.map(({ script }) => script);
const paidTwice = () => paid().length - new Set(paid()).size;
const ids = () => account.jobs.map(({ id }) => String(id));
const told = (run: Parameters<typeof jsonOf>[0]) => JSON.stringify(jsonOf(run)) + textOf(run);

describe('Submitted once', () => {
  test('a key that is replaced in the middle of a run, as the message asks for: Retry sends only what is missing', async () => {
    const [oldKey, newKey] = [account.apiKey, `${account.apiKey}_new`];
    account.post = (accept, { headers }) => {
      const isOld = headers.authorization === `Bearer ${oldKey}`;
      if (isOld && account.jobs.length >= 3) {
        return { status: 401, body: { error: { message: 'This key was revoked' } } };
      }
      return { body: accept() };
    };
    const parameters = createVideo({ options: { maxConcurrency: 1 } });
    const failed = await account.run(parameters, { items: rows(5) });
    expect(textOf(failed)).toContain('To send only what is missing, open this execution');
    const again = await account.run(parameters, { retryOf: asRetry(failed), apiKey: newKey });
    expect(jsonOf(again)).toHaveLength(5);
    expect(paidTwice()).toBe(0);
  });

  test('a replaced key, and a field that is entered in another way: what is the same order is not ordered again', async () => {
    account.post = (accept) =>
      account.jobs.length < 3 ? { body: accept() } : { status: 401, body: { message: 'Revoked' } };
    const options = { maxConcurrency: 1 };
    const failed = await account.run(createVideo({ options }), { items: rows(5) });
    account.post = (accept) => ({ body: accept() });
    const data = asRetry(failed);
    const changed = { options, script: '={{ $json.script || $json.text }}' };
    Object.assign(data.executionData!.nodeExecutionStack[0].node.parameters, changed);
    const apiKey = `${account.apiKey}_new`;
    const again = await account.run(createVideo(changed), { retryOf: data, apiKey });
    expect(jsonOf(again)).toHaveLength(5);
    expect([account.jobs.length, paidTwice()]).toEqual([5, 0]);
  });

  test('a replaced key, and videos that are only in the list: nothing is ordered again', async () => {
    account.post = (accept) =>
      account.jobs.length < 1 ? { body: accept() } : { status: 401, body: { message: 'Revoked' } };
    const parameters = createVideo({ options: { maxConcurrency: 1 } });
    const failed = await account.run(parameters, { items: rows(2) });
    account.post = (accept) => ({ body: accept() });
    account.byId = () => ({ status: 404, body: { message: 'No such video' } });
    const apiKey = `${account.apiKey}_new`;
    const again = await account.run(parameters, { retryOf: asRetry(failed), apiKey });
    expect(jsonOf(again)).toHaveLength(2);
    expect([account.jobs.length, paidTwice()]).toEqual([2, 0]);
  });

  test.each([
    ['one that is there shows that the account is the same', 200, 1],
    ['an answer that all of them would get is got once', 403, 1],
    ['a fault may be one video’s own, but not that of three', 500, 3],
  ])('a replaced key, and many videos: %s', async (_, status, asked) => {
    topUp(6);
    const parameters = createVideo({ options: { maxConcurrency: 1 } });
    const failed = await account.run(parameters, { items: rows(7) });
    topUp(1);
    if (status !== 200) account.byId = () => ({ status, body: { message: 'No' } });
    account.api.asked.length = 0;
    const apiKey = `${account.apiKey}_new`;
    const again = await account.run(parameters, { retryOf: asRetry(failed), apiKey });
    expect(new Set(account.api.by('GET').map(({ path }) => path)).size).toBe(asked);
    expect([jsonOf(again).length, account.jobs.length, paidTwice()]).toEqual([7, 7, 0]);
  });

  test('a Base URL that is replaced in the middle of a run, as the message asks for: Retry orders nothing again', async () => {
    const baseUrl = account.url.replace('127.0.0.1', 'localhost');
    account.post = (accept, { headers }) => {
      const isOld = String(headers.host).startsWith('127.0.0.1');
      if (isOld && account.jobs.length >= 3) return { status: 308, headers: { location: baseUrl } };
      return { body: accept() };
    };
    const options = { maxConcurrency: 1 };
    const failed = await account.run(createVideo({ options }), { items: rows(5) });
    expect(textOf(failed)).toContain('check the Base URL of the credential');
    expect(textOf(failed)).toContain('To send only what is missing, open this execution');
    const data = asRetry(failed);
    const changed = { options: { ...options, resubmitUnknown: true } };
    Object.assign(data.executionData!.nodeExecutionStack[0].node.parameters, changed);
    const again = await account.run(createVideo(changed), { retryOf: data, baseUrl });
    expect(jsonOf(again)).toHaveLength(5);
    expect([account.jobs.length, paidTwice()]).toEqual([5, 0]);
  });

  test('Retry On Fail with an expression that gives something else each time, as {{ $now }}', async () => {
    let count = 0;
    account.post = (accept) =>
      ++count === 2 ? { status: 400, body: { message: 'Not now' } } : { body: accept() };
    const script = '={{ $json.script }} Made {{ $now.toMillis() }}';
    const parameters = createVideo({ script, options: { maxConcurrency: 1 } });
    const run = await account.run(parameters, { items: rows(2), settings: retrying });
    expect(jsonOf(run)).toHaveLength(2);
    expect(account.jobs).toHaveLength(2);
    // With the same key, nothing has to be asked.
    expect(account.api.by('GET')).toEqual([]);
  });

  test('Retry after an option was changed, as a message advises: such an expression orders nothing again', async () => {
    let count = 0;
    account.post = (accept) => (++count === 2 ? 'break' : { body: accept() });
    const script = '={{ $json.script }} Made {{ $now.toMillis() }}';
    const failed = await account.run(createVideo({ script }), { items: rows(3) });
    expect(textOf(failed)).toContain('turn on "Resubmit if Unsure" in the options');
    const data = asRetry(failed);
    account.state = (job) => ({ ...job, status: 'completed', video_url: 'https://a.example/b' });
    const options = { resubmitUnknown: true, pollInterval: 0.1 };
    const changed = { options, waitForCompletion: true, requestOptions: { timeout: 9_000 } };
    Object.assign(data.executionData!.nodeExecutionStack[0].node.parameters, changed);
    const again = await account.run(createVideo({ script, ...changed }), { retryOf: data });
    expect(jsonOf(again)).toHaveLength(3);
    expect(account.jobs).toHaveLength(3);
  });
});

test('an error output that leads back to the node: what was in doubt is looked for again, not ordered again', async () => {
  let posts = 0;
  account.post = (accept) => {
    const body = accept();
    return ++posts <= 2 ? { status: 502, body: {} } : { body };
  };
  // As long as the first lap looks, the list is late.
  let lists = 0;
  account.list = (data): Reply => ({
    body: { data: ++lists <= 2 ? [] : data, has_more: false },
  });
  const to = (name: string) => [{ node: name, type: 'main' as const, index: 0 }];
  const settings = { onError: 'continueErrorOutput' } as const;
  const items = [...rows(3), ...rows(1)].map((json) => ({ json }));
  const run = await runWorkflow(
    {
      nodes: [
        node('Start', 'test.passOn'),
        node('iTeraBiz', ITERABIZ, { ...settings, parameters: createVideo() }),
        node('Done', 'test.passOn'),
        node('Again', 'test.passOn'),
      ],
      connections: {
        Start: { main: [to('iTeraBiz')] },
        iTeraBiz: { main: [to('Done'), to('Again')] },
        Again: { main: [to('iTeraBiz')] },
      },
    },
    {
      kit,
      items,
      secrets: { iTeraBizApi: { apiKey: account.apiKey, baseUrl: account.url } },
    },
  );
  expect(run.data.resultData.runData.iTeraBiz.length).toBeGreaterThan(1);
  const done = run.data.resultData.runData.Done.flatMap(({ data }) => data!.main[0]!);
  expect(new Set(done.map(({ json }) => json.id)).size).toBe(items.length);
  expect(account.jobs).toHaveLength(items.length);
});

/** The account has credits for so many more videos. */
function topUp(credits: number): void {
  account.post = (accept) =>
    credits-- > 0 ? { body: accept() } : { status: 402, body: { message: 'No credits left' } };
}

test.each([
  ['as entered', '={{ $json.script }}'],
  [
    'with an expression that gives something else each time',
    '={{ $json.script }} {{ $now.toMillis() }}',
  ],
])(
  'a second Retry of the same execution sends only what the first one did not: %s',
  async (_, script) => {
    topUp(2);
    const parameters = createVideo({ script, options: { maxConcurrency: 1 } });
    const failed = await account.run(parameters, { items: rows(5) });
    topUp(1);
    await account.run(parameters, { retryOf: asRetry(failed) });
    topUp(9);
    const last = await account.run(parameters, { retryOf: asRetry(failed) });
    expect(jsonOf(last)).toHaveLength(5);
    expect([account.jobs.length, paidTwice()]).toEqual([5, 0]);
  },
);

test('a second Retry orders nothing again that the first one resubmitted', async () => {
  account.post = () => 'break';
  const parameters = createVideo({ options: { resubmitUnknown: true } });
  const failed = await account.run(parameters, { items: rows(1) });
  topUp(9);
  await account.run(parameters, { retryOf: asRetry(failed) });
  const last = await account.run(parameters, { retryOf: asRetry(failed) });
  expect(jsonOf(last).map(({ id }) => id)).toEqual(['video_1']);
  expect(account.jobs).toHaveLength(1);
});

test.each([
  ['as entered', '={{ $json.script }}', {}],
  ['with an expression', '={{ $json.script }} {{ $now.toMillis() }}', {}],
  ['after the key was replaced', '={{ $json.script }}', { apiKey: 'sk_test_replaced' }],
])(
  'a second Retry does not send again what the first one left in doubt: %s',
  async (_, script, more) => {
    const parameters = createVideo({ script, options: { maxConcurrency: 1 } });
    topUp(1);
    const failed = await account.run(parameters, { items: rows(2) });
    // Another account has none of it.
    if ('apiKey' in more)
      Object.assign(account, { jobs: [], byId: () => ({ status: 404, body: {} }) });
    account.post = (accept) => (accept(), 'break');
    account.list = () => ({ body: { data: [], has_more: false } });
    await account.run(parameters, { retryOf: asRetry(failed), ...more });
    const sent = account.jobs.length;
    topUp(9);
    const late = await account.run(parameters, { retryOf: asRetry(failed), ...more });
    expect([account.jobs.length, paidTwice()]).toEqual([sent, 0]);
    expect(textOf(late)).toContain('an earlier try may have been accepted already');
  },
);

test('a second Retry sends again what the first one was refused', async () => {
  topUp(0);
  const failed = await account.run(createVideo(), { items: rows(1) });
  await account.run(createVideo(), { retryOf: asRetry(failed) });
  topUp(1);
  const last = await account.run(createVideo(), { retryOf: asRetry(failed) });
  expect(jsonOf(last).map(({ id }) => id)).toEqual(['video_1']);
});

test('two Retries at once send nothing twice, also if the outcome of the first one is unknown', async () => {
  topUp(0);
  const failed = await account.run(createVideo(), { items: rows(1) });
  account.post = (accept) => (accept(), 'break');
  account.list = () => ({ body: { data: [], has_more: false } });
  const retry = () => account.run(createVideo(), { retryOf: asRetry(failed) });
  await Promise.all([retry(), retry()]);
  expect(account.jobs).toHaveLength(1);
  account.list = (data) => ({ body: { data, has_more: false } });
  expect(jsonOf(await retry()).map(({ id }) => id)).toEqual(['video_1']);
});

test('a second Retry an hour later, once credits are there again, sends only what the first one did not', async () => {
  topUp(0);
  const parameters = createVideo({ options: { maxConcurrency: 1 } });
  const failed = await account.run(parameters, { items: rows(3) });
  topUp(2);
  await account.run(parameters, { retryOf: asRetry(failed) });
  const real = performance.now.bind(performance);
  jest.spyOn(performance, 'now').mockImplementation(() => real() + 60 * 60_000);
  topUp(9);
  const last = await account.run(parameters, { retryOf: asRetry(failed) });
  jest.restoreAllMocks();
  expect(jsonOf(last)).toHaveLength(3);
  expect([account.jobs.length, paidTwice()]).toEqual([3, 0]);
});

test('a second Retry gives the video of the first one to no equal row', async () => {
  topUp(0);
  const options = { maxConcurrency: 1, whenVideoExists: 'reuse' };
  const parameters = createVideo({ script: 'The same', options });
  const failed = await account.run(parameters, { items: rows(2) });
  topUp(1);
  await account.run(parameters, { retryOf: asRetry(failed) });
  topUp(9);
  const last = await account.run(parameters, { retryOf: asRetry(failed) });
  expect(jsonOf(last).map(({ id }) => id)).toEqual(['video_1', 'video_2']);
});

describe('Nothing lost', () => {
  test('Retry On Fail whose second try cannot find the avatar any more: what the first try ordered is named', async () => {
    account.avatars = [{ id: 'avatar_1', name: 'Maria' }];
    account.post = (accept) => {
      if (account.jobs.length < 3) return { body: accept() };
      account.avatars = [];
      return { status: 400, body: { message: 'Not now' } };
    };
    const avatarId = { __rl: true, mode: 'name', value: 'Maria' };
    const parameters = createVideo({ avatarId, options: { maxConcurrency: 1 } });
    const settings = { ...retrying, maxTries: 2 };
    const run = await account.run(parameters, { items: rows(5), settings });
    expect(account.jobs).toHaveLength(3);
    expect(ids().filter((id) => !told(run).includes(id))).toEqual([]);
  });

  test('Retry On Fail whose second try cannot read the list: what the first try ordered is named', async () => {
    let count = 0;
    account.post = (accept) =>
      ++count === 4 ? { status: 400, body: { message: 'Not now' } } : { body: accept() };
    let lists = 0;
    account.list = (data): Reply =>
      ++lists > 1 ? { status: 403, body: { message: 'No' } } : { body: { data, has_more: false } };
    const parameters = createVideo({ options: { whenVideoExists: 'reuse', maxConcurrency: 1 } });
    const run = await account.run(parameters, {
      items: rows(5),
      settings: { ...retrying, maxTries: 2 },
    });
    expect(account.jobs).toHaveLength(4);
    expect(ids().filter((id) => !told(run).includes(id))).toEqual([]);
  });

  test('Retry On Fail whose second try meets the daily limit: what the first try ordered is named', async () => {
    let count = 0;
    account.post = (accept) => {
      if (++count !== 4) return { body: accept() };
      account.add({ script: 'made elsewhere' });
      account.add({ script: 'made elsewhere, too' });
      return { status: 400, body: { message: 'Not now' } };
    };
    account.state = (job) => job;
    const secrets = {
      iTeraBizApi: { apiKey: account.apiKey, baseUrl: account.url, maxVideosPerDay: 5 },
    };
    const parameters = createVideo({ options: { maxConcurrency: 1 } });
    const settings = { ...retrying, maxTries: 2, waitBetweenTries: 2_500 };
    const run = await account.run(parameters, { items: rows(5), settings, secrets });
    const own = account.jobs.filter(({ script }) => String(script).startsWith('Script'));
    expect(own.length).toBeGreaterThan(0);
    expect(own.map(({ id }) => String(id)).filter((id) => !told(run).includes(id))).toEqual([]);
  });
});

describe('Messages say what is true', () => {
  test('a limit that was lowered: "There is room again" names a time when there is', async () => {
    for (let n = 0; n < 6; n++) {
      account.add({ created_at: new Date(Date.now() - (20 - n) * 3_600_000).toISOString() });
    }
    const secrets = {
      iTeraBizApi: { apiKey: account.apiKey, baseUrl: account.url, maxVideosPerDay: 3 },
    };
    const run = await account.run(createVideo(), { items: rows(1), secrets });
    const [, said] = /room again from (\S+ \S+) UTC/.exec(textOf(run)) ?? [];
    const fourthFrees = new Date(Date.now() + (24 - 17) * 3_600_000).toISOString();
    expect(said?.slice(0, 13)).toBe(fourthFrees.replace('T', ' ').slice(0, 13));
  });
});
