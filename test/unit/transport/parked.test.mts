import type { INode } from 'n8n-workflow';

import {
  type ParkedWait,
  parkedProperties,
  RESUME,
  SHORTEST_PAUSE,
  waitingWorkflow,
} from '../../../nodes/ITeraBiz/transport/parked.ts';

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
const wait: ParkedWait = {
  since: 1,
  deadline: 2,
  maxWait: 60,
  failedVideos: 'stop',
  onError: 'stop',
  accepted: true,
};

const workflow = waitingWorkflow('w1', owner, wait);
const [jobs, pause, looks, done] = workflow.nodes;

test('n8n lists it under the workflow of the user', () => {
  expect(workflow.id).toBe('w1');
  expect(workflow.name).toBe('My "best" videos: waiting for videos');
  expect(workflow.active).toBe(false);
});

test('takes the jobs, pauses, looks, and goes round until it is done', () => {
  const to = (node: string) => [{ node, type: 'main', index: 0 }];
  expect(workflow.nodes).toHaveLength(4);
  expect(workflow.connections).toEqual({
    [jobs.name]: { main: [to(pause.name)] },
    [pause.name]: { main: [to(looks.name)] },
    [looks.name]: { main: [to(done.name)] },
    [done.name]: { main: [[], to(pause.name)] },
  });
});

test('the node that looks is of the same kind, name and credential, and stops on errors', () => {
  expect(looks).toMatchObject({
    name: owner.name,
    type: owner.type,
    typeVersion: 1,
    credentials: owner.credentials,
    executeOnce: true,
    parameters: {
      resource: 'video',
      operation: RESUME,
      parkedItems: '={{ $("My \\"best\\" videos: jobs").all().map((item) => item.json) }}',
      parkedWait: wait,
      requestOptions: { timeout: 9_000 },
    },
  });
  expect(looks.onError).toBeUndefined();
  expect(looks.retryOnFail).toBeUndefined();
});

test('has no request options where the user has none', () => {
  const plain = waitingWorkflow('w1', { ...owner, parameters: {} }, wait);
  expect(plain.nodes[2].parameters.requestOptions).toEqual({});
});

test('every pause is one that n8n does not keep in memory', () => {
  expect(SHORTEST_PAUSE).toBeGreaterThan(65);
  expect(pause).toMatchObject({
    type: 'n8n-nodes-base.wait',
    parameters: {
      resume: 'timeInterval',
      unit: 'seconds',
      amount: '={{ $json.lap ? $json.lap.pause : 66 }}',
    },
  });
});

test('begins with what comes in as it is, and is done when there is no next lap', () => {
  expect(jobs).toMatchObject({
    type: 'n8n-nodes-base.executeWorkflowTrigger',
    parameters: { inputSource: 'passthrough' },
  });
  expect(done).toMatchObject({
    type: 'n8n-nodes-base.if',
    parameters: {
      conditions: { boolean: [{ value1: '={{ $json.lap === undefined }}', value2: true }] },
    },
  });
});

test('each node has a place and a name of its own', () => {
  expect(new Set(workflow.nodes.map(({ id }) => id)).size).toBe(4);
  expect(workflow.nodes.map(({ position }) => position[0])).toEqual([0, 200, 400, 600]);
});

test('its parameters are hidden, declared, and go through the door', () => {
  expect(parkedProperties.map(({ name }) => name)).toEqual(['parkedItems', 'parkedWait']);
  for (const { type, displayOptions } of parkedProperties) {
    expect(type).toBe('hidden');
    expect(displayOptions).toEqual({ show: { operation: ['resumeWait'] } });
  }
  expect(parkedProperties[0].routing).toEqual({ send: { paginate: true } });
});
