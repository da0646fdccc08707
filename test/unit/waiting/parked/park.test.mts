import type { IDataObject, INode, INodeExecutionData, IWorkflowBase } from 'n8n-workflow';

import { NodeRun } from '../../../../nodes/ITeraBiz/run/nodeRun.ts';
import { canPark, park } from '../../../../nodes/ITeraBiz/waiting/parked/park.ts';
import { fakeContext } from '../../fakeContext.mts';
import { Account } from '../../../../nodes/ITeraBiz/account/account.ts';

const now = 1_000_000;
beforeEach(() => void jest.useFakeTimers({ now }));
afterEach(() => void jest.useRealTimers());

interface Server {
  node?: Partial<INode>;
  options?: IDataObject;
  input?: IDataObject[];
  executionId?: string;
  workflowId?: string;
  /** What n8n answers to the keeper */
  parks?: boolean;
}

function onServer({
  node,
  options = {},
  input = [{ row: 0 }, { row: 1 }, { row: 2 }, { row: 3 }],
  executionId = '7',
  workflowId = 'w1',
  parks = true,
}: Server = {}) {
  const { context } = fakeContext({ node, parameters: { options, requestOptions: {} } });
  type Execute = (
    workflow: { code: IWorkflowBase },
    items: INodeExecutionData[],
    ...more: unknown[]
  ) => Promise<object>;
  const answer = { executionId: '8', data: [[]], ...(parks && { waitTill: new Date() }) };
  const executeWorkflow = jest.fn<ReturnType<Execute>, Parameters<Execute>>(async () => answer);
  Object.assign(context, {
    executeWorkflow,
    getExecutionId: () => executionId,
    getWorkflow: () => ({ id: workflowId }),
    getMode: () => 'trigger',
    getExecuteData: () => ({
      node: context.getNode(),
      data: { main: [input.map((json) => ({ json }))] },
    }),
  });
  return { context, executeWorkflow };
}

/** Four items: finished, still waited for, failed, and one that n8n could not prepare. */
function runOf(): NodeRun {
  const run = new NodeRun(4, 0, async () => new Account(), 5);
  const wish = (id: string, deadline: number) => ({ id, interval: 1, deadline, last: {} });
  run.results.set(0, { id: 'done', status: 'completed' });
  run.waiting.set(0, wish('done', now + 1));
  run.waiting.set(1, wish('a', now + 2));
  run.failures.set(2, { message: 'It failed', description: 'Do this' });
  run.waiting.set(2, wish('b', now + 3));
  run.accepted.set(1, 'a');
  return run;
}

async function parked(server: Server = {}) {
  const { context, executeWorkflow } = onServer(server);
  await park(context, runOf());
  const [{ code }, items, , options] = executeWorkflow.mock.calls[0];
  const keeper = code.nodes.find(({ name }) => name === 'iTeraBiz');
  return { items: items.map(({ json }) => json), wait: keeper?.parameters.parkedWait, options };
}

const interrupted = expect.stringMatching(
  /^n8n was stopped before it learned what became of video a\. It is not lost.*this ID$/,
);

test.each([
  ['stopWorkflow', {}],
  ['continueRegularOutput', { row: 1 }],
  ['continueErrorOutput', {}],
] as const)('on %s, each item is parked as what it would give out now', async (onError, kept) => {
  const { items } = await parked({ node: { onError } });
  const rowOf = (row: number) => (onError === 'continueRegularOutput' ? { row } : {});
  expect(items).toEqual([
    { id: 'done', status: 'completed' },
    { ...kept, error: interrupted, details: { videoId: 'a' } },
    { ...rowOf(2), error: 'It failed. Do this', details: { videoId: 'b' } },
    { ...rowOf(3), error: expect.stringMatching(/^The values of this item could not be read/) },
  ]);
});

test('the keeper knows which items wait, until when, and what the user chose', async () => {
  const { wait } = await parked({
    node: { onError: 'continueErrorOutput' },
    options: { maxWait: 5, failedVideos: 'output' },
  });
  expect(wait).toEqual({
    execution: '7',
    since: now,
    deadline: now + 3,
    maxWait: 5,
    failedVideos: 'output',
    onError: 'continueErrorOutput',
    accepted: true,
    waiting: [1],
    reused: {},
  });
  expect((await parked()).wait).toMatchObject({ maxWait: 60, failedVideos: 'stop' });
});

test('the keeper knows that the node made no jobs, where it only waits for them', async () => {
  const { context, executeWorkflow } = onServer();
  const run = runOf();
  run.accepted.clear();
  await park(context, run);
  expect(executeWorkflow.mock.calls[0][0].code.nodes[1].parameters.parkedWait).toMatchObject({
    accepted: false,
  });
});

test('n8n is asked to put this execution aside until the keeper ends', async () => {
  expect((await parked()).options).toEqual({
    parentExecution: { executionId: '7', workflowId: 'w1', shouldResume: true },
    executionMode: 'trigger',
  });
});

test('says so when n8n did not put it aside', async () => {
  const { context } = onServer({ parks: false });
  await expect(park(context, runOf())).rejects.toThrow('n8n did not put the execution aside');
});

test.each<[string, Server, boolean]>([
  ['a saved workflow on a server', {}, true],
  ['where the user wants to hold it', { options: { holdWhileWaiting: true } }, false],
  ['an execution that is not kept', { executionId: '__UNKNOWN__' }, false],
  ['a workflow that is not saved', { workflowId: '__EMPTY__' }, false],
  ['a workflow without an ID', { workflowId: '' }, false],
])('%s: n8n can wait %j: %p', (_, server, can) => {
  expect(canPark(onServer(server).context)).toBe(can);
});

test('n8n cannot wait within the run of an AI agent, nor where it runs no other workflows', () => {
  const { context } = onServer();
  const agent = { ...context.getNode(), name: 'AI Agent' };
  Object.assign(context, { getExecuteData: () => ({ node: agent, data: { main: [[]] } }) });
  expect(canPark(context)).toBe(false);
  const { context: other } = onServer();
  delete (other as { executeWorkflow?: unknown }).executeWorkflow;
  expect(canPark(other)).toBe(false);
});

test('an n8n that can forget who waits is not trusted with a wait', () => {
  const n8n1 = { WAIT_INDEFINITELY: new Date(), NodeApiError: class {} };
  const n8n240 = { ...n8n1, calculateWorkflowChecksum: () => '' };
  const n8n241 = { ...n8n240, WAIT_FOR_SUB_EXECUTION: new Date() };
  const can = (n8n?: object) => canPark(onServer().context, n8n);
  expect([n8n1, n8n240, n8n241, undefined].map(can)).toEqual([false, false, true, true]);
});
