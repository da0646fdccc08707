import { startSandbox, type Sandbox, type Video } from '../../../sandbox/client.mts';
import { accountOf } from '../../../nodes/ITeraBiz/account/account.ts';
import { N8n } from './n8n.mts';

let sandbox: Sandbox;
let n8n: N8n;

beforeAll(async () => {
  sandbox = await startSandbox({ hold: true });
});
afterAll(() => sandbox.stop());

beforeEach(async () => {
  n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await sandbox.clearFaults();
  // What one test left running is history for the next.
  await sandbox.finish();
  await n8n.stop();
  expect((await sandbox.stats()).contractViolations).toEqual([]);
});

async function activate(parameters = {}): Promise<void> {
  n8n.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger', parameters } });
  await n8n.activate('w1');
  await sandbox.resetStats();
}
/** Videos that are submitted in one moment, as a campaign is. @returns their IDs, oldest first */
async function made(count: number, fields: Partial<Video> = {}): Promise<string[]> {
  const created_at = new Date().toISOString();
  return (await sandbox.addVideos(count, { created_at, ...fields })).map(({ id }) => id);
}
const running = (count = 1) => made(count, { status: 'queued' });
const finished = (count = 1) => made(count);
const poll = async () => (await n8n.poll('w1')).map(({ video }) => video.id);
const progress = () => n8n.staticDataOf('w1', 'Trigger').progress;
/** For what n8n and the trigger read as the time of day. */
function aMinuteLater(): void {
  const later = Date.now() + 61_000;
  jest.spyOn(Date, 'now').mockReturnValue(later);
}
const webPage = {
  type: 'answer',
  status: 200,
  body: '<html><title>Welcome</title></html>',
  contentType: 'text/html',
} as const;
const requests = async () => (await sandbox.stats()).requests;

/** Hands out an account without any video, and an n8n with a workflow that polls it. */
async function withAccount(task: (account: Sandbox, own: N8n) => Promise<void>): Promise<void> {
  const account = await startSandbox({ hold: true });
  await withN8n(account, (own) => task(account, own)).finally(account.stop);
}
async function withN8n(account: Sandbox, task: (own: N8n) => Promise<void>): Promise<void> {
  const own = await N8n.start({ apiKey: account.apiKey, baseUrl: account.url });
  own.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger' } });
  try {
    await task(own);
  } finally {
    await own.stop();
  }
}
const idsOf = (videos: Video[]) => videos.map(({ id }) => id);
const idsOfPoll = async (own: N8n) => (await own.poll('w1')).map(({ video }) => video.id);

describe('where n8n stores progress and run in one step', () => {
  beforeEach(() => void (n8n.hasDurableCursors = true));

  it('starts for what finishes between publication and the next poll', async () => {
    const [before] = await running();
    await finished();
    await activate();
    await sandbox.finish(before);
    const [quick] = await finished();
    expect(await poll()).toEqual([before, quick]);
    expect(await poll()).toEqual([]);
    const [later] = await finished();
    expect(await poll()).toEqual([later]);
  });

  it('starts for it, too, when n8n is killed in that poll, or the poll is refused', async () => {
    await activate();
    const [quick] = await finished();
    await n8n.poll('w1', 'trigger', { isKilled: true });
    await sandbox.fault({ type: 'refuse', status: 401, on: 'GET /videos' });
    await expect(poll()).rejects.toThrow('API key');
    expect(await poll()).toEqual([quick]);
    expect(await poll()).toEqual([]);
  });

  it('keeps no second progress once the first is stored', async () => {
    await activate();
    for (let polls = 0; polls < 3; polls++) {
      await finished();
      expect(await poll()).toHaveLength(1);
    }
    expect(n8n.database.get('w1')!.staticData).not.toContain('recent');
  });
});

describe('a workflow that is switched on', () => {
  it('does not start for what is finished by then', async () => {
    await finished(3);
    await activate();
    expect(await poll()).toEqual([]);
  });

  it('starts once for each video that finishes or fails, with the same output as the webhook', async () => {
    await activate();
    const [good, bad] = await running(2);
    expect(await poll()).toEqual([]);
    await sandbox.finish(good);
    await sandbox.fail(bad, { code: 'voice', message: 'The voice is gone' });
    expect(await n8n.poll('w1')).toEqual([
      {
        event: 'video.completed',
        eventId: `${good}:video.completed`,
        occurredAt: expect.stringMatching(/^\d{4}-.*Z$/),
        video: expect.objectContaining({ id: good, status: 'completed' }),
      },
      expect.objectContaining({
        event: 'video.failed',
        video: expect.objectContaining({ error: { code: 'voice', message: 'The voice is gone' } }),
      }),
    ]);
    expect(await poll()).toEqual([]);
  });

  it('starts for a video that was made before, and finishes after', async () => {
    const [before] = await running();
    await finished(150);
    await activate();
    await sandbox.finish(before);
    expect(await poll()).toEqual([before]);
    expect(await poll()).toEqual([]);
  });

  it('starts for a video that is made and finished between two polls', async () => {
    await activate();
    const [quick] = await finished();
    expect(await poll()).toEqual([quick]);
  });

  it('keeps to the chosen events and avatar, and never catches up on what it left out before a run', async () => {
    const avatarId = { __rl: true, mode: 'id', value: 'avatar_chosen' };
    await activate({ events: ['video.failed'], options: { avatarId } });
    const chosen = { avatar_id: 'avatar_chosen' };
    await made(1, chosen);
    const [wanted] = await made(1, { ...chosen, status: 'failed' });
    await made(1, { status: 'failed' });
    expect(await poll()).toEqual([wanted]);
    n8n.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger' } });
    await n8n.activate('w1');
    expect(await poll()).toEqual([]);
  });

  it('comes with what no run was started for since, where the choice has changed', async () => {
    await activate({ events: ['video.failed'] });
    const [leftOut] = await finished();
    expect(await poll()).toEqual([]);
    n8n.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger' } });
    expect((await n8n.activate('w1')).map(({ video }) => video.id)).toEqual([leftOut]);
    expect(await poll()).toEqual([]);
  });
});

describe('nothing is missed and nothing doubled', () => {
  it('over a long downtime with more finished videos than two pages', async () => {
    await finished(3);
    const [waiting] = await running();
    await activate();
    const batch = await finished(250);
    await sandbox.finish(waiting);
    await n8n.stop();
    const { database } = n8n;
    n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url }, database);
    expect(await poll()).toEqual([waiting, ...batch]);
    expect(await poll()).toEqual([]);
  });

  it.each(['is restarted', 'publishes the workflow anew'])(
    'when n8n %s after polls that started no run, which it does not store',
    async (how) => {
      const [waiting] = await running();
      await activate({ events: ['video.failed'] });
      await finished(30);
      const [bad, late] = await running(2);
      await sandbox.fail(bad, { code: 'voice', message: 'The voice is gone' });
      expect(await poll()).toEqual([bad]);
      for (let polls = 0; polls < 2; polls++) {
        await finished(120);
        expect(await poll()).toEqual([]);
      }
      for (const id of [waiting, late]) {
        await sandbox.fail(id, { code: 'voice', message: 'The voice is gone' });
      }
      if (how === 'is restarted') {
        await n8n.stop();
        const { database } = n8n;
        n8n = await N8n.start({ apiKey: sandbox.apiKey, baseUrl: sandbox.url }, database);
      }
      expect((await n8n.activate('w1')).map(({ video }) => video.id)).toEqual([waiting, late]);
      expect(await poll()).toEqual([]);
    },
  );

  it('when a poll is refused on its second page', async () => {
    await activate();
    const batch = await finished(250);
    const before = progress();
    await sandbox.fault({ on: 'GET /videos', type: 'refuse', status: 400, skip: 1 });
    await expect(n8n.poll('w1')).rejects.toThrow(/could not list the videos/);
    expect(progress()).toEqual(before);
    expect(await poll()).toEqual(batch);
  });

  it('when the API is busy for a moment: it asks again by itself', async () => {
    await activate();
    const [quick] = await finished();
    await sandbox.fault({
      on: 'GET /videos',
      type: 'refuse',
      status: 429,
      retryAfter: 0,
      times: 3,
    });
    expect(await poll()).toEqual([quick]);
  });

  it('when the connection breaks off for a moment: it asks again by itself', async () => {
    await activate();
    const [quick] = await finished();
    await sandbox.fault({ on: 'GET /videos', type: 'reset' });
    expect(await poll()).toEqual([quick]);
  });

  it('when a poll starts while another is still on', async () => {
    await activate();
    const batch = await finished(120);
    await sandbox.fault({ on: 'GET /videos', type: 'delay', ms: 200, times: 'always' });
    const both = await Promise.all([poll(), poll()]);
    expect(both.flat()).toEqual(batch);
  });

  it('when 150 videos finish that have long left the first page', async () => {
    const waiting = await running(150);
    await activate();
    const batch = await finished(120);
    expect(await poll()).toEqual(batch);
    await sandbox.finish(waiting);
    await sandbox.resetStats();
    expect((await poll()).sort()).toEqual([...waiting].sort());
    expect(await requests()).toEqual({ 'GET /videos': 3 });
  });

  it('when the list does not show a video: it is asked for by its ID', async () => {
    const waiting = await running(3);
    await activate();
    await sandbox.fault({ on: 'GET /videos', type: 'hideVideos', ids: waiting, times: 'always' });
    await poll();
    await sandbox.finish(waiting);
    const seen = [...(await poll()), ...(await poll())];
    expect(seen.sort()).toEqual([...waiting].sort());
  });

  it('when the API once does not know a video that is waited for', async () => {
    const [waiting] = await running();
    await finished(120);
    await activate();
    await sandbox.fault({ on: 'GET /videos/{id}', type: 'refuse', status: 404 });
    expect(await poll()).toEqual([]);
    expect(progress()).toMatchObject({ pending: [waiting] });
    await sandbox.finish(waiting);
    expect(await poll()).toEqual([waiting]);
  });

  it('when a video is deleted while it is waited for: it is forgotten after a minute', async () => {
    const [gone] = await running();
    await finished(120);
    await activate();
    const fault = { on: 'GET /videos/{id}', containing: gone, times: 'always' } as const;
    await sandbox.fault({ ...fault, type: 'refuse', status: 404 });
    expect(await poll()).toEqual([]);
    aMinuteLater();
    expect(await poll()).toEqual([]);
    expect(progress()).toMatchObject({ pending: [], hidden: [], surprises: {} });
  });

  it('when a web page answers in place of the API for more than a minute', async () => {
    const [waiting] = await running();
    await finished(120);
    await activate();
    const page = { status: 404, contentType: 'text/html', body: '<html></html>' };
    const fault = { on: 'GET /videos/{id}', containing: waiting, times: 'always' } as const;
    await sandbox.fault({ ...fault, type: 'answer', headers: { 'Retry-After': '0' }, ...page });
    expect(await poll()).toEqual([]);
    aMinuteLater();
    expect(await poll()).toEqual([]);
    await sandbox.clearFaults();
    await sandbox.finish(waiting);
    expect(await poll()).toEqual([waiting]);
  });

  it('when a completed video has no link yet: it is waited for', async () => {
    await activate();
    const [quick] = await finished();
    const withoutLink = { type: 'rewrite', fields: { video_url: null } } as const;
    await sandbox.fault({ on: 'GET /videos', ...withoutLink });
    await sandbox.fault({ on: 'GET /videos/{id}', ...withoutLink });
    expect(await poll()).toEqual([]);
    expect((await n8n.poll('w1')).map(({ video }) => video)).toEqual([
      expect.objectContaining({ id: quick, video_url: expect.any(String) }),
    ]);
    expect(await poll()).toEqual([]);
  });

  it('when a completed video gets no link within a minute: it starts without', async () => {
    await activate();
    const [quick] = await finished();
    const fields = { video_url: null };
    await sandbox.fault({ on: '*', type: 'rewrite', fields, times: 'always' });
    expect(await poll()).toEqual([]);
    aMinuteLater();
    expect(await poll()).toEqual([quick]);
    aMinuteLater();
    expect(await poll()).toEqual([]);
  });

  it('when the list leaves out links: each video is asked for', async () => {
    await activate();
    const batch = await finished(3);
    const fields = { video_url: null };
    await sandbox.fault({ on: 'GET /videos', type: 'rewrite', fields, times: 'always' });
    const events = await n8n.poll('w1');
    expect(events.map(({ video }) => [video.id, typeof video.video_url])).toEqual(
      batch.map((id) => [id, 'string']),
    );
  });

  it.each(['another video', 'a web page'])(
    'when %s is answered than what was asked for by its ID: the others start, and it says so',
    async (what) => {
      const [one, other] = await running(2);
      await finished(120);
      await activate();
      await sandbox.fault({ on: 'GET /videos', type: 'hideVideos', ids: [one], times: 'always' });
      await sandbox.finish([one, other]);
      const on = 'GET /videos/{id}';
      await (what === 'another video'
        ? sandbox.fault({ on, type: 'rewrite', fields: { id: 'vid_other' }, containing: one })
        : sandbox.fault({ on, ...webPage, containing: one }));
      expect(await poll()).toEqual([other]);
      expect(JSON.stringify(n8n.log)).toContain('does not look like one from iTeraBiz');
      expect(await poll()).toEqual([one]);
    },
  );

  it('when a web page is answered in place of the list', async () => {
    await activate();
    const batch = await finished(2);
    const before = progress();
    await sandbox.fault({ on: 'GET /videos', ...webPage });
    await expect(n8n.poll('w1')).rejects.toThrow(/does not look like one from iTeraBiz/);
    expect(progress()).toEqual(before);
    expect(await poll()).toEqual(batch);
  });

  it('when IDs are numbers and times have no zone', async () => {
    const answer = async (...ids: number[]) => {
      const video = (id: number) => ({
        id,
        status: id === 7 ? 'queued' : 'completed',
        video_url: 'https://cdn.example/video.mp4',
        created_at: `2026-01-05 10:00:0${id}`,
      });
      const body = JSON.stringify({ data: ids.map(video), has_more: false });
      await sandbox.fault({ on: 'GET /videos', type: 'answer', status: 200, body });
    };
    await answer(2, 1);
    await activate();
    await answer(4, 3, 2, 1);
    expect(await poll()).toEqual([3, 4]);
    await answer(7, 4, 3, 2, 1);
    expect(await poll()).toEqual([]);
    expect(progress()).toMatchObject({ pending: ['7'], recent: ['7', '4', '3', '2', '1'] });
  });

  it('when an account without videos lists null', async () => {
    const body = JSON.stringify({ data: null });
    await sandbox.fault({ on: 'GET /videos', type: 'answer', status: 200, body, times: 'always' });
    await activate();
    expect(await poll()).toEqual([]);
    await sandbox.clearFaults();
    const [first] = await finished();
    expect(await poll()).toContain(first);
  });

  it('when the list ignores the cursor: it goes on with what it sees, and says so', async () => {
    await finished(150);
    await sandbox.fault({ on: 'GET /videos', type: 'ignoreCursor', times: 'always' });
    await activate();
    expect(JSON.stringify(n8n.log)).toContain('only the newest 100 videos could be listed');
    const [quick] = await finished();
    expect(await poll()).toEqual([quick]);
  });

  it('when the list is sorted the other way round: it is read to its end', async () => {
    const [oldest] = await made(1, { created_at: '2025-01-15T10:30:00Z' });
    const [old] = await finished();
    await activate();
    const [quick] = await finished();
    const all = await sandbox.videos();
    const page = (ids: string[], has_more: boolean) =>
      JSON.stringify({ data: all.filter(({ id }) => ids.includes(id)), has_more });
    const bodies = [page([oldest, old], true), page([quick], false)];
    for (const [skip, body] of bodies.entries()) {
      await sandbox.fault({ on: 'GET /videos', skip, type: 'answer', status: 200, body });
    }
    expect(await poll()).toEqual([quick]);
  });

  it('when more videos are hidden than one poll asks for one by one', async () => {
    const waiting = await running(60);
    await activate();
    await sandbox.fault({ on: 'GET /videos', type: 'hideVideos', ids: waiting, times: 'always' });
    await sandbox.resetStats();
    await poll();
    expect((await requests())['GET /videos/{id}']).toBe(50);
    await sandbox.finish(waiting);
    // Those that have ended are no burden for the next poll, however rarely n8n polls.
    expect((await poll()).sort()).toEqual([...waiting].sort());
    expect((await requests())['GET /videos/{id}']).toBe(110);
  });

  it('when one cannot be read: a poll asks for it once, and holds back no other request of the account', async () => {
    const [broken] = await running();
    await activate();
    await sandbox.fault({ on: 'GET /videos', type: 'hideVideos', ids: [broken], times: 'always' });
    await sandbox.fault({ on: 'GET /videos/{id}', type: 'refuse', status: 500, times: 2 });
    await sandbox.resetStats();
    expect([await poll(), await poll()]).toEqual([[], []]);
    expect((await requests())['GET /videos/{id}']).toBe(2);
    await sandbox.finish(broken);
    expect(await poll()).toEqual([broken]);
  });

  it('with a bounded memory', async () => {
    await finished(620);
    await activate();
    await finished(30);
    expect(await poll()).toHaveLength(30);
    const { recent, pending } = progress() as { recent: string[]; pending: string[] };
    expect([recent.length, pending.length]).toEqual([600, 0]);
  });
});

describe('a poll whose time is up', () => {
  /** The answer to this page takes longer than n8n lets the poll take. */
  async function slow(skip: number, on = 'GET /videos'): Promise<void> {
    n8n.pollBudgetMs = 2_000;
    await sandbox.fault({ on, type: 'delay', ms: 20_000, skip });
  }

  it('gives out what it has, and the next one goes on from there', async () => {
    await activate();
    const batch = await finished(250);
    await slow(1);
    expect(await poll()).toEqual(batch.slice(150));
    const later = await finished(2);
    expect(await poll()).toEqual([...later, ...batch.slice(0, 150)]);
    expect(await poll()).toEqual([]);
    expect(progress()).not.toHaveProperty('reading');
  });

  it('brings newer videos while the page where it goes on gets no answer', async () => {
    await activate();
    const batch = await finished(250);
    await slow(1);
    expect(await poll()).toEqual(batch.slice(150));
    const later = await finished(2);
    await slow(1);
    expect(await poll()).toEqual(later);
    expect(await poll()).toEqual(batch.slice(0, 150));
    expect(await poll()).toEqual([]);
  });

  it('goes on with a gap that takes several polls, and looks above it afterwards', async () => {
    const [waiting] = await running();
    await activate();
    const batch = await finished(450);
    await slow(1);
    expect(await poll()).toEqual(batch.slice(350));
    await slow(3);
    expect(await poll()).toEqual(batch.slice(150, 350));
    const later = await finished(3);
    await sandbox.finish(waiting);
    expect((await poll()).sort()).toEqual([waiting, ...batch.slice(0, 150), ...later].sort());
    expect(await poll()).toEqual([]);
  });

  it('does not take for history what is hours older than what it gave out', async () => {
    await withAccount(async (account, own) => {
      const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
      const madeAgo = async (count: number, hours: number) =>
        idsOf(await account.addVideos(count, { created_at: ago(hours) }));
      await madeAgo(1, 24);
      await own.activate('w1');
      const old = await madeAgo(120, 5);
      const young = await madeAgo(100, 1);
      own.pollBudgetMs = 2_000;
      await account.fault({ on: 'GET /videos', type: 'delay', ms: 20_000, skip: 1 });
      expect(await idsOfPoll(own)).toEqual(young);
      expect(await idsOfPoll(own)).toEqual(old);
      expect(await idsOfPoll(own)).toEqual([]);
    });
  });

  it('keeps to it when the API asks for a pause that is too long for it', async () => {
    await activate();
    const batch = await finished(150);
    n8n.pollBudgetMs = 2_000;
    const retryAfter = 4;
    await sandbox.fault({ on: 'GET /videos', type: 'refuse', status: 429, retryAfter, skip: 1 });
    expect(await poll()).toEqual(batch.slice(50));
    n8n.pollBudgetMs = 60_000;
    expect(await poll()).toEqual(batch.slice(0, 50));
  });

  it('says why, where it got no answer at all', async () => {
    await activate();
    const batch = await finished(2);
    const before = progress();
    n8n.pollBudgetMs = 2_000;
    await sandbox.fault({ on: 'GET /videos', type: 'refuse', status: 503, retryAfter: 4 });
    await expect(n8n.poll('w1')).rejects.toThrow(/too busy to list the videos/);
    expect(progress()).toEqual(before);
    n8n.pollBudgetMs = 60_000;
    expect(await poll()).toEqual(batch);
  });

  it('gives out what it saw of videos that it asks for one by one', async () => {
    const waiting = await running(4);
    await activate();
    await sandbox.fault({ on: 'GET /videos', type: 'hideVideos', ids: waiting, times: 'always' });
    await poll();
    await sandbox.finish(waiting);
    await slow(2, 'GET /videos/{id}');
    const first = await poll();
    expect(first).toHaveLength(2);
    const second = await poll();
    expect([...first, ...second].sort()).toEqual([...waiting].sort());
  });

  it('reads the part above again where the API no longer takes the cursor', async () => {
    await activate();
    const batch = await finished(250);
    await slow(1);
    expect(await poll()).toEqual(batch.slice(150));
    await sandbox.fault({ on: 'GET /videos', type: 'refuse', status: 404, skip: 1 });
    expect(await poll()).toEqual(batch.slice(0, 150));
    expect(await poll()).toEqual([]);
  });

  it('waits at the beginning for the newest videos, and says so', async () => {
    const waiting = await running(150);
    n8n.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger' } });
    await slow(1);
    await n8n.activate('w1');
    expect(JSON.stringify(n8n.log)).toContain('only the newest 100 videos could be listed');
    await sandbox.finish(waiting);
    expect((await poll()).sort()).toEqual(waiting.slice(50).sort());
  });
});

describe('a list that begins with the oldest', () => {
  it('starts once for each of the 500 videos that it checks, and says what it does not', async () => {
    await withAccount(async (account, own) => {
      await account.settings({ listsBegin: 'oldest' });
      await account.addVideos(150);
      await own.activate('w1');
      const batch = idsOf(await account.addVideos(300));
      expect((await idsOfPoll(own)).sort()).toEqual([...batch].sort());
      expect(await idsOfPoll(own)).toEqual([]);
      expect(own.log).toEqual([]);

      const more = idsOf(await account.addVideos(250));
      await account.resetStats();
      const came = [await idsOfPoll(own), await idsOfPoll(own)];
      expect((await account.stats()).requests).toEqual({ 'GET /videos': 10 });
      expect(came.map((ids) => [...ids].sort())).toEqual([more.slice(0, 50).sort(), []]);
      expect(own.log).toHaveLength(1);
      expect(JSON.stringify(own.log)).toContain(
        'does not begin with the newest. Only its first 500',
      );
    });
  });
});

describe('a workflow that is published while its account is busy', () => {
  const history = 150;

  let account: Sandbox;
  beforeAll(async () => {
    account = await startSandbox({ hold: true });
  });
  afterAll(() => account.stop());

  /** Publishes, and looks on after that. @returns what n8n was told, and the runs that followed */
  async function publish(own: N8n, afterwards = () => undefined as void) {
    own.pollBudgetMs = 1_000;
    const refused = await own.activate('w1').then(
      () => undefined,
      (error: Error) => error.message,
    );
    afterwards();
    own.pollBudgetMs = 60_000;
    if (refused) await own.activate('w1');
    const [later] = idsOf(await account.addVideos(1, { created_at: new Date().toISOString() }));
    return { refused, came: await idsOfPoll(own), later };
  }

  // The first, since the next ones fill the account.
  it('begins with an account that is empty', async () => {
    await withN8n(account, async (own) => {
      const { came, later } = await publish(own);
      expect(came).toEqual([later]);
    });
  });

  it('does not start for its history, though rows hold all slots for longer than a poll may take', async () => {
    await withN8n(account, async (own) => {
      await account.addVideos(history);
      const { queue } = await accountOf({
        getCredentials: async () => ({ apiKey: account.apiKey, baseUrl: account.url }),
        getNode: () => ({}),
      } as never);
      let end: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (end = resolve));
      const row = { priority: 'row', concurrency: 5 } as const;
      const rows = Array.from({ length: 8 }, () => queue.run(() => held, row));
      const published = await publish(own, end);
      expect(published).toEqual({ came: [published.later], later: published.later });
      await Promise.all(rows);
    });
  });

  it('does not start for its history, though a pause is on: it says so, and begins after that', async () => {
    await withN8n(account, async (own) => {
      await account.addVideos(history);
      const retryAfter = 8;
      await account.fault({ on: 'GET /videos', type: 'refuse', status: 429, retryAfter });
      own.pollBudgetMs = 500;
      await expect(own.poll('w1', 'manual')).rejects.toThrow('too busy');
      await account.resetStats();
      const published = await publish(own);
      const { later } = published;
      expect(published).toEqual({
        refused: 'iTeraBiz is too busy to list the videos',
        came: [later],
        later,
      });
    });
  });
});

describe('what n8n says of the time that a poll may take', () => {
  it.each([undefined, 0, -1, Number.NaN, 0.5, 2 ** 40])('can be %p', async (budget) => {
    await activate();
    const [quick] = await finished();
    // Longer than the shortest of these, however quick the machine is.
    await sandbox.fault({ on: 'GET /videos', type: 'delay', ms: 100, times: 'always' });
    n8n.pollBudgetMs = budget;
    const came = await poll().catch((error: Error) => error.message);
    expect(came).toEqual(budget === 0.5 ? expect.stringContaining('list the videos') : [quick]);
  });
});

test('Events that an expression makes wrong for a while are given out afterwards', async () => {
  const wrongUntil = Date.now() + 60_000;
  const events = `={{ Date.now() < ${wrongUntil} ? 'nonsense' : 'video.completed' }}`;
  await activate({ events });
  const [quick] = await finished();
  await expect(n8n.poll('w1')).rejects.toThrow('is not an event of this trigger');
  aMinuteLater();
  expect(await poll()).toEqual([quick]);
});

describe('how much it asks', () => {
  it('one page while nothing happens', async () => {
    await finished(250);
    await activate();
    await poll();
    expect(await requests()).toEqual({ 'GET /videos': 1 });
  });

  it('one page and one video, where one runs that is far down the list', async () => {
    await running();
    await finished(250);
    await activate();
    await poll();
    expect(await requests()).toEqual({ 'GET /videos': 1, 'GET /videos/{id}': 1 });
  });
});

describe('the editor', () => {
  it('fetches the newest video that fits, and leaves the memory as it is', async () => {
    await activate({ events: ['video.failed'] });
    const before = progress();
    const [older, newer] = await made(2, { status: 'failed' });
    await finished();
    expect((await n8n.poll('w1', 'manual')).map(({ video }) => video.id)).toEqual([newer]);
    expect(progress()).toEqual(before);
    expect(await poll()).toEqual([older, newer]);
  });

  it('shows a sample that says that it is one, where no video fits', async () => {
    const options = { avatarId: { __rl: true, mode: 'id', value: 'avatar_of_no_video' } };
    n8n.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger', parameters: { options } } });
    const [sample] = await n8n.poll('w1', 'manual');
    expect(Object.keys(sample)).toEqual(['event', 'eventId', 'occurredAt', 'video']);
    expect(sample.video.script).toMatch(/^This is a sample/);
  });

  it('says on activation when the key is refused', async () => {
    await sandbox.fault({ on: 'GET /videos', type: 'refuse', status: 401, times: 'always' });
    await expect(activate()).rejects.toThrow(/does not accept the API key/);
  });
});

/** The last, since all other tests would read these videos too. */
test('of more than 10,000 videos it looks at the newest to begin with, and says so', async () => {
  await finished(10_050);
  n8n.save('w1', { Trigger: { type: 'iTeraBizPollingTrigger' } });
  await sandbox.resetStats();
  await n8n.activate('w1');
  expect(await requests()).toEqual({ 'GET /videos': 100 });
  expect(JSON.stringify(n8n.log)).toContain('only the newest 10000 videos could be listed');
  expect(JSON.stringify(n8n.staticDataOf('w1', 'Trigger')).length).toBeLessThan(20_000);
});
