import type { INode, INodeParameters } from 'n8n-workflow';

import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { createVideo, errorOf, itemsOf, jsonOf, rows, runNode } from '../support.mts';
import { expectPromiseKept, hideVideosSoFar, jobsIn, pairsOf } from './promise.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());
beforeEach(async () => {
  await sandbox.clearFaults();
  await hideVideosSoFar(sandbox);
  await sandbox.resetStats();
});

const POST = 'POST /videos';
const REFUSED = 'iTeraBiz refused the field "Script": script contains a forbidden word';
const on = (onError: INode['onError']) => ({ settings: { onError } });

describe('One bad row among 50', () => {
  const bad = 17;
  const good = rows(50).filter(({ row }) => row !== bad);

  async function runCampaign(onError: INode['onError']) {
    await sandbox.fault({
      on: POST,
      type: 'refuse',
      status: 422,
      message: 'script contains a forbidden word',
      containing: `number ${bad}"`,
      times: 'always',
    });
    const result = await runNode(sandbox, createVideo(), { items: rows(50), ...on(onError) });
    const { accepted, requests } = await expectPromiseKept(sandbox, result);
    expect(requests).toEqual({ [POST]: 50 });
    const idOf = Object.fromEntries(accepted.map(({ id, body }) => [String(body.script), id]));
    return { result, idOf };
  }

  test('stops the node with a message that names the job of each other item', async () => {
    const { result, idOf } = await runCampaign('stopWorkflow');
    expect(errorOf(result)).toMatchObject({ message: REFUSED, item: bad });
    expect(errorOf(result).description).toContain(
      'Correct "Script" of this item and run it again. Nothing was made or charged for this request',
    );
    expect(jobsIn(result)).toEqual(
      Object.fromEntries(good.map(({ row, script }) => [row, idOf[String(script)]])),
    );
  });

  test('goes on in its place with its input fields and the message', async () => {
    const { result, idOf } = await runCampaign('continueRegularOutput');
    const output = jsonOf(result);
    expect(output).toHaveLength(50);
    expect(output[bad]).toEqual({ ...rows(50)[bad], error: expect.stringContaining(REFUSED) });
    expect(output.filter((_, row) => row !== bad).map(({ id }) => id)).toEqual(
      good.map(({ script }) => idOf[String(script)]),
    );
    expect(pairsOf(result)).toEqual(rows(50).map(({ row }) => row));
  });

  test('goes to the error output with its input fields and the message', async () => {
    const { result, idOf } = await runCampaign('continueErrorOutput');
    expect(jsonOf(result, 0).map(({ id }) => id)).toEqual(
      good.map(({ script }) => idOf[String(script)]),
    );
    expect(pairsOf(result, 0)).toEqual(good.map(({ row }) => row));
    expect(jsonOf(result, 1)).toEqual([
      { ...rows(50)[bad], error: expect.stringContaining(REFUSED) },
    ]);
    expect(pairsOf(result, 1)).toEqual([bad]);
  });
});

describe('Several bad rows', () => {
  test('are all named, each with its reason, under the first one', async () => {
    await sandbox.fault({ on: POST, type: 'refuse', status: 400, containing: 'number 1"' });
    await sandbox.fault({ on: POST, type: 'reset', when: 'after', containing: 'number 2"' });
    await sandbox.fault({
      on: 'GET /videos',
      type: 'rewrite',
      fields: { script: null },
      times: 'always',
    });
    await sandbox.fault({ on: POST, type: 'refuse', status: 404, containing: 'number 3"' });
    const items = rows(5);
    const result = await runNode(sandbox, createVideo(), { items });
    expect(errorOf(result)).toMatchObject({ item: 1 });
    expect(errorOf(result).description.split('\n').slice(1)).toEqual([
      'This is item 2 of 5 (n8n counts from 0 and calls it [item 1]).',
      '2 more items failed:',
      expect.stringMatching(/^Item 3: Check this one: /),
      expect.stringMatching(/^Item 4: iTeraBiz could not create the video: /),
      'Ordered and still being made:',
      expect.stringMatching(/^Item 1: video_/),
      expect.stringMatching(/^Item 5: video_/),
      expect.stringContaining('choose "Retry with currently saved workflow"'),
    ]);
    const { accepted } = await sandbox.stats();
    const lost = accepted.filter(({ body }) => body.script === 'Script number 2');
    await expectPromiseKept(
      sandbox,
      result,
      lost.map(({ id }) => id),
    );
  });

  test('with the error output each has its own reason', async () => {
    await sandbox.fault({ on: POST, type: 'refuse', status: 400, containing: 'number 1"' });
    await sandbox.fault({ on: POST, type: 'reset', containing: 'number 2"' });
    const result = await runNode(sandbox, createVideo(), {
      items: rows(4),
      ...on('continueErrorOutput'),
    });
    expect(jsonOf(result, 1)).toMatchObject([
      { row: 1, error: expect.stringMatching(/^iTeraBiz could not create the video with these/) },
      { row: 2, error: expect.stringMatching(/^Check this one: /) },
    ]);
    expect(pairsOf(result, 1)).toEqual([1, 2]);
    await expectPromiseKept(sandbox, result);
  });
});

describe('An expression that fails in the last row', () => {
  const failing = (more: INodeParameters = {}) =>
    createVideo({ script: '={{ $json.script ?? $("Nowhere").first().json.script }}', ...more });
  const items = [...rows(5), { row: 5 }];

  test('stops the node before anything is submitted', async () => {
    const result = await runNode(sandbox, failing(), { items });
    expect(errorOf(result).message).not.toBe('');
    expect(errorOf(result).item).toBe(5);
    expect((await sandbox.stats()).requests).toEqual({});
  });

  test("does so on each of n8n's own tries", async () => {
    const settings = { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 };
    await runNode(sandbox, failing(), { items, settings });
    expect((await sandbox.stats()).requests).toEqual({});
  });

  test.each([
    ['continueRegularOutput', 0],
    ['continueErrorOutput', 1],
  ] as const)('with %s the other rows are submitted', async (onError, output) => {
    const result = await runNode(sandbox, failing(), { items, ...on(onError) });
    const { acceptedCount } = await expectPromiseKept(sandbox, result);
    expect(acceptedCount).toBe(5);
    expect(
      itemsOf(result, 0)
        .slice(0, 5)
        .map(({ json }) => json.id),
    ).toEqual(Array(5).fill(expect.stringMatching(/^video_/)));
    expect(itemsOf(result, output).at(-1)).toBeDefined();
  });

  describe("with n8n's Batching", () => {
    const batching = { batch: { batchSize: 2, batchInterval: 50 } };
    const unheard: unknown[] = [];
    const note = (reason: unknown) => unheard.push(reason);
    beforeEach(() => void process.on('unhandledRejection', note));
    afterEach(() => {
      process.off('unhandledRejection', note);
      expect(unheard.splice(0)).toEqual([]);
    });

    test('stops the node before anything is submitted, too', async () => {
      await sandbox.fault({ on: POST, type: 'refuse', status: 400, times: 'always' });
      const result = await runNode(sandbox, failing({ requestOptions: { batching } }), { items });
      expect(errorOf(result).item).toBe(5);
      // What nobody waits for would still be under way.
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await sandbox.stats()).requests).toEqual({});
    });

    test('on an output of its own, the other rows are submitted', async () => {
      const result = await runNode(sandbox, failing({ requestOptions: { batching } }), {
        items,
        ...on('continueErrorOutput'),
      });
      expect((await expectPromiseKept(sandbox, result)).acceptedCount).toBe(5);
    });

    test('that never fails changes nothing', async () => {
      const result = await runNode(sandbox, failing({ requestOptions: { batching } }), {
        items: rows(5),
      });
      expect(pairsOf(result)).toEqual([0, 1, 2, 3, 4]);
      expect((await expectPromiseKept(sandbox, result)).acceptedCount).toBe(5);
    });
  });
});
