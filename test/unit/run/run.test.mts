/** The port to n8n, on n8n's own contexts. */
import type { IExecutePaginationFunctions, INode, INodeParameters } from 'n8n-workflow';

import {
  performForItem,
  type Run,
  runOf,
  workflowRunner,
} from '../../../nodes/ITeraBiz/run/run.ts';
import { TIMEOUT } from '../../../nodes/ITeraBiz/client/apiClient.ts';
import { now } from '../../../nodes/ITeraBiz/client/time.ts';
import { useLittleApi } from '../../shared/littleApi.mts';
import { type Execution, executeContext, singleContext } from '../engine.mts';

const create: INodeParameters = {
  resource: 'video',
  operation: 'create',
  waitForCompletion: true,
};
const items = [
  { row: 0, script: 'one' },
  { row: 1, script: 'two' },
];

/** The run of a tool; with an error, one that fails. */
async function runOfTool(context: IExecutePaginationFunctions, error?: Error): Promise<Run> {
  const runs: Run[] = [];
  const perform = async (run: Run) => {
    runs.push(run);
    if (error) throw error;
    return [];
  };
  await performForItem(context, perform, { doing: '', url: '', fields: [] });
  return runs[0];
}

const runWith = async (execution: Execution = {}) => await runOf(executeContext(execution));

test('knows its items, and what n8n says of the execution', async () => {
  const { signal } = new AbortController();
  const run = await runWith({
    ...{ items, signal, workflow: { id: 'w1' } },
    additionalData: { executionId: '7' },
  });
  expect(run).toMatchObject({
    ...{ size: 2, index: 0, isTool: false, isManual: false, onError: 'stop' },
    ...{ executionId: '7', workflowId: 'w1', concurrency: 5, signal },
    node: { name: 'Ours' },
  });
  expect([run.input(0), run.input(1)]).toEqual(items);
  expect((await runWith({ mode: 'manual' })).isManual).toBe(true);
});

test('keeps in its memory what n8n keeps of the node', async () => {
  const context = executeContext();
  (await runOf(context)).memory.mine = 1;
  expect((await runOf(context)).memory).toEqual({ mine: 1 });
});

describe('A parameter', () => {
  const parameters = {
    ...create,
    avatarId: { __rl: true, mode: 'id', value: '={{ $json.row }}' },
    script: '={{ $json.script }}',
    language: 'de-DE',
    additionalFields: { field: [{ name: 'a', value: '=x' }] },
  };

  test('is worked out for each item where it is an expression, however deep', async () => {
    const run = await runWith({ items, parameters });
    expect([0, 1].map((item) => run.parameter('script', item))).toEqual(['one', 'two']);
    expect([0, 1].map((item) => run.parameter('avatarId', item))).toEqual([0, 1]);
    expect(run.parameter('additionalFields.field', 1)).toEqual([{ name: 'a', value: 'x' }]);
  });

  test('is read once for all items where it is none', async () => {
    const context = executeContext({ items, parameters });
    const read = jest.spyOn(context, 'getNodeParameter');
    const run = await runOf(context);
    const before = read.mock.calls.length;
    for (let item = 0; item < 2; item++) {
      expect(run.parameter('language', item)).toBe('de-DE');
      run.parameter('script', item);
      run.options(item);
    }
    const names = read.mock.calls.slice(before).map(([name]) => String(name));
    expect(names.filter((name) => name === 'language')).toHaveLength(1);
    expect(names.filter((name) => name === 'script')).toHaveLength(2);
    expect(names.filter((name) => name === 'options').length).toBeLessThanOrEqual(1);
  });

  test('has its default where the node was saved without it, and the fallback where nothing declares it', async () => {
    const run = await runWith({ items, parameters: create });
    expect(run.parameter('duration', 0)).toBe(60);
    expect([run.parameter('unheardOf', 0), run.parameter('unknown', 1, 5)]).toEqual(['', 5]);
  });

  test('whose expression fails is an error of n8n for that item alone', async () => {
    const script = '={{ $json.script === "two" ? $("Nowhere").item : 1 }}';
    const run = await runWith({ items, parameters: { ...parameters, script } });
    expect(run.parameter('script', 0)).toBe(1);
    expect(() => run.parameter('script', 1)).toThrow();
  });

  test('that was picked says how', async () => {
    const run = await runWith({ parameters });
    expect([run.locatorMode('avatarId'), run.locatorMode('language')]).toEqual(['id', undefined]);
  });
});

describe('The options', () => {
  test('are those of each item, as numbers', async () => {
    const options = { maxVideos: '={{ $json.row + 1 }}', maxWait: '5', maxConcurrency: '3' };
    const run = await runWith({ items, parameters: { ...create, options } });
    expect([0, 1].map((item) => run.options(item).maxVideos)).toEqual([1, 2]);
    expect(run.options(0).maxWait).toBe(5);
    expect(run.concurrency).toBe(3);
  });

  test.each(['many', '', null])(
    'that is invalid fail by item; the others go on: %j',
    async (value) => {
      const options = { maxConcurrency: `={{ $json.row === 0 ? ${JSON.stringify(value)} : 2 }}` };
      const run = await runWith({ items, parameters: { ...create, options } });
      expect(run.concurrency).toBe(2);
      expect(() => run.options(0)).toThrow(/Max Concurrency/);
      expect(run.options(1).maxConcurrency).toBe(2);
    },
  );
});

describe('Max Concurrency', () => {
  const context = (maxConcurrency: string, rows: number) =>
    executeContext({
      items: Array.from({ length: rows }, (_, row) => ({ row })),
      parameters: { ...create, options: { maxConcurrency, maxVideos: '={{ $json.row }}' } },
    });

  test('that is no expression is read once, though another option is one', async () => {
    const fixed = context('3', 5);
    const read = jest.spyOn(fixed, 'getNodeParameter');
    expect((await runOf(fixed)).concurrency).toBe(3);
    const names = read.mock.calls.map(([name]) => String(name));
    expect(names.filter((name) => name === 'options.maxConcurrency')).toHaveLength(1);
  });

  test('of many rows lets n8n get on with other work in between', async () => {
    const slow = context('={{ $json.row + 2 }}', 30);
    const read = slow.getNodeParameter.bind(slow) as (...args: unknown[]) => never;
    jest.spyOn(slow, 'getNodeParameter').mockImplementation((...args: unknown[]) => {
      for (const end = performance.now() + 3; performance.now() < end;);
      return read(...args);
    });
    let turns = 0;
    const other = setInterval(() => turns++, 0);
    expect((await runOf(slow)).concurrency).toBe(2);
    clearInterval(other);
    expect(turns).toBeGreaterThan(0);
  });

  test('of which all are invalid is the default', async () => {
    expect((await runOf(context('={{ "many" }}', 2))).concurrency).toBe(5);
  });
});

test.each<[Partial<INode>, string]>([
  [{}, 'stop'],
  [{ onError: 'stopWorkflow' }, 'stop'],
  [{ onError: 'continueRegularOutput' }, 'continueRegularOutput'],
  [{ onError: 'continueErrorOutput' }, 'continueErrorOutput'],
  // The setting's older form
  [{ continueOnFail: true }, 'continueRegularOutput'],
])('a node with %j, when an item fails: %s', async (node, expected) => {
  expect((await runWith({ node })).onError).toBe(expected);
});

describe("n8n's Request Options", () => {
  const withOptions = async (requestOptions: INodeParameters) =>
    await runWith({ parameters: { ...create, requestOptions } });

  test('that are not set: five minutes for an answer, and no pace', async () => {
    const run = await withOptions({});
    expect(run.requestOptions).toEqual({ timeout: TIMEOUT });
    expect(run.batching).toEqual({ size: 1, interval: 0 });
  });

  test.each([
    [-5, TIMEOUT],
    [0.5, TIMEOUT],
    [1, 1],
    ['soon', TIMEOUT],
    ['2000', 2_000],
    [1e12, 2 ** 31 - 1],
  ])(
    'a timeout of %j is one of %i ms: none makes a request hang or give up at once',
    async (timeout, is) => {
      expect((await withOptions({ timeout })).requestOptions).toEqual({ timeout: is });
    },
  );

  test('go into every request of the run', async () => {
    const run = await withOptions({
      ...{ timeout: 9_000, allowUnauthorizedCerts: true },
      proxy: 'http://me%40home:p%3Aw@proxy.example:3128',
      batching: { batch: { batchSize: 4, batchInterval: 500 } },
    });
    expect(run.requestOptions).toEqual({
      timeout: 9_000,
      skipSslCertificateValidation: true,
      proxy: {
        ...{ host: 'proxy.example', port: 3128, protocol: 'http' },
        auth: { username: 'me@home', password: 'p:w' },
      },
    });
    expect(run.batching).toEqual({ size: 4, interval: 500 });
  });

  test.each(['100%sure', '%ff'])("a proxy's password may have a % of its own: %s", async (word) => {
    const { requestOptions } = await withOptions({ proxy: `http://me:${word}@proxy.example:3128` });
    expect(requestOptions.proxy).toMatchObject({ auth: { username: 'me', password: word } });
  });

  test.each([-1, 0, 'x'])('a batch of %p is one of one', async (value) => {
    const batch = { batchSize: value, batchInterval: value };
    expect((await withOptions({ batching: { batch } })).batching).toEqual({ size: 1, interval: 0 });
  });

  test.each([
    [-1, 500, { size: 1, interval: 0 }],
    [0, 500, { size: 1, interval: 500 }],
  ])('a batch of %i every %i ms: %j', async (batchSize, batchInterval, expected) => {
    const batch = { batchSize, batchInterval };
    expect((await withOptions({ batching: { batch } })).batching).toEqual(expected);
  });

  test.each([
    ['http://proxy.example:80', { host: 'proxy.example', port: 80, protocol: 'http' }],
    ['https://proxy.example:443', { host: 'proxy.example', port: 443, protocol: 'https' }],
    [' http://10.0.0.1:80/ ', { host: '10.0.0.1', port: 80, protocol: 'http' }],
  ])('a proxy "%s" has its port, and no sign-in', async (proxy, expected) => {
    expect((await withOptions({ proxy })).requestOptions.proxy).toEqual(expected);
  });

  test.each(['proxy.example:3128', 'http://proxy.example', 'http://a/:80b', 'http://', 'nonsense'])(
    'a proxy "%s" is refused, with what to enter',
    async (proxy) => {
      await expect(withOptions({ proxy })).rejects.toThrow(
        expect.objectContaining({
          message: 'The proxy under Request Options is not valid',
          description: expect.stringContaining('http://proxy.example.com:3128'),
        }),
      );
    },
  );
});

describe('When n8n will cancel the execution', () => {
  const timeoutAt = async (seconds?: number, known?: number) => {
    const run = await runWith({
      workflow: { settings: { ...(seconds !== undefined && { executionTimeout: seconds }) } },
      additionalData: { ...(known && { executionTimeoutTimestamp: known }) },
    });
    return run.timeoutAt;
  };

  test('is the moment that n8n knows, or else by the workflow settings, from now on', async () => {
    expect(await timeoutAt(60, 12_345)).toBe(12_345);
    const before = Date.now();
    const at = await timeoutAt(60);
    expect(at).toBeGreaterThanOrEqual(before + 60_000);
    expect(at).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  test.each([undefined, 0, -1])('is never where its Timeout is %p', async (seconds) => {
    expect(await timeoutAt(seconds)).toBeUndefined();
  });
});

describe('An AI tool', () => {
  test('is a run of what the agent calls it with', async () => {
    const run = await runWith({ items, isTool: true, parameters: create });
    expect([run.isTool, run.size, run.executeWorkflow]).toEqual([true, 2, undefined]);
    expect(run.input(1)).toEqual(items[1]);
  });

  test('that n8n calls item by item is a run of this one', async () => {
    const parameters = { ...create, script: '={{ $json.script }}', options: { maxWait: '5' } };
    const run = await runOfTool(singleContext({ items, parameters }, 1));
    expect([run.isTool, run.size]).toEqual([true, 1]);
    expect(run.input(0)).toEqual(items[1]);
    expect(run.parameter('script', 0)).toBe('two');
    expect(run.options(0).maxWait).toBe(5);
    expect(run.executeWorkflow).toBeUndefined();
    run.hint('goes nowhere');
  });

  describe('that n8n calls again after a failure', () => {
    const failure = new Error('failed');
    beforeEach(() => jest.useFakeTimers());
    afterEach(() => jest.useRealTimers());

    async function indexAfter(ms: number, settings: Partial<INode>, error?: Error) {
      const context = singleContext({ items, parameters: create, node: settings });
      Object.assign(context, { runIndex: 4 });
      await Promise.allSettled([runOfTool(context, error)]);
      jest.advanceTimersByTime(ms);
      Object.assign(context, { runIndex: 5 });
      return (await runOfTool(context)).index;
    }

    test.each<[string, number, Partial<INode>, number, Error?]>([
      ['goes on with the run that failed', 9_999, { retryOnFail: true }, 4, failure],
      ['is a run of its own later', 10_000, { retryOnFail: true }, 5, failure],
      ['is a run of its own without Retry On Fail', 0, {}, 5, failure],
      ['is a run of its own after a success', 0, { retryOnFail: true }, 5, undefined],
    ])('%s', async (_, ms, settings, index, error) => {
      expect(await indexAfter(ms, settings, error)).toBe(index);
    });

    test.each([false, true])(
      'keeps no arguments, and nothing without Retry On Fail: %s',
      async (retryOnFail) => {
        const context = singleContext({
          items,
          isTool: true,
          parameters: create,
          node: { retryOnFail },
        });
        await Promise.allSettled([runOfTool(context, failure)]);
        const { failedTools } = context.getContext('node');
        expect(Object.keys(failedTools ?? {})).toHaveLength(retryOnFail ? 1 : 0);
        expect(JSON.stringify(failedTools ?? '')).not.toContain('one');
      },
    );

    test('passes the failure on', async () => {
      const context = singleContext({ items, parameters: create });
      await expect(runOfTool(context, failure)).rejects.toBe(failure);
    });
  });
});

test('counts its runs in a loop', async () => {
  const context = executeContext();
  Object.assign(context, { runIndex: 3 });
  expect((await runOf(context)).index).toBe(3);
});

test('logs with what n8n finds the node by, and saves notes and files with the execution', async () => {
  const context = executeContext({ additionalData: { executionId: '7' } });
  const warn = jest.fn();
  Object.defineProperty(context, 'logger', { value: { warn } });
  context.helpers.prepareBinaryData = jest.fn(async (...args: unknown[]) => args as never);
  const run = await runOf(context);
  run.warn('Look');
  run.note('name', 'text');
  expect(warn).toHaveBeenCalledWith('Look', { node: 'Ours', executionId: '7' });
  expect(context.customData.get('name')).toBe('text');
  const file = Buffer.from('x');
  expect(await run.store(file, 'a.mp4', 'video/mp4')).toEqual([file, 'a.mp4', 'video/mp4']);
});

test.each([
  [true, 45_000],
  [false, Infinity],
])('a tool (%p) is waited for %p ms', async (isTool, expected) => {
  const before = now();
  const { giveUpAt } = await runWith({ items, isTool, parameters: create });
  expect(giveUpAt).toBeGreaterThanOrEqual(before + expected);
  if (isTool) expect(giveUpAt).toBeLessThan(now() + expected + 1);
});

test('knows the limit of its credential', async () => {
  const credential = { apiKey: 'k', baseUrl: 'https://api.example', maxVideosPerDay: 3 };
  const run = await runWith({ credential: credential as never });
  expect(await run.maxVideosPerDay()).toBe(3);
});

test('what it hints at stands beside the output', async () => {
  const context = executeContext();
  (await runOf(context)).hint('It costs nothing');
  expect(context.hints).toEqual([{ message: 'It costs nothing', location: 'outputPane' }]);
});

test('goes on without hints and notes where n8n has none', async () => {
  const context = executeContext();
  Object.defineProperty(context, 'addExecutionHints', { value: undefined });
  Object.defineProperty(context, 'customData', { value: undefined });
  const run = await runOf(context);
  expect([run.hint('It costs nothing'), run.note('name', 'text')]).toEqual([undefined, undefined]);
});

describe('Its client', () => {
  const api = useLittleApi();

  test('asks with the key of the credential, in the same account for as long as the run is', async () => {
    const credential = { apiKey: 'sk_live_of_the_run', baseUrl: `${api.url}/ ` };
    const run = await runWith({ credential });
    await (await run.client()).request({ method: 'GET', url: '/videos' });
    expect(api.asked).toMatchObject([
      { path: '/videos', headers: { authorization: 'Bearer sk_live_of_the_run' } },
    ]);
    const again = await runWith({ credential });
    expect((await run.account()).id).toEqual(expect.any(String));
    expect(await run.account()).toBe(await again.account());
    expect((await run.client()).settings).toMatchObject({ priority: 'row', concurrency: 5 });
  });
});

describe('A wait is handed over to n8n', () => {
  const server = { executionId: '7', executeWorkflow: async () => ({}) };
  const on = (additionalData: object, id = 'w1') =>
    executeContext({ additionalData, workflow: { id } });

  test.each<[string, object, string, boolean]>([
    ['a saved workflow on a server', server, 'w1', true],
    ['an execution without an ID', { ...server, executionId: undefined }, 'w1', false],
    ['an execution that is not kept', { ...server, executionId: '__UNKNOWN__' }, 'w1', false],
    ['a workflow that is not saved', server, '__EMPTY__', false],
    ['a workflow without an ID', server, '', false],
    ['an n8n that runs no other workflows', { executionId: '7' }, 'w1', false],
  ])('%s: %j, workflow "%s": %p', async (_, additionalData, id, can) => {
    const context = on(additionalData, id);
    expect((await runOf(context)).executeWorkflow !== undefined).toBe(can);
  });

  test('not by an n8n that can forget who waits', () => {
    const n8n1 = { WAIT_INDEFINITELY: new Date(), NodeApiError: class {} };
    const n8n241 = { ...n8n1, WAIT_FOR_SUB_EXECUTION: new Date() };
    const runners = [n8n1, n8n241].map((n8n) => workflowRunner(on(server), n8n));
    expect(runners).toEqual([undefined, expect.any(Function)]);
  });

  test('as a small workflow that this execution waits for', async () => {
    const execute = jest.fn<Promise<object>, unknown[]>(async () => ({ executionId: '8' }));
    const { executeWorkflow } = await runOf(on({ ...server, executeWorkflow: execute }));
    const workflow = { name: 'small', nodes: [], connections: {} } as never;
    await executeWorkflow!(workflow, [{ json: { a: 1 } }]);
    expect(execute).toHaveBeenCalledWith(
      { code: workflow },
      expect.anything(),
      expect.objectContaining({
        inputData: [{ json: { a: 1 } }],
        parentExecution: { executionId: '7', workflowId: 'w1', shouldResume: true },
        executionMode: 'trigger',
      }),
    );
  });
});
