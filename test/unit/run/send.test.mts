import type { IDataObject, IExecuteData, INode, INodeExecutionData } from 'n8n-workflow';
import { NodeApiError, UserError } from 'n8n-workflow';

import { create as createJob } from '../../../nodes/ITeraBiz/operations/create.ts';
import { download } from '../../../nodes/ITeraBiz/operations/download.ts';
import { get as getVideo } from '../../../nodes/ITeraBiz/operations/get.ts';
import { list } from '../../../nodes/ITeraBiz/operations/list.ts';
import { parked } from '../../../nodes/ITeraBiz/operations/parked.ts';
import { KEEP, SCOUT } from '../../../nodes/ITeraBiz/waiting/parked/workflows.ts';
import { NotSent } from '../../../nodes/ITeraBiz/run/halt.ts';
import { perItem } from '../../../nodes/ITeraBiz/run/send.ts';
import { collectGarbage } from '../../shared/collectGarbage.mts';
import { answered, type Answering, connectionReset, fakeContext } from '../fakeContext.mts';

const create = { resource: 'video', operation: 'create' };
const get = { resource: 'video', operation: 'get' };
const post = (script: string) => ({ method: 'POST', url: '/videos', body: { script } }) as const;

const ACTIONS = {
  create: createJob,
  download,
  generate: createJob,
  get: getVideo,
  getAll: list,
  [KEEP]: parked,
  [SCOUT]: parked,
};

/** What n8n would read from the box of a request such as `/videos/<ID>`. */
const idIn = (url: string) => decodeURIComponent(url.split('/')[2] ?? '');

/** The address that the description has for it. */
const listOf = (url: string) => (idIn(url) ? url.split('/').slice(0, 2).join('/') : url);

interface Given {
  /** What is done with each item. Default: what its operation does */
  action?: Parameters<typeof perItem>[0];
  /** What n8n prepared for each item */
  requests: { method: 'GET' | 'POST'; url: string; body?: IDataObject }[];
  parameters?: IDataObject;
  answer?: Answering;
  node?: Partial<INode>;
  signal?: AbortSignal;
  /** Items that n8n does not hand over, since their expressions fail */
  missing?: number[];
  /** Milliseconds between two items, where the user chose n8n's Batching */
  batching?: number;
  /** Items whose expressions fail when they are tried */
  unreadable?: number[];
  more?: object;
  /** What n8n says of the call, where it is not this node's own input */
  call?: { data?: object; node?: object };
}

/** One run of the node: what became of each item that came in. */
function running({
  requests,
  parameters = create,
  action = ACTIONS[parameters.operation as keyof typeof ACTIONS],
  answer = ({ body }) => answered({ id: `video_${(body as IDataObject).script}` }, 201),
  node = {},
  signal,
  missing = [],
  batching = 0,
  unreadable = [],
  more = {},
  call = {},
}: Given) {
  const own = { name: 'iTeraBiz', parameters: { script: '={{ $json.script }}' }, ...node };
  const items = requests.map((_, item) => ({ json: { row: item } }));
  const executeData = { node: own, data: { main: [items] }, ...call } as unknown as IExecuteData;
  const { context: shared, asked } = fakeContext({ answer, signal });
  const contextOf = (item: number) =>
    Object.assign(Object.create(shared) as typeof shared, {
      getItemIndex: () => item,
      getNode: () => own as INode,
      continueOnFail: () => node.onError !== undefined && node.onError !== 'stopWorkflow',
      getInputData: () => items[item],
      getExecuteData: () => executeData,
      getNodeParameter: (name: string, fallback: unknown) =>
        ({
          'requestOptions.batching.batch.batchInterval': batching,
          videoId: idIn(requests[item].url),
          ...(parameters as Record<string, unknown>),
        })[name] ?? fallback,
      evaluateExpression: (expression: string, of: number) => {
        if (unreadable.includes(of) && expression.includes('script'))
          throw new Error('no such field');
        return 0;
      },
      ...more,
    });
  const sendItem = async (item: number) =>
    await perItem(action).call(contextOf(item), {
      options: { ...requests[item], url: listOf(requests[item].url), headers: {}, qs: {} },
    } as never);
  const outputs = requests.map((_, item) => item).filter((item) => !missing.includes(item));
  const ends = Promise.allSettled(outputs.map(sendItem));
  return { asked, ends, sendItem };
}

async function resultsOf(given: Given): Promise<INodeExecutionData[][]> {
  return (await running(given).ends).map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
}

async function errorOf(given: Given): Promise<NodeApiError> {
  const end = (await running(given).ends).find(({ status }) => status === 'rejected');
  return (end as PromiseRejectedResult).reason as NodeApiError;
}

describe('Items that are created', () => {
  test('are sent as paths, to which the credential adds the Base URL, and paired with their input', async () => {
    const { asked, ends } = running({ requests: [post('a'), post(' b ')] });
    expect(await ends).toMatchObject([
      { value: [{ json: { id: 'video_a' }, pairedItem: { item: 0 } }] },
      { value: [{ json: { id: 'video_b' }, pairedItem: { item: 1 } }] },
    ]);
    expect(asked.map(({ url, body }) => [url, body])).toEqual([
      ['/videos', { script: 'a' }],
      ['/videos', { script: 'b' }],
    ]);
  });

  test('are never more at once than the user chose, and five where nothing was chosen', async () => {
    for (const [options, most] of [
      [{ maxConcurrency: 2 }, 2],
      [{}, 5],
    ] as const) {
      let now = 0;
      let highest = 0;
      const { ends, asked } = running({
        requests: [...'abcdefgh'].map(post),
        parameters: { ...create, options },
        more: {
          helpers: {
            httpRequestWithAuthentication: async () => {
              highest = Math.max(highest, ++now);
              // Long enough for as many as may come.
              for (let turns = 0; turns < 500 && highest < most; turns++) {
                await new Promise((resolve) => setImmediate(resolve));
              }
              await new Promise((resolve) => setImmediate(resolve));
              now--;
              return answered({ id: 'video_1' }, 201);
            },
          },
        },
      });
      await ends;
      expect(asked).toEqual([]);
      expect(highest).toBe(most);
    }
  });

  test('are sent again when n8n runs the node again', async () => {
    const { asked, ends, sendItem } = running({
      requests: [post('a')],
      more: { getContext: () => ({}) },
    });
    await ends;
    expect(await sendItem(0)).toMatchObject([{ json: { id: 'video_a' } }]);
    expect(asked).toHaveLength(2);
  });

  test('that cannot be right are refused in our words before they are sent', async () => {
    const given = { requests: [{ ...post('a'), body: { script: ' ' } }] };
    const error = await errorOf(given);
    expect(error).toBeInstanceOf(NodeApiError);
    expect(error.message).toMatch(/Script/);
    expect(error).toMatchObject({ httpCode: null, context: { itemIndex: 0 } });
    expect(error.description).not.toBe('');
  });
});

describe('An item is alone, and waits for no other,', () => {
  const requests = [post('a'), post('b'), post('c')];
  const main = [[{ json: {} }, { json: {} }, { json: {} }]];

  test.each<[string, Partial<Given>]>([
    ['where an AI agent has n8n run its tool', { call: { data: { ai_tool: [[]] } } }],
    [
      'where an agent calls its tool by itself',
      { call: { data: { main }, node: { name: 'Agent' } } },
    ],
    ['where the node is to run once', { node: { executeOnce: true } }],
    ['where n8n tells of no input', { call: { data: { main: [null] } } }],
  ])('%s', async (_case, more) => {
    const { ends } = running({ requests, missing: [1, 2], ...more });
    expect(await ends).toMatchObject([{ value: [{ json: { id: 'video_a' } }] }]);
  });
});

describe('Where an expression of another item fails', () => {
  test.each([[[]], [[1]]])(
    'nothing is sent, and nobody answers, however long it takes: n8n has ended the node (%j)',
    async (unreadable) => {
      jest.useFakeTimers();
      const { asked, ends } = running({
        requests: [post('a'), post('b')],
        missing: [1],
        unreadable,
      });
      const ended = jest.fn();
      void ends.then(ended);
      await jest.advanceTimersByTimeAsync(60_000);
      jest.useRealTimers();
      expect(ended).not.toHaveBeenCalled();
      expect(asked).toEqual([]);
    },
  );

  test.each([undefined, 'continueRegularOutput'] as const)(
    'which n8n hands over after all, all are sent once it has: %s',
    async (onError) => {
      const given = { requests: [post('a'), post('b')], missing: [1], node: { onError } };
      const { asked, ends, sendItem } = running(given);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(asked).toEqual([]);
      expect(await sendItem(1)).toMatchObject([{ json: { id: 'video_b' } }]);
      expect(await ends).toMatchObject([{ value: [{ json: { id: 'video_a' } }] }]);
    },
  );

  test('nothing of the others is held back for long where it is left out for another reason', async () => {
    jest.useFakeTimers();
    const node = { onError: 'continueRegularOutput' } as const;
    const { ends } = running({ requests: [post('a'), post('b')], missing: [1], node });
    await jest.advanceTimersByTimeAsync(6_000);
    jest.useRealTimers();
    expect(await ends).toMatchObject([{ value: [{ json: { id: 'video_a' } }] }]);
  });

  test('the others are sent where the node goes on', async () => {
    const node = { onError: 'continueRegularOutput' } as const;
    const given = { requests: [post('a'), post('b')], missing: [1], unreadable: [1], node };
    expect(await resultsOf(given)).toMatchObject([[{ json: { id: 'video_a' } }]]);
  });

  describe('with Batching', () => {
    test('nothing is sent, and it says so itself if it comes in', async () => {
      const requests = [post('a'), post('b')];
      const given = { requests, batching: 5, missing: [1], unreadable: [1] };
      const { asked, ends, sendItem } = running(given);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await expect(sendItem(1)).rejects.toMatchObject({
        message: 'The values of this item could not be read, so nothing was sent to iTeraBiz',
        description: expect.stringMatching(/without Batching, under Request Options, n8n says/),
        context: { itemIndex: 1 },
      });
      expect(await ends).toMatchObject([{ value: [] }]);
      expect(asked).toEqual([]);
    });

    test('items are sent as they come, where all can be read', async () => {
      const given = { requests: [post('a'), post('b')], batching: 5, missing: [1] };
      const late = new Promise((resolve) => setTimeout(resolve, 1_000, 'not yet'));
      expect(await Promise.race([resultsOf(given), late])).toMatchObject([
        [{ json: { id: 'video_a' } }],
      ]);
    });
  });
});

describe('An item that fails', () => {
  const refuseB: Answering = ({ body }) =>
    (body as IDataObject).script === 'b'
      ? answered({ error: { message: 'script: no' } }, 422)
      : answered({ id: `video_${(body as IDataObject).script}` }, 201);
  const requests = [post('a'), post('b'), post('c')];

  test('stops the node with what became of the others, and how to go on', async () => {
    expect(await errorOf({ requests, answer: refuseB })).toMatchObject({
      message: 'iTeraBiz refused the field "Script": no',
      httpCode: '422',
      context: { itemIndex: 1 },
      description: expect.stringMatching(
        /\nAccepted, and iTeraBiz goes on with them:\nItem 0: video_a\nItem 2: video_c\nTo send only what is missing, open Executions, this one, and choose Retry\. /,
      ),
    });
  });

  test.each([
    ['continueRegularOutput', { row: 1 }],
    ['continueErrorOutput', {}],
  ] as const)('is an item with the message where the node goes on: %s', async (onError, kept) => {
    const results = await resultsOf({ requests, answer: refuseB, node: { onError } });
    expect(results[1]).toEqual([
      {
        json: {
          ...kept,
          error: expect.stringMatching(/^iTeraBiz refused the field "Script": no\. Correct/),
        },
        pairedItem: { item: 1 },
      },
    ]);
    expect(results[2]).toMatchObject([{ json: { id: 'video_c' } }]);
  });

  test('because of n8n itself keeps the words of n8n', async () => {
    const error = await errorOf({
      requests: [post('a')],
      answer: () => new UserError('Node does not have any credentials set'),
    });
    expect(error).toBeInstanceOf(NodeApiError);
    expect(error.message).toBe('Node does not have any credentials set');
    expect(error).toMatchObject({ httpCode: null, context: { itemIndex: 0 } });
  });

  test.each<[string, Partial<Given>]>([
    ['before it asks', { answer: () => new UserError('no credential') }],
    [
      'in an error of its own',
      {
        action: async () => {
          throw new NodeApiError({ name: 'iTeraBiz' } as INode, {}, { message: 'no credential' });
        },
      },
    ],
  ])('because of n8n itself, %s, adds nothing to it', async (_, given) => {
    const node = { onError: 'continueErrorOutput' } as const;
    const [[{ json }]] = await resultsOf({ requests: [post('a')], node, ...given });
    expect(json).toEqual({ error: 'no credential' });
  });

  test('for a reason that no other item tells, tells it', async () => {
    const said = { message: 'Not sent', description: 'It rains' };
    const action = async () => {
      throw new NotSent(said);
    };
    expect(await errorOf({ requests: [post('a')], action })).toMatchObject({ message: 'Not sent' });
  });

  test('of an unknown outcome has no status', async () => {
    const error = await errorOf({ requests: [post('a')], answer: () => connectionReset });
    expect(error.message).toMatch(/^Check this one: .* the request to create the video$/);
    expect(error.httpCode).toBeNull();
  });

  test('after the execution was cancelled ends with that, and not with a message', async () => {
    const cancel = new AbortController();
    const onError = 'continueRegularOutput';
    const { ends } = running({
      requests: [post('a')],
      signal: cancel.signal,
      node: { onError },
      answer: () => {
        cancel.abort(new Error('cancelled'));
        return connectionReset;
      },
    });
    expect(await ends).toMatchObject([{ reason: { message: 'cancelled' } }]);
  });
});

describe('What would meet every item', () => {
  const requests = [post('a'), post('b'), post('c'), post('d')];
  const parameters = { ...create, options: { maxConcurrency: 1 } };
  const refuseB: Answering = ({ body }) =>
    (body as IDataObject).script === 'a' ? answered({ id: 'video_a' }, 201) : answered({}, 401);

  test('stops the node with the reason, and the rest is told as not sent', async () => {
    const { asked, ends } = running({ requests, parameters, answer: refuseB });
    const all = await ends;
    expect(all.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(all.slice(2)).toMatchObject([{ value: [] }, { value: [] }]);
    expect((all[1] as PromiseRejectedResult).reason).toMatchObject({
      message: 'iTeraBiz does not accept the API key of this credential',
      httpCode: '401',
      description: expect.stringContaining('\nItems 2–3: not sent\n'),
      context: { itemIndex: 1 },
    });
    expect(asked).toHaveLength(2);
  });

  test('is said by each item that was not sent, where the node goes on', async () => {
    const node = { onError: 'continueErrorOutput' } as const;
    const results = await resultsOf({ requests, parameters, answer: refuseB, node });
    expect(results.map(([{ json }]) => json.id ?? json.error)).toEqual([
      'video_a',
      expect.stringMatching(/^iTeraBiz does not accept the API key of this credential\. /),
      ...Array(2).fill(
        expect.stringMatching(
          /^Not sent, because iTeraBiz does not accept .* Item 1 \(row 2\) met this/,
        ),
      ),
    ]);
  });

  test('one that comes in later, with Batching, is not sent either', async () => {
    const given = { requests: [post('a'), post('b')], parameters, answer: () => answered({}, 401) };
    const { asked, ends, sendItem } = running({ ...given, batching: 5, missing: [1] });
    const late = sendItem(1);
    expect(await ends).toMatchObject([{ status: 'rejected' }]);
    expect(await late).toEqual([]);
    expect(asked).toHaveLength(1);
  });
});

test('a run of which nothing is sent is an error, and no empty success', async () => {
  const parameters = { ...create, options: { maxVideos: 1 } };
  const { asked, ends } = running({ requests: [post('a'), post('b')], parameters });
  const all = await ends;
  expect(all.map(({ status }) => status)).toContain('rejected');
  expect(asked).toEqual([]);
});

describe('What a node leaves behind when it stops', () => {
  test('is told by how far it is', async () => {
    const statuses: Record<string, string> = { a: 'completed', b: 'queued', d: 'completed' };
    const error = await errorOf({
      requests: ['a', 'b', 'c', 'd'].map(post),
      answer: ({ body }) => {
        const { script } = body as { script: string };
        return script === 'c'
          ? answered({ error: { message: 'script: no' } }, 422)
          : answered({ id: `video_${script}`, status: statuses[script] }, 201);
      },
    });
    expect(error.description).toContain(
      [
        '',
        'Finished:',
        'Item 0: video_a',
        'Item 3: video_d',
        'Accepted, and iTeraBiz goes on with them:',
        'Item 1: video_b',
        '',
      ].join('\n'),
    );
    expect(error.description).not.toContain('failed or not finished');
  });
});

describe('An item that is read', () => {
  const one = (id: string) => ({ method: 'GET', url: `/videos/${id}` }) as const;
  const onError = 'continueErrorOutput';
  const oneAtATime = { ...get, options: { maxConcurrency: 1 } };

  test('is asked for again when the connection breaks off', async () => {
    const answers = [connectionReset, answered({ id: 'v1' })];
    const { asked, ends } = running({
      requests: [one('v1')],
      parameters: get,
      answer: () => answers.shift()!,
    });
    expect(await ends).toMatchObject([{ value: [{ json: { id: 'v1' } }] }]);
    expect(asked).toHaveLength(2);
  });

  test.each([
    [401, 1],
    [404, 2],
  ])('and refused with %i: of two, %i are asked for', async (status, count) => {
    const { asked, ends } = running({
      requests: [one('v1'), one('v2')],
      parameters: oneAtATime,
      answer: () => answered({}, status),
      node: { onError },
    });
    expect(await ends).toHaveLength(2);
    expect(asked).toHaveLength(count);
  });

  test('by its ID gives out what the API says', async () => {
    const requests = [{ method: 'GET', url: '/videos/video_1' } as const];
    const given = { requests, parameters: get, answer: () => answered({ id: 'video_1' }) };
    const { asked, ends } = running(given);
    expect(await ends).toMatchObject([
      { value: [{ json: { id: 'video_1' }, pairedItem: { item: 0 } }] },
    ]);
    expect(asked).toMatchObject([{ method: 'GET', url: '/videos/video_1' }]);
  });

  test.each([
    [404, {}, 'iTeraBiz has nothing with the ID "video_1"', '404'],
    [500, {}, 'iTeraBiz could not get video video_1 because of a fault on its side', '500'],
    [
      200,
      '<html>',
      'The answer to the request to get video video_1 does not look like one from iTeraBiz',
      '200',
    ],
  ])('and answered with %i %j says so', async (status, body, message, httpCode) => {
    const requests = [{ method: 'GET', url: '/videos/video_1' } as const];
    const given = { requests, parameters: get, answer: () => answered(body, status) };
    expect(await errorOf(given)).toMatchObject({ message, httpCode, context: { itemIndex: 0 } });
  });

  test.each(['/videos/a%20b', '/videos/', '/videos'])(
    'at %s is refused before anything is asked, by the name of its field',
    async (url) => {
      const { asked, ends } = running({ requests: [{ method: 'GET', url }], parameters: get });
      expect(await ends).toMatchObject([{ reason: { message: expect.stringMatching(/Video/) } }]);
      expect(asked).toEqual([]);
    },
  );
});

describe('A list', () => {
  const statuses = ['completed', 'failed', 'completed'];
  const all = Array.from({ length: 120 }, (_, at) => ({ id: `v${at}`, status: statuses[at % 3] }));
  const answer: Answering = ({ qs }) => {
    const { limit, starting_after: after } = qs as { limit: number; starting_after?: string };
    const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    return answered({ data: all.slice(start, start + limit), has_more: start + limit < 120 });
  };
  const listed = async (more: IDataObject) => {
    const parameters = { resource: 'video', operation: 'getAll', ...more };
    const requests = [{ method: 'GET', url: '/videos' } as const];
    return (await resultsOf({ requests, parameters, answer }))[0];
  };

  test('has as many entries as the user chose, all of them paired', async () => {
    expect(await listed({ limit: '2' })).toEqual([
      { json: all[0], pairedItem: { item: 0 } },
      { json: all[1], pairedItem: { item: 0 } },
    ]);
    expect(await listed({})).toHaveLength(50);
    expect(await listed({ returnAll: true, limit: 2 })).toHaveLength(120);
  });

  test('has only the status that the user chose', async () => {
    expect(await listed({ returnAll: true, 'filters.status': 'failed' })).toHaveLength(40);
  });
});

test('a video is downloaded', async () => {
  const video = { id: 'video_1', status: 'completed', video_url: 'https://files.example/a' };
  const { asked, ends } = running({
    requests: [{ method: 'GET', url: '/videos/video_1' }],
    parameters: { resource: 'video', operation: 'download' },
    answer: () => answered(video),
    more: {
      helpers: {
        httpRequestWithAuthentication: async () => answered(video),
        httpRequest: async () => answered('film', 200, {}),
        prepareBinaryData: async (data: unknown) => ({ data }),
      },
    },
  });
  expect(await ends).toMatchObject([
    { value: [{ json: video, binary: { data: { data: 'film' } }, pairedItem: { item: 0 } }] },
  ]);
  expect(asked).toEqual([]);
});

test.each<[string, IDataObject[], string[]]>([
  [KEEP, [{ error: 'interrupted', details: { videoId: 'a' } }], []],
  [SCOUT, [{ pending: 0 }], ['/videos/a']],
])('a parked wait is looked after: %s', async (operation, output, urls) => {
  const parkedItems = [{ error: 'interrupted', details: { videoId: 'a' } }];
  const parkedWait = { since: 0, deadline: 1, maxWait: 1, waiting: [0] };
  const { asked, ends } = running({
    requests: [{ method: 'GET', url: '' }],
    parameters: { resource: 'video', operation, parkedItems, parkedWait },
    answer: () => answered({ id: 'a', status: 'completed' }),
  });
  expect(await ends).toMatchObject([{ value: output.map((json) => ({ json })) }]);
  expect(asked.map(({ url }) => url)).toEqual(urls);
});

describe('Waiting for completion', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 0 }));
  afterEach(() => void jest.useRealTimers());

  const waiting = { ...create, waitForCompletion: true };
  /** Accepts what is sent, and shows the videos as they are. */
  const api =
    (statuses: Record<string, string>): Answering =>
    ({ method, url, body }) => {
      if (method === 'POST') {
        const id = String((body as IDataObject).script);
        return answered({ id, status: 'queued' }, 201);
      }
      const videos = Object.entries(statuses).map(([id, status]) => ({ id, status, url: 'x' }));
      if (url === '/videos') return answered({ data: videos, has_more: false });
      return answered(videos.find(({ id }) => url === `/videos/${id}`));
    };

  /** What became of the items, once they have ended. */
  function settledEnds(given: Given) {
    const { asked, ends } = running(given);
    const state: { ends?: PromiseSettledResult<INodeExecutionData[]>[] } = {};
    void ends.then((all) => (state.ends = all));
    return { asked, state };
  }

  test('gives out the finished video', async () => {
    const statuses = { a: 'processing' };
    const { state } = settledEnds({
      requests: [post('a')],
      parameters: waiting,
      answer: api(statuses),
    });
    await jest.advanceTimersByTimeAsync(15_000);
    expect(state.ends).toBeUndefined();
    statuses.a = 'completed';
    await jest.advanceTimersByTimeAsync(10_000);
    expect(state.ends).toMatchObject([
      { value: [{ json: { id: 'a', status: 'completed', url: 'x' }, pairedItem: { item: 0 } }] },
    ]);
  });

  test('asks nothing more of a video that is finished already', async () => {
    const { asked, state } = settledEnds({
      requests: [{ method: 'GET', url: '/videos/a' }],
      parameters: { ...waiting, ...get },
      answer: api({ a: 'completed' }),
    });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(state.ends).toMatchObject([{ value: [{ json: { id: 'a' } }] }]);
    expect(asked).toHaveLength(1);
  });

  test.each([
    [{ maxWait: 2 }, 6, 120_000],
    [{ maxWait: 2, pollInterval: 20 }, 3, 120_000],
    [{ maxWait: 2, pollInterval: 1 }, 30, 120_000],
    [{ pollInterval: 600 }, 0, 3_600_000],
  ])('with the options %j looks %i times a minute, for %i ms', async (options, looks, longest) => {
    const { asked, state } = settledEnds({
      requests: [post('a')],
      parameters: { ...waiting, options },
      answer: api({ a: 'processing' }),
    });
    await jest.advanceTimersByTimeAsync(60_500);
    expect(asked).toHaveLength(1 + looks);
    await jest.advanceTimersByTimeAsync(longest - 61_000);
    expect(state.ends).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(state.ends).toMatchObject([
      { reason: { message: expect.stringMatching(/^Video a was not finished after/) } },
    ]);
  });

  test('needs an ID', async () => {
    const { state } = settledEnds({
      requests: [post('a')],
      parameters: waiting,
      answer: () => answered({ ok: true }, 201),
    });
    await jest.advanceTimersByTimeAsync(1_000);
    expect(state.ends).toMatchObject([
      {
        reason: {
          message: 'iTeraBiz accepted the request, but its answer has no ID to wait for',
          description: expect.stringMatching(/^Switch off Wait for Completion/),
          context: { itemIndex: 0 },
        },
      },
    ]);
  });

  test.each<[string, IDataObject | Error, string]>([
    [
      'the key is refused',
      answered({}, 401),
      'The wait for video a ended: iTeraBiz does not accept the API key of this credential',
    ],
    ['the credential is gone', new UserError('no credential'), 'no credential'],
  ])('ends when %s', async (_case, look, message) => {
    const { asked, state } = settledEnds({
      requests: [post('a')],
      parameters: waiting,
      answer: (request) => (request.method === 'POST' ? api({})(request) : look),
    });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(state.ends).toMatchObject([{ reason: { message, context: { itemIndex: 0 } } }]);
    expect(asked).toHaveLength(2);
  });

  test('ends for all when one fails and the node is to stop', async () => {
    const { state } = settledEnds({
      requests: [post('a'), post('b')],
      parameters: waiting,
      answer: api({ a: 'processing', b: 'failed' }),
    });
    await jest.advanceTimersByTimeAsync(15_000);
    expect(state.ends).toMatchObject([
      { value: [] },
      {
        reason: {
          message: 'iTeraBiz could not make video b (status: failed)',
          description: expect.stringMatching(
            /\nAccepted, but failed or not finished in time:\nItem 1: b\nAccepted, and iTeraBiz goes on with them:\nItem 0: a\n/,
          ),
        },
      },
    ]);
  });

  test.each([create, get])(
    'names the video of an item that failed, for the nodes that follow: %j',
    async ({ operation }) => {
      const { state } = settledEnds({
        requests: [operation === 'get' ? { method: 'GET', url: '/videos/a' } : post('a')],
        parameters: { ...waiting, operation, options: { maxWait: 0.5 } },
        answer: api({ a: 'processing' }),
        node: { onError: 'continueErrorOutput' },
      });
      await jest.advanceTimersByTimeAsync(60_000);
      expect(state.ends).toMatchObject([
        { value: [{ json: { details: { videoId: 'a' } }, pairedItem: { item: 0 } }] },
      ]);
    },
  );

  describe('on an n8n that keeps executions', () => {
    const server = (waitTill: Date | null) => {
      const parked: INodeExecutionData[][] = [];
      return {
        parked,
        more: {
          getExecutionId: () => '7',
          getWorkflow: () => ({ id: 'w1' }),
          getMode: () => 'trigger',
          executeWorkflow: async (_: unknown, items: INodeExecutionData[]) => {
            parked.push(items);
            return { waitTill };
          },
          logger: { warn: (text: string) => void parked.push([{ json: { text } }]) },
        },
      };
    };

    test('is handed over to n8n after a minute, once for all items', async () => {
      const { parked, more } = server(new Date());
      const { asked, state } = settledEnds({
        requests: [post('a'), post('b')],
        parameters: waiting,
        answer: api({ a: 'processing', b: 'processing' }),
        more,
      });
      await jest.advanceTimersByTimeAsync(59_000);
      expect(parked).toEqual([]);
      await jest.advanceTimersByTimeAsync(2_000);
      expect(parked).toHaveLength(1);
      expect(parked[0]).toHaveLength(2);
      expect(state.ends).toMatchObject([{ value: [] }, { value: [] }]);
      const requests = asked.length;
      await jest.advanceTimersByTimeAsync(60_000);
      expect(asked).toHaveLength(requests);
    });

    test('leaves nothing behind, as n8n keeps the data of an execution that it put aside', async () => {
      const { more } = server(new Date());
      const contexts: WeakRef<object>[] = [];
      const { sendItem } = running({
        requests: [post('a')],
        parameters: waiting,
        answer: api({ a: 'processing' }),
        more: {
          ...more,
          getExecutionId(this: object) {
            contexts.push(new WeakRef(this));
            return '7';
          },
        },
      });
      await jest.advanceTimersByTimeAsync(61_000);
      jest.useRealTimers();
      // What was used in this turn of the event loop is kept until its end.
      await new Promise((resolve) => setTimeout(resolve, 10));
      collectGarbage();
      expect(contexts.map((context) => context.deref())).toEqual([undefined, undefined]);
      expect(sendItem).toBeInstanceOf(Function); // which holds n8n's data until here
    });

    test('stays in memory where the user wants to hold it', async () => {
      const { parked, more } = server(new Date());
      settledEnds({
        requests: [post('a')],
        parameters: { ...waiting, options: { holdWhileWaiting: true } },
        answer: api({ a: 'processing' }),
        more,
      });
      await jest.advanceTimersByTimeAsync(70_000);
      expect(parked).toEqual([]);
    });

    test('goes on in memory where n8n does not take it over, which the log says', async () => {
      const { parked, more } = server(null);
      const statuses = { a: 'processing' };
      const { state } = settledEnds({
        requests: [post('a')],
        parameters: waiting,
        answer: api(statuses),
        more,
      });
      await jest.advanceTimersByTimeAsync(61_000);
      expect(parked[1]).toEqual([
        {
          json: {
            text: 'iTeraBiz: n8n could not take over the wait, so it stays in memory, where a restart of n8n ends it: n8n did not put the execution aside',
          },
        },
      ]);
      statuses.a = 'completed';
      await jest.advanceTimersByTimeAsync(20_000);
      expect(state.ends).toMatchObject([{ value: [{ json: { status: 'completed' } }] }]);
      expect(parked).toHaveLength(2);
    });
  });
});
