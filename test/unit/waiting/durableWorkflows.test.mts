import type { INode, IWorkflowBase } from 'n8n-workflow';

import {
  COORDINATE,
  coordinatorWorkflow,
  type DurableWait,
  POLL,
  pollerWorkflow,
  readDurableWait,
  MIN_PAUSE,
} from '../../../nodes/ITeraBiz/waiting/durableWorkflows.ts';
import { durableProperties } from '../../../nodes/ITeraBiz/waiting/durableOperations.ts';
import { fakeRun } from '../../shared/fakeRun.mts';

const owner: INode = {
  id: 'n',
  name: 'My "best" videos',
  type: 'n8n-nodes-iterabiz.iTeraBiz',
  typeVersion: 1,
  position: [0, 0],
  credentials: { iTeraBizApi: { id: '5', name: 'Mine' } },
  onError: 'continueErrorOutput',
  retryOnFail: true,
  parameters: { operation: 'create', requestOptions: { timeout: 9_000 } },
};
const chosen = { maxWait: 60, failedVideos: 'stop', isCutShort: false, deadline: 2 } as const;
const wait: DurableWait = {
  execution: '17',
  since: 1,
  onError: 'stop',
  accepted: true,
  waits: [{ item: 1, ...chosen }],
};

describe.each([
  ['coordinator', coordinatorWorkflow, COORDINATE],
  ['poller', pollerWorkflow, POLL],
])('The %s', (_, workflowOf, operation) => {
  let workflow: IWorkflowBase;
  let start: INode, looks: INode, done: INode, pause: INode;
  beforeEach(() => {
    workflow = workflowOf('w1', owner, wait);
    [start, looks, done, pause] = workflow.nodes;
  });

  test('is listed by n8n under the workflow of the user', () => {
    expect(workflow.id).toBe('w1');
    expect(workflow.name).toMatch(/^Execution 17: waiting for (a video|\d+ videos)$/);
    expect(workflow).toMatchObject({ active: false, isArchived: false, activeVersionId: null });
  });

  test('looks and pauses in turn until it is done', () => {
    const to = (node: string) => [{ node, type: 'main', index: 0 }];
    expect(workflow.nodes).toHaveLength(5);
    expect(workflow.connections).toEqual({
      // The coordinator begins with its node, so that this one has run before n8n can be killed. The poller
      // begins with the pause, so that n8n keeps the items as they came in.
      [start.name]: { main: [to(operation === COORDINATE ? looks.name : pause.name)] },
      [looks.name]: { main: [to(done.name)] },
      [done.name]: { main: [[], to(pause.name)] },
      [pause.name]: { main: [to(looks.name)] },
    });
  });

  test("leaves no setting that ends or loses a wait to the instance's environment variables", () => {
    expect(workflow.settings).toEqual({
      executionOrder: 'v1',
      executionTimeout: -1,
      saveExecutionProgress: false,
      saveDataSuccessExecution: 'all',
      saveDataErrorExecution: 'all',
      callerPolicy: 'workflowsFromSameOwner',
    });
  });

  test('looks with a node of the same kind, name and credential, which stops on errors', () => {
    expect(looks).toMatchObject({
      name: owner.name,
      type: owner.type,
      typeVersion: 1,
      credentials: owner.credentials,
      executeOnce: true,
      parameters: {
        resource: 'video',
        operation,
        parkedItems: '={{ $("My \\"best\\" videos: items").all().map((item) => item.json) }}',
        parkedWait: wait,
        requestOptions: { timeout: 9_000 },
      },
    });
    expect(looks.onError).toBeUndefined();
    expect(looks.retryOnFail).toBeUndefined();
  });

  test('has no request options where the user has none', () => {
    const plain = workflowOf('w1', { ...owner, parameters: {} }, wait);
    expect(plain.nodes[1].parameters.requestOptions).toEqual({});
  });

  test('begins with what comes in as it is, and ends when the last look said so', () => {
    expect(start).toMatchObject({
      type: 'n8n-nodes-base.executeWorkflowTrigger',
      parameters: { inputSource: 'passthrough' },
    });
    const value1 = '={{ $node["My \\"best\\" videos"].context.done }}';
    expect(done).toMatchObject({
      type: 'n8n-nodes-base.if',
      parameters: { conditions: { boolean: [{ value1, value2: true }] } },
    });
  });

  test('has nodes with a place and a name of their own', () => {
    const names = [': items', '', ': done?', ': wait', ': note'].map((one) => owner.name + one);
    expect(workflow.nodes.map((node) => node.name)).toEqual(names);
    expect(workflow.nodes.map(({ id }) => id)).toEqual([...names.slice(0, 4), 'note']);
    const places = workflow.nodes.map(({ position }) => position.join());
    expect(places).toEqual(['0,0', '200,0', '400,0', '600,0', '-40,-240']);
  });

  test('says under the name of each node what it does', () => {
    workflow.nodes.slice(0, 4).forEach(({ notes, notesInFlow }) => {
      expect(notes).toMatch(/^[a-z].{10,}/);
      expect(notesInFlow).toBe(true);
    });
    const own = operation === COORDINATE ? 'outputs the videos' : 'checks the videos';
    expect(looks.notes).toBe(own);
  });

  test.each([
    [[1], 'waits for a video from iTeraBiz'],
    [[0, 1, 4], 'waits for 3 videos from iTeraBiz'],
  ])('says what it is to who opens it: %j', (waiting, words) => {
    const note = workflowOf('w1', owner, {
      ...wait,
      waits: waiting.map((item) => ({ item, ...chosen })),
    }).nodes[4];
    expect(note).toMatchObject({
      type: 'n8n-nodes-base.stickyNote',
      parameters: {
        content: expect.stringMatching(
          /^## Part of \[execution 17\]\(\/workflow\/\w+\/executions\/17\)\n/,
        ),
      },
    });
    expect(note.parameters.content).toContain(words);
    expect(String(note.parameters.content).split('\n\n')[2]).toMatch(
      /^There is nothing to do here\. Even if execution 17 was stopped, this one ends: /,
    );
  });
});

test('every pause of the poller is one that n8n does not keep in memory', () => {
  expect(MIN_PAUSE).toBeGreaterThan(65);
  expect(pollerWorkflow('w1', owner, wait).nodes[3]).toMatchObject({
    type: 'n8n-nodes-base.wait',
    parameters: {
      resume: 'timeInterval',
      unit: 'seconds',
      amount: '={{ $node["My \\"best\\" videos"].context.pause ?? 66 }}',
    },
  });
});

test('the coordinator pauses by waiting for a poller, however that one ends', () => {
  const pause = coordinatorWorkflow('w1', owner, wait).nodes[3];
  expect(pause).toMatchObject({
    type: 'n8n-nodes-base.executeWorkflow',
    onError: 'continueRegularOutput',
    alwaysOutputData: true,
    parameters: { source: 'parameter', mode: 'once' },
  });
  const sent = JSON.parse(pause.parameters.workflowJson as string);
  const { nodes, settings } = pollerWorkflow('w1', owner, wait);
  expect(sent).toMatchObject({ nodes, settings });
});

test('the parameters are hidden, declared, and shown for what carries them out', () => {
  expect(durableProperties.map(({ name }) => name)).toEqual(['parkedItems', 'parkedWait']);
  for (const { type, displayOptions } of durableProperties) {
    expect(type).toBe('hidden');
    expect(displayOptions).toEqual({ show: { operation: [COORDINATE, POLL] } });
  }
});

test('operations and parameters have the names that saved waits of older versions call', () => {
  expect([COORDINATE, POLL]).toEqual(['keepParked', 'scoutParked']);
});

test('an item that waits is known by its place, and its video by its details', () => {
  const parkedItems = [{ details: { videoId: 'of a failed one' } }, { details: { videoId: 'a' } }];
  const read = (parkedWait: object) =>
    readDurableWait(
      fakeRun({ api: () => ({}), parameters: { parkedItems, parkedWait } as never }).run,
    );
  const videos = [{ item: 1, id: 'a', ...chosen }];
  expect(read(wait)).toMatchObject({ items: parkedItems, wait, videos });
  // As older versions wrote it: one deadline and one set of options for all.
  expect(read({ execution: '17', ...chosen, waiting: [1] })).toMatchObject({ videos });
});
