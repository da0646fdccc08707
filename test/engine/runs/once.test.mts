import type { INodeParameters, INodeType, IRun } from 'n8n-workflow';

import { run } from '../../../n8n/embedded.mts';
import { startSandbox, type Fault, type Sandbox } from '../../../sandbox/client.mts';
import {
  ITERABIZ,
  asRetry,
  createVideo,
  errorOf,
  jsonOf,
  kit,
  node,
  rows,
  runNode,
} from '../support.mts';
import { acceptedScripts, expectPromiseKept, hideVideosSoFar, jobsIn, textOf } from './promise.mts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());
beforeEach(async () => {
  await sandbox.settings({ listLagMs: 0 });
  await sandbox.clearFaults();
  await hideVideosSoFar(sandbox);
  await sandbox.resetStats();
});

const POST = 'POST /videos';
const HOURS = 3 * 60 * 60_000;
const retrying = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

/** Every item's script, in order. */
const scriptsOf = (result: IRun) => jsonOf(result).map(({ script }) => script);

describe('A submission whose outcome is unknown is sent once, and its item named', () => {
  const short = { requestOptions: { timeout: 300 } };

  const faults: [string, Fault, number, INodeParameters][] = [
    ['reset before it was accepted', { on: POST, type: 'reset' }, 0, {}],
    ['reset after it was accepted', { on: POST, type: 'reset', when: 'after' }, 1, {}],
    ['no answer in time', { on: POST, type: 'silence' }, 0, short],
    ['no answer in time, though accepted', { on: POST, type: 'silence', when: 'after' }, 1, short],
    ['502 before', { on: POST, type: 'refuse', status: 502 }, 0, {}],
    ['502 after', { on: POST, type: 'refuse', status: 502, when: 'after' }, 1, {}],
    ['504 after', { on: POST, type: 'refuse', status: 504, when: 'after' }, 1, {}],
    ['500 after', { on: POST, type: 'refuse', status: 500, when: 'after' }, 1, {}],
    // None of these is a plain no.
    ...[408, 409, 425, 499, 520].map((status): [string, Fault, number, INodeParameters] => [
      `${status} after`,
      { on: POST, type: 'refuse', status, when: 'after' },
      1,
      {},
    ]),
    ['an answer that breaks off', { on: POST, type: 'truncate' }, 1, {}],
    ['JSON that is cut', { on: POST, type: 'cutJson' }, 1, {}],
    [
      'an answer that is no JSON',
      { on: POST, type: 'answer', status: 201, body: '<html><title>Hi</title>', when: 'after' },
      1,
      {},
    ],
  ];

  test.each(faults)('%s', async (_, fault, accepted, more) => {
    await sandbox.settings({ listLagMs: HOURS });
    await sandbox.fault(fault);
    const result = await runNode(sandbox, createVideo(more), {
      items: rows(1),
      settings: retrying,
    });
    expect(errorOf(result).message).toMatch(/^Check this one: /);
    expect(textOf(result)).toContain('was not sent again');
    expect(textOf(result)).toContain('Check your iTeraBiz dashboard');
    expect(textOf(result)).toMatch(
      /This node searched your account \S+(?: times)? for one made since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC with the same script and values, most recently at .+ UTC, and found none/,
    );
    expect(textOf(result)).not.toMatch(/[<>]/);
    const { acceptedCount, requests } = await sandbox.stats();
    expect(acceptedCount).toBe(accepted);
    expect(requests[POST]).toBe(1);
  });

  test.each(faults)('%s: found in the list, if it is there', async (_, fault, accepted, more) => {
    await sandbox.fault(fault);
    const result = await runNode(sandbox, createVideo(more), { items: rows(1) });
    const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
    expect(jsonOf(result)).toHaveLength(accepted);
    expect(errorOf(result).message).toMatch(accepted ? /^$/ : /^Check this one: /);
    expect(acceptedCount).toBe(accepted);
    expect(requests[POST]).toBe(1);
  });

  test('one among many: the others go through, and are not submitted again either', async () => {
    await sandbox.settings({ listLagMs: HOURS });
    await sandbox.fault({ on: POST, type: 'reset', when: 'after', containing: 'number 3"' });
    const result = await runNode(sandbox, createVideo(), { items: rows(8), settings: retrying });
    expect(errorOf(result)).toMatchObject({
      message: expect.stringMatching(/^Check this one: /),
      item: 3,
    });
    expect(Object.keys(jobsIn(result))).toEqual(['0', '1', '2', '4', '5', '6', '7']);
    const { accepted, requests } = await sandbox.stats();
    const lost = accepted.filter(({ body }) => body.script === 'Script number 3');
    expect(lost).toHaveLength(1);
    await expectPromiseKept(sandbox, result, [lost[0].id]);
    expect(requests[POST]).toBe(8);
  });

  test('is sent again on Retry On Fail where the user chose so, with the same key', async () => {
    await sandbox.settings({ listLagMs: HOURS });
    await sandbox.fault({ on: POST, type: 'reset', when: 'after' });
    const parameters = createVideo({ options: { resubmitUnknown: true } });
    const result = await runNode(sandbox, parameters, { items: rows(1), settings: retrying });
    const { accepted } = await sandbox.stats();
    expect(accepted).toHaveLength(2);
    expect(jsonOf(result)).toMatchObject([{ id: accepted[1].id }]);
    expect(accepted[0].idempotencyKey).toMatch(/^[0-9a-f]{32}$/);
    expect(accepted[1].idempotencyKey).toBe(accepted[0].idempotencyKey);
  });

  test.each(['={{ "false" }}', 'FALSE', ' no ', 0])(
    'is not sent again where Resubmit if Unsure is %j',
    async (resubmitUnknown) => {
      await sandbox.settings({ listLagMs: HOURS });
      await sandbox.fault({ on: POST, type: 'reset', when: 'after' });
      const parameters = createVideo({ options: { resubmitUnknown } as INodeParameters });
      const result = await runNode(sandbox, parameters, { items: rows(1), settings: retrying });
      expect(errorOf(result).message).toMatch(/^Check this one: /);
      expect((await sandbox.stats()).acceptedCount).toBe(1);
    },
  );

  test('where the API honors the key, that makes no second job', async () => {
    await sandbox.settings({ honorIdempotencyKeys: true, listLagMs: HOURS });
    await sandbox.fault({ on: POST, type: 'reset', when: 'after' });
    const parameters = createVideo({ options: { resubmitUnknown: true } });
    const result = await runNode(sandbox, parameters, { items: rows(1), settings: retrying });
    await sandbox.settings({ honorIdempotencyKeys: false });
    expect((await expectPromiseKept(sandbox, result)).acceptedCount).toBe(1);
  });
});

describe('Retry On Fail', () => {
  test('sends only the row that failed, and keeps the results of the others', async () => {
    const refusal = { on: POST, type: 'refuse', status: 400, message: 'script: not now' } as const;
    await sandbox.fault({ ...refusal, containing: 'number 2"', times: 2 });
    const result = await runNode(sandbox, createVideo(), { items: rows(5), settings: retrying });
    expect(scriptsOf(result)).toEqual(rows(5).map(({ script }) => script));
    const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
    expect(acceptedCount).toBe(5);
    expect(requests).toEqual({ [POST]: 7 });
  });

  test('that comes to nothing still names what was accepted, at whatever try', async () => {
    const refusal = { on: POST, type: 'refuse', status: 400, message: 'script: no' } as const;
    await sandbox.fault({ ...refusal, containing: 'number 2"', times: 'always' });
    await sandbox.fault({ ...refusal, containing: 'number 4"', times: 2 });
    const result = await runNode(sandbox, createVideo(), { items: rows(5), settings: retrying });
    expect(errorOf(result)).toMatchObject({
      message: 'iTeraBiz refused the field "Script": no',
      item: 2,
    });
    expect(Object.keys(jobsIn(result))).toEqual(['0', '1', '3', '4']);
    const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
    expect(acceptedCount).toBe(4);
    expect(requests).toEqual({ [POST]: 9 });
  });

  test('with the waits: a video that failed is not made anew', async () => {
    await sandbox.fault({ on: POST, type: 'failVideo', code: 'dark', message: 'Too dark' });
    await sandbox.settings({ queuedMs: 10, processingMs: 10 });
    const waiting = createVideo({ waitForCompletion: true, options: { pollInterval: 0.1 } });
    const settings = { ...retrying, maxTries: 2 };
    const result = await runNode(sandbox, waiting, { items: rows(2), settings });
    await sandbox.settings({ queuedMs: 300, processingMs: 1_500 });
    expect(errorOf(result).message).toMatch(/^iTeraBiz could not make video \w+: Too dark$/);
    const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
    expect(acceptedCount).toBe(2);
    expect(requests[POST]).toBe(2);
  });
});

describe("A retry from n8n's execution list", () => {
  test('sends only what was not accepted before, with the same key', async () => {
    await sandbox.fault({ on: POST, type: 'refuse', status: 402, skip: 3 });
    const parameters = createVideo({ options: { maxConcurrency: 1 } });
    const failed = await runNode(sandbox, parameters, { items: rows(5) });
    expect(errorOf(failed)).toMatchObject({ item: 3 });
    const before = await expectPromiseKept(sandbox, failed);
    expect(before.acceptedCount).toBe(3);
    expect(textOf(failed)).toMatch(/^Item 5: not sent\.$/m);

    const result = await runNode(sandbox, parameters, { retryOf: asRetry(failed) });
    expect(errorOf(result).message).toBe('');
    expect(scriptsOf(result)).toEqual(rows(5).map(({ script }) => script));
    const { requests, accepted } = await expectPromiseKept(sandbox, result);
    expect(requests).toEqual({ [POST]: 6 });
    expect(new Set(accepted.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(5);
  });

  test('does not send again what nobody knows the outcome of', async () => {
    await sandbox.settings({ listLagMs: HOURS });
    await sandbox.fault({ on: POST, type: 'reset', when: 'after' });
    const failed = await runNode(sandbox, createVideo(), { items: rows(1) });
    const result = await runNode(sandbox, createVideo(), { retryOf: asRetry(failed) });
    expect(errorOf(result).message).toMatch(/^Check this one: an earlier try may have been/);
    expect(textOf(result)).toContain('This node searched your account once for');
    const { acceptedCount, requests } = await sandbox.stats();
    expect(acceptedCount).toBe(1);
    expect(requests[POST]).toBe(1);
  });

  test.each([false, true])(
    'finds it once the list shows it, also with Resubmit if Unsure: %s',
    async (resubmitUnknown) => {
      await sandbox.settings({ listLagMs: HOURS });
      await sandbox.fault({ on: POST, type: 'reset', when: 'after' });
      const parameters = createVideo({ options: { resubmitUnknown } });
      const failed = await runNode(sandbox, parameters, { items: rows(2) });
      expect(errorOf(failed).message).toMatch(/^Check this one: /);
      await sandbox.settings({ listLagMs: 0 });
      const result = await runNode(sandbox, parameters, { retryOf: asRetry(failed) });
      expect(scriptsOf(result)).toEqual(rows(2).map(({ script }) => script));
      const { acceptedCount, requests } = await expectPromiseKept(sandbox, result);
      expect(acceptedCount).toBe(2);
      expect(requests[POST]).toBe(2);
    },
  );

  test('orders all anew where the credential has become that of another account, elsewhere', async () => {
    await sandbox.fault({ on: POST, type: 'refuse', status: 402, skip: 2 });
    const parameters = createVideo({ options: { maxConcurrency: 1 } });
    const failed = await runNode(sandbox, parameters, { items: rows(4) });
    const other = await startSandbox();
    try {
      const result = await runNode(other, parameters, { retryOf: asRetry(failed) });
      expect(jsonOf(result)).toHaveLength(4);
      expect((await sandbox.stats()).acceptedCount).toBe(2);
      expect((await other.stats()).acceptedCount).toBe(4);
    } finally {
      await other.stop();
    }
  });

  test('sends what was changed since', async () => {
    await sandbox.fault({ on: POST, type: 'refuse', status: 400, skip: 1 });
    const one = { options: { maxConcurrency: 1 } };
    const failed = await runNode(sandbox, createVideo(one), { items: rows(2) });
    const data = asRetry(failed);
    data.executionData!.nodeExecutionStack[0].node.parameters.duration = 45;
    const result = await runNode(sandbox, createVideo({ ...one, duration: 45 }), { retryOf: data });
    expect(jsonOf(result).map(({ duration }) => duration)).toEqual([45, 45]);
    expect((await sandbox.stats()).acceptedCount).toBe(3);
  });
});

describe('A node in a loop', () => {
  /** Sends its items round again until it has run three times. */
  function threeLaps(): INodeType {
    let laps = 0;
    return {
      description: {
        ...(kit.nodes['test.passOn'] as INodeType).description,
        name: 'laps',
        outputs: ['main', 'main'],
      },
      async execute() {
        laps += 1;
        const items = rows(2).map((json) => ({ json }));
        return laps > 3 ? [[], this.getInputData()] : [items, []];
      },
    };
  }

  async function loop(): Promise<IRun> {
    const to = (name: string) => [{ node: name, type: 'main' as const, index: 0 }];
    return await run(
      {
        nodes: [
          node('Start', 'test.passOn'),
          node('Laps', 'test.laps'),
          node('iTeraBiz', ITERABIZ, { ...retrying, parameters: createVideo() }),
        ],
        connections: {
          Start: { main: [to('Laps')] },
          Laps: { main: [to('iTeraBiz'), []] },
          iTeraBiz: { main: [to('Laps')] },
        },
      },
      {
        kit: { ...kit, nodes: { ...kit.nodes, 'test.laps': threeLaps() } },
        secrets: { iTeraBizApi: { apiKey: sandbox.apiKey, baseUrl: sandbox.url } },
      },
    );
  }

  test('submits on every lap, though the body is the same, and retries within a lap', async () => {
    await sandbox.fault({ on: POST, type: 'refuse', status: 400, skip: 3 });
    const result = await loop();
    expect(errorOf(result).message).toBe('');
    expect(result.data.resultData.runData.iTeraBiz).toHaveLength(3);
    const { accepted, requests } = await sandbox.stats();
    expect(requests).toEqual({ [POST]: 7 });
    expect(acceptedScripts(await sandbox.stats()).sort()).toEqual([
      ...Array(3).fill('Script number 0'),
      ...Array(3).fill('Script number 1'),
    ]);
    const given = result.data.resultData.runData.iTeraBiz.flatMap(({ data }) =>
      data!.main[0]!.map(({ json }) => json.id),
    );
    expect(given.sort()).toEqual(accepted.map(({ id }) => id).sort());
  });

  test('has another idempotency key for each lap, item and execution', async () => {
    await loop();
    await loop();
    const { accepted } = await sandbox.stats();
    expect(new Set(accepted.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(12);
  });
});
