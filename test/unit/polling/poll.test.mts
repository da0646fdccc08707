import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { poll } from '../../../nodes/ITeraBiz/polling/poll.ts';
import { answered, type Answering, fakeContext } from '../fakeContext.mts';

const START = Date.parse('2026-01-05T10:00:00Z');

interface Given {
  videos?: IDataObject[];
  answer?: Answering;
  store?: IDataObject;
  /** What is kept for the whole workflow */
  shared?: IDataObject;
  parameters?: IDataObject;
  mode?: string;
  node?: string;
  /** What n8n says of the time that there is, in milliseconds */
  budget?: number;
}

let nodes = 0;

/** A polling trigger of its own, and what the account lists. */
function polling({
  videos = [],
  answer = () => answered({ data: videos, has_more: false }),
  store = {},
  shared = {},
  parameters = {},
  mode = 'trigger',
  node = `node ${++nodes}`,
  budget,
}: Given = {}) {
  const { context, asked } = fakeContext({
    answer,
    parameters: { events: ['video.completed', 'video.failed'], ...parameters },
    node: { id: node, name: 'Watch' },
  });
  const warnings: unknown[] = [];
  Object.assign(context, {
    getMode: () => mode,
    getWorkflow: () => ({ id: 'w1' }),
    getWorkflowStaticData: (of: string) => (of === 'global' ? shared : store),
    logger: { warn: (...said: unknown[]) => void warnings.push(said) },
    ...(budget !== undefined && { getPollBudgetMs: () => budget }),
  });
  return { polled: poll(context as unknown as IPollFunctions), asked, store, node, warnings };
}

let made = 0;
const video = (status: string, more: IDataObject = {}): IDataObject => ({
  id: `video_${++made}`,
  status,
  created_at: new Date(START + made * 1_000).toISOString(),
  ...more,
});
const idsOf = async ({ polled }: ReturnType<typeof polling>) =>
  (await polled)?.flatMap((items) => items.map(({ json }) => (json.video as IDataObject).id)) ??
  null;

test('goes on from its beginning as long as n8n has stored no later look', async () => {
  const shared: IDataObject = { mine: 1 };
  const node = 'dropped';
  const videos = [video('completed')];
  expect(await idsOf(polling({ videos, shared, node }))).toBeNull();
  const beginning = structuredClone(shared);
  videos.unshift(video('completed'));
  expect(await idsOf(polling({ videos, shared, node: 'another' }))).toBeNull();

  for (let look = 0; look < 2; look++) {
    expect(await idsOf(polling({ videos, shared, node }))).toEqual([videos[0].id]);
    expect(shared).toMatchObject(beginning);
  }

  const store = {};
  await polling({ videos, shared, node, store }).polled;
  await polling({ videos, shared, node, store }).polled;
  expect(Object.keys(shared)).toEqual(['mine', expect.stringContaining('another')]);
});

test('writes nothing for the whole workflow from then on', async () => {
  const shared: IDataObject = {};
  const store = {};
  for (let look = 0; look < 2; look++) await polling({ shared, store, node: 'kept' }).polled;
  Object.freeze(shared);
  const written = new Proxy(shared, {
    deleteProperty: () => {
      throw new Error('written');
    },
  });
  await polling({ shared: written, store, node: 'kept' }).polled;
  expect(shared).toEqual({});
});

test('begins from now: what is finished starts nothing, what is running does later', async () => {
  const [done, running] = [video('completed'), video('processing')];
  const store = {};
  const first = polling({ videos: [running, done], store });
  expect(await first.polled).toBeNull();
  expect(store).toMatchObject({ progress: expect.anything() });
  const later = { ...running, status: 'failed' };
  expect(await idsOf(polling({ videos: [later, done], store }))).toEqual([running.id]);
  const last = polling({ videos: [later, done], store });
  expect(await idsOf(last)).toBeNull();
  expect(last.warnings).toEqual([]);
});

test('gives out one event per video, with what is known of it', async () => {
  const store = {};
  await polling({ store }).polled;
  const done = video('completed', { completed_at: '2026-01-05T11:00:00Z' });
  expect(await polling({ videos: [done], store }).polled).toEqual([
    [
      {
        json: {
          event: 'video.completed',
          eventId: expect.stringContaining(done.id as string),
          occurredAt: '2026-01-05T11:00:00.000Z',
          video: done,
        },
      },
    ],
  ]);
});

test.each<[string, IDataObject]>([
  ['of another kind', { events: ['video.failed'] }],
  ['of another avatar', { 'options.avatarId': 'avatar_2' }],
])('leaves out events %s', async (_, parameters) => {
  const store = {};
  await polling({ store, parameters }).polled;
  const videos = [video('completed', { avatar_id: 'avatar_1' })];
  expect(await polling({ videos, store, parameters }).polled).toBeNull();
});

test('keeps its progress only at the end: one that is refused loses nothing', async () => {
  const store: IDataObject = {};
  await polling({ store }).polled;
  const before = JSON.stringify(store);
  const refused = polling({ store, answer: () => answered({}, 401) });
  await expect(refused.polled).rejects.toThrow('iTeraBiz does not accept the API key');
  expect(JSON.stringify(store)).toBe(before);
  // And is over.
  const done = video('completed');
  const { node } = refused;
  expect(await idsOf(polling({ videos: [done], store, node }))).toEqual([done.id]);
});

test('leaves all to a slow one of the same trigger that is still on, and to no other', async () => {
  const [store, other] = [{}, {}];
  const first = polling({ store, node: 'slow' });
  const second = polling({ store, node: 'slow' });
  const elsewhere = polling({ store: other });
  expect(await second.polled).toBeNull();
  await Promise.all([first.polled, elsewhere.polled]);
  expect(second.asked).toEqual([]);
  expect(elsewhere.asked).toHaveLength(1);
});

describe('Fetch Test Event', () => {
  const mode = 'manual';

  test('gives out the newest video that would have started the workflow, and keeps nothing', async () => {
    const videos = [video('processing'), video('failed'), video('completed'), video('completed')];
    const parameters = { events: ['video.completed'] };
    const store = {};
    expect(await idsOf(polling({ videos, parameters, store, mode }))).toEqual([videos[2].id]);
    expect(store).toEqual({});
  });

  test('gives out a sample that says so where there is none', async () => {
    const [[{ json }]] = (await polling({ videos: [video('queued')], mode }).polled)!;
    expect(json).toMatchObject({
      event: 'video.completed',
      eventId: 'sample',
      occurredAt: '2025-01-15T10:30:00.000Z',
      video: {
        id: 'sample',
        status: 'completed',
        script: expect.stringContaining('This is a sample'),
        language: 'en-US',
        duration: 45,
        video_url: 'https://example.com/sample.mp4',
        created_at: '2025-01-15T10:25:00Z',
        completed_at: '2025-01-15T10:30:00Z',
      },
    });
  });
});

describe('The time that a poll may take', () => {
  beforeEach(() => void jest.useFakeTimers({ now: START }));
  afterEach(() => void jest.useRealTimers());

  /** How long it asks an API that is never there, in seconds. */
  async function patience(budget: number | undefined, mode?: string): Promise<number> {
    const { polled } = polling({ answer: () => answered({}, 503), budget, mode });
    let took = Infinity;
    polled.catch(() => void (took = (Date.now() - START) / 1_000));
    for (let second = 0; second < 400 && took === Infinity; second++) {
      await jest.advanceTimersByTimeAsync(1_000);
    }
    return took;
  }

  test.each(['trigger', 'manual'])('is what n8n says: %s', async (mode) => {
    jest.spyOn(Math, 'random').mockReturnValue(0.999);
    expect(await patience(4_000, mode)).toBeLessThanOrEqual(5);
    jest.restoreAllMocks();
  });

  test.each([undefined, 0, -1, Number.NaN])(
    'is long enough for all tries where n8n says %j',
    async (budget) => {
      jest.spyOn(Math, 'random').mockReturnValue(0.999);
      const took = await patience(budget);
      expect(took).toBeGreaterThan(20);
      expect(took).toBeLessThan(300);
      jest.restoreAllMocks();
    },
  );
});

test('says in the log which videos it cannot wait for, where too many are running', async () => {
  const store = {};
  const videos = Array.from({ length: 2_003 }, () => video('processing')).reverse();
  const pages: Answering = ({ qs }) => {
    const { limit, starting_after: after } = qs as { limit: number; starting_after?: string };
    const start = after === undefined ? 0 : videos.findIndex(({ id }) => id === after) + 1;
    return answered({
      data: videos.slice(start, start + limit),
      has_more: start + limit < videos.length,
    });
  };
  const { polled, warnings } = polling({ store, answer: pages });
  expect(await polled).toBeNull();
  const lost = videos
    .slice(-3)
    .map(({ id }) => id)
    .reverse();
  expect(warnings).toEqual([
    [
      expect.stringContaining(`will not start the workflow: ${lost.join(', ')}`),
      { workflowId: 'w1', node: 'Watch' },
    ],
  ]);
});
