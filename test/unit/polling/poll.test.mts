import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { Account } from '../../../nodes/ITeraBiz/account/account.ts';
import { now } from '../../../nodes/ITeraBiz/client/time.ts';
import { poll } from '../../../nodes/ITeraBiz/polling/poll.ts';
import { answered, requesterOf } from '../../shared/fakeRun.mts';

const video = (id: string, status = 'completed') => ({
  id,
  status,
  created_at: new Date().toISOString(),
  video_url: 'https://cdn.example/video.mp4',
});

let count = 0;

/** A trigger, what it stores, and what it wrote into n8n's log. */
function trigger(parameters: IDataObject = {}) {
  const [node, global]: Record<string, unknown>[] = [{}, {}];
  const log: unknown[][] = [];
  /** Videos that the API has, newest first, or its refusal. */
  const api: { list: IDataObject[] | Error | number; byId?: Record<string, IDataObject> } = {
    list: [],
  };
  const { context, asked } = requesterOf(({ url }) => {
    const { list } = api;
    if (list instanceof Error) return list;
    if (typeof list === 'number') return answered({}, list);
    if (url.endsWith('/videos')) return answered({ data: list, has_more: false });
    const byId = api.byId ? Object.values(api.byId) : list;
    const found = byId.find(({ id }) => url.endsWith(`/${String(id)}`));
    return found ? answered(found) : answered({ error: { message: 'not found' } }, 404);
  });
  const id = `node ${++count}`;
  const all: IDataObject = { events: ['video.completed', 'video.failed'], ...parameters };
  const more = {
    getNode: () => ({ id, name: 'Ready', type: 'trigger' }),
    getWorkflow: () => ({ id: 'w1' }),
    getNodeParameter: (name: string, fallback: unknown) => all[name] ?? fallback,
    getWorkflowStaticData: (type: string) => (type === 'node' ? node : global),
    logger: { warn: (...entry: unknown[]) => void log.push(entry) },
  };
  const pollAs = async (mode: string, functions: object = {}) => {
    const own = { ...context, ...more, getMode: () => mode, ...functions };
    const output = await poll(own as unknown as IPollFunctions);
    return output && output.flat().map(({ json }) => json);
  };
  const next = async () => (await pollAs('trigger'))?.map((json) => (json.video as IDataObject).id);
  return { api, asked, node, global, log, id, pollAs, next };
}

afterEach(() => void jest.restoreAllMocks());

test('the first poll takes what has ended for history; the next ones bring what ended since, once', async () => {
  const { api, next, pollAs } = trigger();
  api.list = [video('b', 'queued'), video('a')];
  expect(await next()).toBeUndefined();
  api.list = [video('c', 'failed'), video('b'), video('a')];
  expect(await pollAs('trigger')).toMatchObject([
    { event: 'video.completed', eventId: 'b:video.completed', video: { id: 'b' } },
    { event: 'video.failed', video: { id: 'c' } },
  ]);
  expect(await pollAs('trigger')).toBeNull();
});

test('only the chosen events come', async () => {
  const { api, next } = trigger({ events: ['video.failed'] });
  await next();
  api.list = [video('b', 'failed'), video('a')];
  expect(await next()).toEqual(['b']);
});

describe('its progress', () => {
  test('is stored with the node, and the first one with the whole workflow, too, until there is another', async () => {
    const { node, global, next, id } = trigger();
    await next();
    expect(Object.keys(global)).toEqual([`iTeraBiz Polling Trigger ${id}`]);
    expect(Object.values(global)).toEqual([node.progress]);
    await next();
    expect([Object.keys(node), global]).toEqual([['progress'], {}]);
  });

  test('goes on from the beginning if n8n dropped the first one of the node', async () => {
    const { api, node, global, next } = trigger();
    await next();
    const beginning = structuredClone(global);
    api.list = [video('a')];
    for (let polls = 0; polls < 2; polls++) {
      delete node.progress;
      expect(await next()).toEqual(['a']);
      expect([global, Object.keys(node)]).toEqual([beginning, ['progress']]);
    }
    await next();
    expect(global).toEqual({});
  });

  test('stays as it was if the poll is refused, or the choice is invalid', async () => {
    const choice = { events: ['video.completed'] };
    const { api, node, next } = trigger(choice);
    await next();
    const before = structuredClone(node);
    api.list = 401;
    await expect(next()).rejects.toMatchObject({
      message: 'iTeraBiz does not accept the API key of this credential',
      httpCode: '401',
    });
    api.list = 400;
    await expect(next()).rejects.toThrow('iTeraBiz could not list the videos');
    expect(node).toEqual(before);
  });
});

describe('the log', () => {
  const about = { workflowId: 'w1', node: 'Ready' };

  test('names the videos that the API no longer knows', async () => {
    const { api, log, next } = trigger();
    api.list = [video('b', 'queued'), video('a', 'queued')];
    await next();
    api.list = [];
    const start = Date.now();
    for (const minutes of [0, 2]) {
      jest.spyOn(Date, 'now').mockReturnValue(start + minutes * 60_000);
      expect(await next()).toBeUndefined();
    }
    const text =
      'iTeraBiz Polling Trigger: iTeraBiz can no longer find these videos, so they do not start the workflow: a, b';
    expect(log).toEqual([[text, about]]);
  });

  test('names the videos that are too many to wait for', async () => {
    const { api, log, next } = trigger();
    api.list = Array.from({ length: 10_002 }, (_, n) => video(`v${10_002 - n}`, 'queued'));
    await next();
    const text =
      'iTeraBiz Polling Trigger: too many videos are running; these will not start the workflow: v1, v2';
    expect(log).toEqual([[text, about]]);
  });
});

test('the log says once of a trigger that its list begins with the oldest, and all else each time', async () => {
  const { api, log, next } = trigger();
  const list = Array.from({ length: 10_001 }, (_, n) => ({
    ...video(`v${n}`, 'queued'),
    created_at: new Date(Date.now() - 3_600_000 + n).toISOString(),
  }));
  for (const more of ['', 'a', 'b']) {
    if (more) list.push(video(more, 'queued'));
    api.list = [...list];
    await next();
  }
  const dropped = expect.stringContaining('too many videos are running');
  const order = expect.stringContaining('does not begin with the newest');
  expect(log.map(([text]) => text)).toEqual([dropped, order, dropped, dropped]);
});

test('a poll that starts while another is on does nothing; the editor is not held up', async () => {
  const { api, next, pollAs } = trigger();
  await next();
  api.list = [video('a')];
  const polls = await Promise.all([next(), next(), pollAs('manual')]);
  expect(polls).toMatchObject([['a'], undefined, [{ video: { id: 'a' } }]]);
  api.list = 401;
  await expect(next()).rejects.toThrow('API key');
  api.list = [video('b'), video('a')];
  expect(await next()).toEqual(['b']);
});

test('triggers of other nodes are not held up', async () => {
  const [one, other] = [trigger(), trigger()];
  await Promise.all([one.next(), other.next()]);
  one.api.list = [video('a')];
  other.api.list = [video('b')];
  expect(await Promise.all([one.next(), other.next()])).toEqual([['a'], ['b']]);
});

describe('the editor', () => {
  test('gets the newest video that fits, and stores nothing', async () => {
    const { api, node, global, pollAs } = trigger({ events: ['video.completed'] });
    api.list = [video('d', 'queued'), video('c', 'failed'), video('b'), video('a')];
    expect(await pollAs('manual')).toMatchObject([{ video: { id: 'b' } }]);
    expect([node, global]).toEqual([{}, {}]);
  });

  test('holds up no poll that follows', async () => {
    const { node, pollAs, next } = trigger();
    await pollAs('manual');
    await next();
    expect(node).toHaveProperty('progress');
  });

  test('gets what the list leaves out, of the newest few', async () => {
    const { api, asked, pollAs } = trigger({ events: ['video.completed'] });
    const { status, ...short } = video('a');
    const list = ['d', 'c', 'b', 'a'].map((id) => ({ ...short, id }));
    api.list = list;
    api.byId = { c: { ...short, id: 'c', status: 'failed' }, b: { ...short, id: 'b', status } };
    expect(await pollAs('manual')).toMatchObject([{ video: { id: 'b', status: 'completed' } }]);
    expect(asked).toHaveLength(4);
    api.byId = { a: { ...short, id: 'a', status } };
    expect(await pollAs('manual')).toMatchObject([{ eventId: 'sample' }]);
    expect(asked).toHaveLength(8);
  });

  test('does not wait for an API that is busy', async () => {
    const { api, asked, pollAs } = trigger();
    api.list = 429;
    await expect(pollAs('manual')).rejects.toThrow('iTeraBiz is too busy to list the videos');
    expect(asked).toHaveLength(1);
  });

  test('gets a failed sample where only these start the workflow', async () => {
    const [sample] = (await trigger({ events: ['video.failed'] }).pollAs('manual'))!;
    expect(sample).toMatchObject({
      event: 'video.failed',
      video: { status: 'failed', error: { message: expect.stringContaining('sample') } },
    });
    expect(JSON.stringify(sample)).not.toContain('video_url');
  });

  test('gets a sample if none fits', async () => {
    expect(await trigger().pollAs('manual')).toEqual([
      {
        ...{ event: 'video.completed', eventId: 'sample', occurredAt: '2025-01-15T10:30:00.000Z' },
        video: {
          ...{ id: 'sample', status: 'completed', language: 'en-US', duration: 45 },
          script:
            'This is a sample, because none of your newest videos matches. Real videos look like this. A sample cannot be downloaded.',
          video_url: 'https://example.com/sample.mp4',
          ...{ created_at: '2025-01-15T10:25:00Z', completed_at: '2025-01-15T10:30:00Z' },
        },
      },
    ]);
  });
});

test.each([
  [undefined, 300_000],
  [() => undefined, 300_000],
  [() => 0, 300_000],
  [() => -1, 300_000],
  [() => Number.NaN, 300_000],
  [() => 2_000, 2_000],
])('a poll of which n8n says %p may take %i ms', async (getPollBudgetMs, expected) => {
  const client = jest.spyOn(Account.prototype, 'client');
  const start = now();
  await trigger().pollAs('trigger', { getPollBudgetMs });
  const [, settings] = client.mock.calls[0];
  expect(settings).toMatchObject({ priority: 'poll', options: { timeout: 30_000 } });
  const takes = settings.deadline! - start;
  expect(takes).toBeGreaterThanOrEqual(expected);
  expect(takes).toBeLessThan(expected + 1_000);
});
