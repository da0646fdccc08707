/** Max Videos per Day of the credential: what an account may make in 24 hours, whichever executions ask. */
import fc from 'fast-check';
import type { ICredentialDataDecryptedObject, INodeParameters, IRun } from 'n8n-workflow';

import { startSandbox, type Sandbox } from '../../../sandbox/client.mts';
import { cases } from '../../shared/cases.mts';
import { createVideo, errorOf, jsonOf, rows, runNode } from '../support.mts';
import { expectPromiseKept, hideVideosSoFar, textOf } from '../runs/promise.mts';

let sandbox: Sandbox;
let account = 0;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(async () => await sandbox.stop());
beforeEach(async () => await fresh());

/** An account of its own: what this process has ordered for another one does not count. */
async function fresh(): Promise<void> {
  await sandbox.settings({ listLagMs: 0, listOmits: [] });
  await sandbox.clearFaults();
  await hideVideosSoFar(sandbox);
  await sandbox.resetStats();
  account++;
}

const POST = 'POST /videos';
const HOUR = 60 * 60_000;

interface Order {
  count?: number;
  limit: unknown;
  onError?: string;
  more?: INodeParameters;
  retryOf?: IRun['data'];
}

async function order({ count = 1, limit, onError, more = {} }: Order): Promise<IRun> {
  const baseUrl = sandbox.url.replace('/v1', `/${'./'.repeat(account)}v1`);
  const credential = { apiKey: sandbox.apiKey, baseUrl, maxVideosPerDay: limit };
  return await runNode(sandbox, createVideo(more), {
    items: rows(count),
    settings: { onError } as object,
    secrets: { iTeraBizApi: credential as ICredentialDataDecryptedObject },
  });
}

const ordered = async () => (await sandbox.stats()).acceptedCount;

const have = async (count: number, hoursAgo = 1) =>
  await sandbox.addVideos(count, {
    created_at: new Date(Date.now() - hoursAgo * HOUR).toISOString(),
  });

test('60 executions that start at once under a limit of 50 make exactly 50 videos', async () => {
  await sandbox.settings({ listLagMs: 5 * 60_000 });
  const all = await Promise.all(Array.from({ length: 60 }, async () => await order({ limit: 50 })));
  const { acceptedCount, requests } = await sandbox.stats();
  expect(acceptedCount).toBe(50);
  expect(requests['GET /videos']).toBeLessThanOrEqual(5);
  const refused = all.filter((one) => errorOf(one).message !== '');
  expect(refused).toHaveLength(10);
  for (const one of refused) {
    expect(errorOf(one).message).toBe(
      'This would order 1 video, but "Max Videos per Day" in the credential allows 50 in 24 hours, and 50 have been used',
    );
    expect(errorOf(one).description).toMatch(
      /There is room again from 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
    );
  }
});

test('what the account made elsewhere in the last 24 hours counts, and what is older does not', async () => {
  await have(3, 23);
  await have(3, 25);
  expect(errorOf(await order({ count: 3, limit: 5 })).message).toContain('and 3 have been used');
  expect(await ordered()).toBe(0);
  expect(errorOf(await order({ count: 2, limit: 5 })).message).toBe('');
  expect(await ordered()).toBe(2);
});

test('where the node stops it is all or nothing', async () => {
  const result = await order({ count: 6, limit: 5 });
  expect(errorOf(result).message).toMatch(/^This would order 6 videos, but "Max Videos per Day"/);
  expect(textOf(result)).toMatch(/^Items 2–6: not sent\.$/m);
  expect((await sandbox.stats()).requests[POST]).toBeUndefined();
});

test.each(['continueRegularOutput', 'continueErrorOutput'])(
  'with %s as many rows as fit are sent, in order',
  async (onError) => {
    const result = await order({ count: 6, limit: 4, onError });
    expect(await ordered()).toBe(4);
    await expectPromiseKept(sandbox, result);
    const all = [...jsonOf(result), ...jsonOf(result, 1)];
    expect(all.map(({ id, error }) => id ?? error)).toEqual([
      ...Array(4).fill(expect.stringMatching(/^video_/)),
      ...Array(2).fill(
        expect.stringMatching(/^This would order 6 videos, but "Max Videos per Day"/),
      ),
    ]);
  },
);

test('a place is given back where it is certain that nothing was made, and kept in doubt', async () => {
  await sandbox.fault({ on: POST, type: 'refuse', status: 400 });
  expect(errorOf(await order({ limit: 1 })).message).not.toBe('');
  await sandbox.settings({ listLagMs: HOUR });
  await sandbox.fault({ on: POST, type: 'reset' });
  expect(errorOf(await order({ limit: 1 })).message).toMatch(/^Check this one/);
  expect(errorOf(await order({ limit: 1 })).message).toContain('and 1 has been used');
  expect(await ordered()).toBe(0);
});

test('a preview tells of the limit, and takes no place', async () => {
  await have(2);
  const preview = { options: { previewOnly: true } };
  const some = jsonOf(
    await order({ count: 3, limit: 4, onError: 'continueRegularOutput', more: preview }),
  );
  expect(some.map(({ wouldOrder }) => wouldOrder)).toEqual([true, true, false]);
  expect(some[0].reason).toContain('Last 24 hours: 2 of 4 videos');
  expect(some[2].reason).toContain('allows 4 in 24 hours, and 2 have been used');
  expect(errorOf(await order({ count: 2, limit: 4 })).message).toBe('');
});

test.each([undefined, null, '', 0, '0', ' 0 '])(
  'a limit of %j is none, and costs no read',
  async (limit) => {
    expect(errorOf(await order({ count: 2, limit })).message).toBe('');
    expect((await sandbox.stats()).requests).toEqual({ [POST]: 2 });
  },
);

test.each(['ten', -1, 1.5, NaN, true, [5]])(
  'a limit of %j is refused before anything is sent',
  async (limit) => {
    const { message } = errorOf(await order({ limit }));
    expect(message).toMatch(/^"Max Videos per Day": ".*" is not a number of videos$/);
    expect((await sandbox.stats()).requests).toEqual({});
  },
);

test.each([
  [
    'does not say when videos were made',
    async () => void (await sandbox.settings({ listOmits: ['created_at'] })),
  ],
  [
    'cannot be read',
    async () =>
      void (await sandbox.fault({
        on: 'GET /videos',
        type: 'refuse',
        status: 403,
        times: 'always',
      })),
  ],
])('where the list %s, nothing is ordered', async (_, prepare) => {
  await have(1);
  await prepare();
  const result = await order({ limit: 5 });
  expect(errorOf(result).message).toMatch(
    /^Nothing was sent, because the videos of the last 24 hours could not be counted/,
  );
  expect(errorOf(result).description).toContain('set the limit to 0 in the credential');
  expect(await ordered()).toBe(0);
});

test('an avatar does not count', async () => {
  await have(1);
  const avatar = {
    resource: 'avatar',
    operation: 'create',
    name: 'A',
    imageUrl: 'https://example.com/a.jpg',
    voiceId: 'voice_1',
  };
  const baseUrl = sandbox.url.replace('/v1', `/${'./'.repeat(account)}v1`);
  const result = await runNode(sandbox, avatar, {
    secrets: { iTeraBizApi: { apiKey: sandbox.apiKey, baseUrl, maxVideosPerDay: 1 } },
  });
  expect(errorOf(result).message).toBe('');
});

test('whatever executions come, with whatever faults and lags: never one above the limit', async () => {
  const effects = [
    { type: 'reset', when: 'after' },
    { type: 'reset' },
    { type: 'refuse', status: 400 },
    { type: 'refuse', status: 429, retryAfter: 0 },
    { type: 'refuse', status: 500, when: 'after' },
  ] as const;
  const scene = fc.record({
    limit: fc.integer({ min: 1, max: 8 }),
    before: fc.nat(4),
    runs: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }),
    onError: fc.constantFrom('stopWorkflow', 'continueRegularOutput'),
    lag: fc.constantFrom(0, 50, HOUR),
    faults: fc.array(fc.record({ effect: fc.constantFrom(...effects), skip: fc.nat(8) }), {
      maxLength: 4,
    }),
  });
  await fc.assert(
    fc.asyncProperty(scene, async ({ limit, before, runs, onError, lag, faults }) => {
      await fresh();
      await have(before);
      await sandbox.settings({ listLagMs: lag });
      for (const { effect, skip } of faults) await sandbox.fault({ ...effect, on: POST, skip });
      await Promise.all(runs.map(async (count) => await order({ count, limit, onError })));
      expect(await ordered()).toBeLessThanOrEqual(Math.max(0, limit - before));
    }),
    { numRuns: cases(10) },
  );
});
