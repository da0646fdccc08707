import { type ExecuteContext, RoutingNode } from 'n8n-core';
import {
  NodeConnectionTypes,
  type IDataObject,
  type IExecuteFunctions,
  type INode,
  type INodeParameters,
  type INodeType,
  type IRun,
} from 'n8n-workflow';

import { asLoaded, outputOf, run } from '../../../n8n/embedded.mts';
import { RECONCILING } from '../../../nodes/ITeraBiz/account/reconciler.ts';
import { ITeraBiz } from '../../../nodes/ITeraBiz/ITeraBiz.node.ts';
import { createVideo, ITERABIZ, kit, node } from '../support.mts';
import { storedText, useSandbox } from './sandboxForTests.mts';

const sandbox = useSandbox({ queuedMs: 100, processingMs: 300 });

/** The node as n8n turns it into a tool: another name, no input, and an output for agents. */
function asTool(): INodeType {
  const tool: INodeType = asLoaded(new ITeraBiz());
  tool.description.name += 'Tool';
  tool.description.inputs = [];
  tool.description.outputs = [NodeConnectionTypes.AiTool];
  tool.execute = async function () {
    return (await new RoutingNode(this as ExecuteContext, tool).runNode()) ?? [];
  };
  return tool;
}

/** What an agent's model would want to have done: the arguments of one call of the tool. */
type Call = IDataObject;

interface Tool {
  name: string;
  description: string;
  invoke(call: Call): Promise<string>;
}

const agentDescription = {
  displayName: 'Agent',
  group: ['transform' as const],
  version: 1,
  description: '',
  defaults: {},
  inputs: [
    { type: NodeConnectionTypes.Main },
    { type: NodeConnectionTypes.AiTool, displayName: 'Tools' },
  ],
  outputs: [NodeConnectionTypes.Main],
  properties: [],
};

/** An agent that calls the tool by itself, as n8n's agents up to version 2 do. */
const callingAgent: INodeType = {
  description: { ...agentDescription, name: 'callingAgent' },
  async execute(this: IExecuteFunctions) {
    const [tool] = (await this.getInputConnectionData(NodeConnectionTypes.AiTool, 0)) as Tool[];
    const invoke = async (call: Call) =>
      await tool.invoke(call).catch((error: Error) => error.message);
    const answers: string[] = [];
    for (const { json } of this.getInputData()) {
      answers.push(...(await Promise.all((json.calls as Call[]).map(invoke))));
    }
    const { name, description } = tool;
    return [[{ json: { name, description, answers } }]];
  },
};

/** An agent that lets the engine run the tool, as n8n's agents from version 3 on do. */
const orderingAgent: INodeType = {
  description: { ...agentDescription, name: 'orderingAgent' },
  async execute(this: IExecuteFunctions, response) {
    if (response?.actionResponses.length) {
      const answers = response.actionResponses.map(
        ({ data }) => data.data?.ai_tool?.[0]?.map(({ json }) => json) ?? data.error?.message,
      );
      return [[{ json: { answers } }]];
    }
    const calls = this.getInputData().flatMap(({ json }) => json.calls as Call[]);
    return {
      actions: calls.map((input, index) => ({
        actionType: 'ExecutionNodeAction' as const,
        nodeName: 'Tool',
        input,
        type: NodeConnectionTypes.AiTool,
        id: `call ${index}`,
        metadata: {},
      })),
      metadata: {},
    };
  },
};

async function runAgent(
  agent: 'test.callingAgent' | 'test.orderingAgent',
  parameters: INodeParameters,
  itemsWithCalls: Call[][],
  settings: Partial<INode> = {},
): Promise<IRun> {
  return await run(
    {
      nodes: [
        node('Start', 'test.passOn'),
        node('Agent', agent),
        node('Tool', `${ITERABIZ}Tool`, { parameters, ...settings }),
      ],
      connections: {
        Start: { main: [[{ node: 'Agent', type: 'main', index: 0 }]] },
        Tool: { ai_tool: [[{ node: 'Agent', type: 'ai_tool', index: 0 }]] },
      },
    },
    {
      kit: {
        ...kit,
        nodes: {
          ...kit.nodes,
          [`${ITERABIZ}Tool`]: asTool(),
          'test.callingAgent': callingAgent,
          'test.orderingAgent': orderingAgent,
        },
      },
      startAt: 'Start',
      items: itemsWithCalls.map((calls) => ({ json: { calls } })),
      secrets: { iTeraBizApi: { apiKey: sandbox.apiKey, baseUrl: sandbox.url } },
    },
  );
}

const fromAgent = (more: INodeParameters = {}) =>
  createVideo({ script: "={{ $fromAI('script', 'What the avatar says', 'string') }}", ...more });

const say = (script: string): Call => ({ script });

describe('For an agent that calls its tools by itself', () => {
  async function answers(
    parameters: INodeParameters,
    itemsWithCalls: Call[][],
    settings?: Partial<INode>,
  ) {
    const result = await runAgent('test.callingAgent', parameters, itemsWithCalls, settings);
    expect(result.data.resultData.error).toBeUndefined();
    expect(storedText(result)).not.toContain(sandbox.apiKey);
    return outputOf(result, 'Agent')[0].json as {
      name: string;
      description: string;
      answers: string[];
    };
  }

  test('the tool says what it does', async () => {
    const { description } = await answers(fromAgent(), [[say('Hello')]]);
    expect(description).toContain('Every call orders a video that costs money');
    expect(description).toContain('duration in whole seconds');
  });

  test('a description that the user wrote comes first', async () => {
    const own = { descriptionType: 'manual', toolDescription: 'For the bakery only' };
    const { description } = await answers(fromAgent(own), [[say('Hello')]]);
    expect(description).toBe('For the bakery only');
  });

  test('it gives out the video that it created', async () => {
    const [answer] = (await answers(fromAgent(), [[say('Hello')]])).answers;
    const { accepted } = await sandbox.stats();
    expect(accepted.map(({ body }) => body.script)).toEqual(['Hello']);
    expect(JSON.parse(answer)).toEqual([
      {
        id: accepted[0].id,
        status: 'queued',
        message: expect.stringContaining('Do not create it again'),
      },
    ]);
  });

  test('every call of an agent that got several items is carried out', async () => {
    const got = await answers(fromAgent(), [[say('One')], [say('Two')], [say('Three')]]);
    const ids = got.answers.map((answer) => JSON.parse(answer)[0].id);
    const { accepted } = await sandbox.stats();
    expect(accepted.map(({ id }) => id).sort()).toEqual(ids.sort());
    expect(accepted.map(({ body }) => body.script).sort()).toEqual(['One', 'Three', 'Two']);
  });

  test('two calls with the same words make two videos', async () => {
    await answers(fromAgent(), [[say('Same'), say('Same')]]);
    expect((await sandbox.stats()).acceptedCount).toBe(2);
  });

  test('it waits for the finished video where that is wished for', async () => {
    const waiting = { waitForCompletion: true, options: { pollInterval: 0.1 } };
    const [answer] = (await answers(fromAgent(waiting), [[say('Hello')]])).answers;
    expect(JSON.parse(answer)).toEqual([expect.objectContaining({ status: 'completed' })]);
  });

  test('orders nothing again that another call left in doubt', async () => {
    const usual = { ...RECONCILING };
    Object.assign(RECONCILING, { polls: [0], patience: 0 });
    await sandbox.fault({ on: 'POST /videos', type: 'reset', when: 'after' });
    await sandbox.fault({ on: 'GET /videos', type: 'refuse', status: 403, times: 1 });
    const calls = [[say('Lost')], [say('Lost')]];
    const { answers: got } = await answers(fromAgent(), calls).finally(() =>
      Object.assign(RECONCILING, usual),
    );
    const { accepted } = await sandbox.stats();
    expect(accepted).toHaveLength(1);
    expect(got[0]).toContain('Check this one');
    expect(got[1]).toContain(accepted[0].id);
  });

  test('orders the same once with "Use the Existing One", also side by side', async () => {
    const reuse = { options: { whenVideoExists: 'reuse' } };
    const { answers: got } = await answers(fromAgent(reuse), [
      [say('Again'), say('Again')],
      [say('Again')],
    ]);
    const { accepted } = await sandbox.stats();
    expect(accepted).toHaveLength(1);
    for (const answer of got) expect(answer).toContain(accepted[0].id);
  });

  describe('Retry On Fail', () => {
    const settings = { retryOnFail: true, maxTries: 3, waitBetweenTries: 0 };
    const waiting = fromAgent({ waitForCompletion: true, options: { pollInterval: 0.1 } });

    test('orders no video again that failed', async () => {
      await sandbox.fault({ on: 'POST /videos', type: 'failVideo', code: 'bad', message: 'Bad' });
      const { answers: got } = await answers(waiting, [[say('Fails')]], settings);
      const { accepted } = await sandbox.stats();
      expect(accepted).toHaveLength(1);
      expect(got[0]).toContain(accepted[0].id);
    });

    test('orders none of two videos again that failed side by side', async () => {
      const fault = { type: 'failVideo', code: 'bad', message: 'Bad', times: 9 } as const;
      await sandbox.fault({ on: 'POST /videos', ...fault });
      await answers(waiting, [[say('Fails'), say('Fails, too')]], settings);
      expect((await sandbox.stats()).acceptedCount).toBe(2);
    });

    test('orders nothing again that may have been accepted', async () => {
      Object.assign(RECONCILING, { polls: [0, 15], again: 15, patience: 60, refused: 10 });
      await sandbox.fault({ on: 'POST /videos', type: 'reset', when: 'after' });
      await sandbox.fault({ on: 'GET /videos', type: 'refuse', status: 403, times: 9 });
      const { answers: got } = await answers(fromAgent(), [[say('Unknown')]], settings);
      expect((await sandbox.stats()).acceptedCount).toBe(1);
      expect(got[0]).toContain('Check this one');
    });

    test('orders what was refused', async () => {
      await sandbox.fault({ on: 'POST /videos', type: 'refuse', status: 422 });
      const got = await answers(fromAgent(), [[say('Once'), say('Twice')]], settings);
      const { accepted } = await sandbox.stats();
      expect(accepted.map(({ body }) => body.script).sort()).toEqual(['Once', 'Twice']);
      expect(got.answers.map((answer) => JSON.parse(answer)[0].status)).toEqual([
        'queued',
        'queued',
      ]);
    });

    test('orders again if the agent calls again after a success', async () => {
      await answers(fromAgent(), [[say('Same')], [say('Same')]], settings);
      expect((await sandbox.stats()).acceptedCount).toBe(2);
    });
  });

  test('it tells the agent what is wrong', async () => {
    const [answer] = (await answers(fromAgent(), [[say('  ')]])).answers;
    expect(answer).toContain('"Script" is empty');
    expect((await sandbox.stats()).requests).toEqual({});
  });
});

describe('For an agent that lets the engine run its tools', () => {
  async function answers(parameters: INodeParameters, itemsWithCalls: Call[][]) {
    const result = await runAgent('test.orderingAgent', parameters, itemsWithCalls);
    expect(result.data.resultData.error).toBeUndefined();
    expect(storedText(result)).not.toContain(sandbox.apiKey);
    return outputOf(result, 'Agent')[0].json.answers as IDataObject[][];
  }

  test('each call gives out the video that it created', async () => {
    const got = await answers(fromAgent(), [[say('One'), say('Two')]]);
    const { accepted } = await sandbox.stats();
    expect(got.flat().map(({ id }) => id)).toEqual(
      ['One', 'Two'].map((script) => accepted.find(({ body }) => body.script === script)?.id),
    );
  });

  test('it waits for the finished video where that is wished for', async () => {
    const waiting = { waitForCompletion: true, options: { pollInterval: 0.1 } };
    const got = await answers(fromAgent(waiting), [[say('Hello')]]);
    expect(got.flat()).toEqual([expect.objectContaining({ status: 'completed' })]);
  });

  test('it tells the agent what is wrong', async () => {
    const got = await answers(fromAgent(), [[say('  ')]]);
    expect(JSON.stringify(got)).toMatch(/is empty.*Nothing was sent for this item/);
    expect((await sandbox.stats()).requests).toEqual({});
  });
});

describe('An agent of version 3, which lets the engine run its tools, is a model, too', () => {
  const answersOf = (result: IRun) => JSON.stringify(outputOf(result, 'Agent')[0]?.json);

  test('the answer to an order says not to order again, and has nothing empty', async () => {
    const result = await runAgent('test.orderingAgent', fromAgent(), [[say('Hello')]]);
    expect(answersOf(result)).toContain('Do not create it again');
    expect(answersOf(result)).not.toContain('null');
  });

  test('an order in doubt speaks of no button and no option', async () => {
    await sandbox.fault({ on: 'POST /videos', type: 'reset' });
    const result = await runAgent('test.orderingAgent', fromAgent(), [[say('In doubt')]]);
    expect(answersOf(result)).toContain('Do not create it now: list the videos');
    expect(JSON.stringify(result.data)).not.toMatch(/Resubmit if Unsure|in the options/);
  });
});
