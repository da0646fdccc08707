/** The port to n8n, on n8n's own contexts. */
import type { INode, INodeParameters } from 'n8n-workflow';

import { canHandOver, runOf, runOfItem } from '../../../nodes/ITeraBiz/run/run.ts';
import { TIMEOUT } from '../../../nodes/ITeraBiz/client/apiClient.ts';
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

const runWith = (execution: Execution = {}) => runOf(executeContext(execution));

test('knows its items, and what n8n says of the execution', () => {
  const { signal } = new AbortController();
  const run = runWith({
    ...{ items, signal, workflow: { id: 'w1' } },
    additionalData: { executionId: '7' },
  });
  expect(run).toMatchObject({
    ...{ size: 2, index: 0, isTool: false, isManual: false, onError: 'stop' },
    ...{ executionId: '7', workflowId: 'w1', concurrency: 5, signal },
    node: { name: 'Ours' },
  });
  expect([run.input(0), run.input(1)]).toEqual(items);
  expect(runWith({ mode: 'manual' }).isManual).toBe(true);
});

test('keeps in its memory what n8n keeps of the node', () => {
  const context = executeContext();
  runOf(context).memory.mine = 1;
  expect(runOf(context).memory).toEqual({ mine: 1 });
});

describe('A parameter', () => {
  const parameters = {
    ...create,
    avatarId: { __rl: true, mode: 'id', value: '={{ $json.row }}' },
    script: '={{ $json.script }}',
    language: 'de-DE',
    additionalFields: { field: [{ name: 'a', value: '=x' }] },
  };

  test('is worked out for each item where it is an expression, however deep', () => {
    const run = runWith({ items, parameters });
    expect([0, 1].map((item) => run.parameter('script', item))).toEqual(['one', 'two']);
    expect([0, 1].map((item) => run.parameter('avatarId', item))).toEqual([0, 1]);
    expect(run.parameter('additionalFields.field', 1)).toEqual([{ name: 'a', value: 'x' }]);
  });

  test('is read once for all items where it is none', () => {
    const context = executeContext({ items, parameters });
    const read = jest.spyOn(context, 'getNodeParameter');
    const run = runOf(context);
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

  test('has its default where the node was saved without it, and the fallback where nothing declares it', () => {
    const run = runWith({ items, parameters: create });
    expect(run.parameter('duration', 0)).toBe(60);
    expect([run.parameter('unheardOf', 0), run.parameter('unknown', 1, 5)]).toEqual(['', 5]);
  });

  test('whose expression fails is an error of n8n for that item alone', () => {
    const script = '={{ $json.script === "two" ? $("Nowhere").item : 1 }}';
    const run = runWith({ items, parameters: { ...parameters, script } });
    expect(run.parameter('script', 0)).toBe(1);
    expect(() => run.parameter('script', 1)).toThrow();
  });

  test('that was picked says how', () => {
    const run = runWith({ parameters });
    expect([run.locatorMode('avatarId'), run.locatorMode('language')]).toEqual(['id', undefined]);
  });
});

describe('The options', () => {
  test('are those of each item, as numbers', () => {
    const options = { maxVideos: '={{ $json.row + 1 }}', maxWait: '5', maxConcurrency: '3' };
    const run = runWith({ items, parameters: { ...create, options } });
    expect([0, 1].map((item) => run.options(item).maxVideos)).toEqual([1, 2]);
    expect(run.options(0).maxWait).toBe(5);
    expect(run.concurrency).toBe(3);
  });

  test.each(['many', '', null])('that is invalid fail by item; the others go on: %j', (value) => {
    const options = { maxConcurrency: `={{ $json.row === 0 ? ${JSON.stringify(value)} : 2 }}` };
    const run = runWith({ items, parameters: { ...create, options } });
    expect(run.concurrency).toBe(2);
    expect(() => run.options(0)).toThrow(/Max Concurrency/);
    expect(run.options(1).maxConcurrency).toBe(2);
  });
});

test.each<[Partial<INode>, string]>([
  [{}, 'stop'],
  [{ onError: 'stopWorkflow' }, 'stop'],
  [{ onError: 'continueRegularOutput' }, 'continueRegularOutput'],
  [{ onError: 'continueErrorOutput' }, 'continueErrorOutput'],
  // The setting's older form
  [{ continueOnFail: true }, 'continueRegularOutput'],
])('a node with %j, when an item fails: %s', (node, expected) => {
  expect(runWith({ node }).onError).toBe(expected);
});

describe("n8n's Request Options", () => {
  const withOptions = (requestOptions: INodeParameters) =>
    runWith({ parameters: { ...create, requestOptions } });

  test('that are not set: five minutes for an answer, and no pace', () => {
    const run = withOptions({});
    expect(run.requestOptions).toEqual({ timeout: TIMEOUT });
    expect(run.batching).toEqual({ size: 1, interval: 0 });
  });

  test.each([
    [-5, TIMEOUT],
    [0.5, TIMEOUT],
    ['soon', TIMEOUT],
    ['2000', 2_000],
    [1e12, 2 ** 31 - 1],
  ])(
    'a timeout of %j is one of %i ms: none makes a request hang or give up at once',
    (timeout, is) => {
      expect(withOptions({ timeout }).requestOptions).toEqual({ timeout: is });
    },
  );

  test('go into every request of the run', () => {
    const run = withOptions({
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

  test.each([-1, 0, 'x'])('a batch of %p is one of one', (value) => {
    const batch = { batchSize: value, batchInterval: value };
    expect(withOptions({ batching: { batch } }).batching).toEqual({ size: 1, interval: 0 });
  });

  test.each(['proxy.example:3128', 'http://proxy.example', 'http://', 'nonsense'])(
    'a proxy "%s" is refused, with what to enter',
    (proxy) => {
      expect(() => withOptions({ proxy })).toThrow(
        expect.objectContaining({
          message: 'The proxy under Request Options is not valid',
          description: expect.stringContaining('http://proxy.example.com:3128'),
        }),
      );
    },
  );
});

describe('When n8n will cancel the execution', () => {
  const timeoutAt = (seconds?: number, known?: number) =>
    runWith({
      workflow: { settings: { ...(seconds !== undefined && { executionTimeout: seconds }) } },
      additionalData: { ...(known && { executionTimeoutTimestamp: known }) },
    }).timeoutAt;

  test('is the moment that n8n knows, or else by the workflow settings, from now on', () => {
    expect(timeoutAt(60, 12_345)).toBe(12_345);
    const before = Date.now();
    expect(timeoutAt(60)).toBeGreaterThanOrEqual(before + 60_000);
    expect(timeoutAt(60)).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  test.each([undefined, 0, -1])('is never where its Timeout is %p', (seconds) => {
    expect(timeoutAt(seconds)).toBeUndefined();
  });
});

describe('An AI tool', () => {
  test('is a run of what the agent calls it with', () => {
    const run = runWith({ items, isTool: true, parameters: create });
    expect([run.isTool, run.size, run.executeWorkflow]).toEqual([true, 2, undefined]);
    expect(run.input(1)).toEqual(items[1]);
  });

  test('that n8n calls item by item is a run of this one', () => {
    const parameters = { ...create, script: '={{ $json.script }}', options: { maxWait: '5' } };
    const run = runOfItem(singleContext({ items, parameters }, 1));
    expect([run.isTool, run.size]).toEqual([true, 1]);
    expect(run.input(0)).toEqual(items[1]);
    expect(run.parameter('script', 0)).toBe('two');
    expect(run.options(0).maxWait).toBe(5);
    expect(run.executeWorkflow).toBeUndefined();
    run.hint('goes nowhere');
  });
});

test('what it hints at stands beside the output', () => {
  const context = executeContext();
  runOf(context).hint('It costs nothing');
  expect(context.hints).toEqual([{ message: 'It costs nothing', location: 'outputPane' }]);
});

describe('Its client', () => {
  const api = useLittleApi();

  test('asks with the key of the credential, in the same account for as long as the run is', async () => {
    const credential = { apiKey: 'sk_live_of_the_run', baseUrl: `${api.url}/ ` };
    const run = runWith({ credential });
    await (await run.client()).request({ method: 'GET', url: '/videos' });
    expect(api.asked).toMatchObject([
      { path: '/videos', headers: { authorization: 'Bearer sk_live_of_the_run' } },
    ]);
    expect(await run.account()).toBe(await runWith({ credential }).account());
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
  ])('%s: %j, workflow "%s": %p', (_, additionalData, id, can) => {
    const context = on(additionalData, id);
    expect(canHandOver(context)).toBe(can);
    expect(runOf(context).executeWorkflow !== undefined).toBe(can);
  });

  test('not by an n8n that can forget who waits', () => {
    const n8n1 = { WAIT_INDEFINITELY: new Date(), NodeApiError: class {} };
    const n8n241 = { ...n8n1, WAIT_FOR_SUB_EXECUTION: new Date() };
    expect([n8n1, n8n241].map((n8n) => canHandOver(on(server), n8n))).toEqual([false, true]);
  });

  test('as a small workflow that this execution waits for', async () => {
    const execute = jest.fn<Promise<object>, unknown[]>(async () => ({ executionId: '8' }));
    const { executeWorkflow } = runOf(on({ ...server, executeWorkflow: execute }));
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
